/* Products with a transformed matrix, f(A) B, where the entries of A are sums of updates that come
 * in any order, as in "Sketching Transformed Matrices" (2020). A row keeps the s of its entries
 * whose hashes are smallest, with their whole counts, and the product is estimated from these.
 *
 *   sketch [TRIALS]   measures the variance over 10000 rows for each s unless said
 */
#include "example.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An entry of the matrix: updates with the column whose hash this is, summed. */
typedef struct entry {
  uint64_t hash;
  int column;
  double sum;
} entry;

typedef struct sketch {
  int rows, size; /* entries that a row keeps at most */
  uint64_t seed;
  int *counts;    /* kept, in each row */
  entry *entries; /* (rows, size), hashes ascending */
} sketch;

static void sketch_free(sketch *s) {
  free(s->counts);
  free(s->entries);
}

static int sketch_create(sketch *s, int rows, int size, uint64_t seed) {
  *s = (sketch){rows, size, seed, calloc((size_t)rows, sizeof(int)),
                calloc((size_t)rows * (size_t)size, sizeof(entry))};
  return s->counts != NULL && s->entries != NULL;
}

/* A random number of place (i, j): SplitMix64's finaliser. */
static uint64_t hash_of(uint64_t seed, int i, int j) {
  uint64_t x = (seed << 48) ^ ((uint64_t)i << 24) ^ (uint64_t)j;
  for (int round = 0; round < 2; ++round) {
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    x ^= x >> 31;
  }
  return x;
}

/* a_ij += delta, which is not negative: an entry that was dropped has a hash above all that stay,
 * now and later, so that no count is ever missing a part. */
static void sketch_add(sketch *s, int i, int j, double delta) {
  entry *row = s->entries + (size_t)i * (size_t)s->size;
  const uint64_t hash = hash_of(s->seed, i, j);
  int low = 0, high = s->counts[i];
  while (low < high) {
    const int middle = (low + high) / 2;
    if (row[middle].hash < hash) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low < s->counts[i] && row[low].hash == hash) {
    row[low].sum += delta;
  } else if (low < s->size) {
    const int full = s->counts[i] == s->size, moved = s->counts[i] - full - low;
    memmove(row + low + 1, row + low, (size_t)moved * sizeof *row);
    row[low] = (entry){hash, j, delta};
    s->counts[i] += !full;
  }
}

/* y (rows, k) = an unbiased estimate of f(A) b, where b has k columns; exact for rows of fewer than
 * `size` entries. f(0) must be 0. */
static void sketch_product(double *y, const sketch *s, double (*f)(double), const double *b,
                           int k) {
  for (int i = 0; i < s->rows; ++i) {
    const entry *row = s->entries + (size_t)i * (size_t)s->size;
    const int full = s->counts[i] == s->size, count = s->counts[i] - full;
    const double tau = full ? ldexp((double)row[count].hash, -64) : 1;
    for (int c = 0; c < k; ++c) {
      double sum = 0;
      for (int e = 0; e < count; ++e) {
        sum += f(row[e].sum) * b[row[e].column * k + c];
      }
      y[i * k + c] = sum / tau;
    }
  }
}

/* Every row has the same M entries, each in UPDATES parts, and hashes of its own. */
enum { M = 1000, UPDATES = 2, ROWS = 500 };

static double part(int j, int update) {
  return (double)((j * 37 + update * 11) % 23);
}

/* Whether memory was there; *within counts variances within 5 % of the predicted. */
static int measure(int *within, int size, int trials) {
  static double b[M], y[ROWS];
  double exact = 0, squares = 0, sum = 0, deviations = 0;
  const int batches = (trials + ROWS - 1) / ROWS;
  for (int j = 0; j < M; ++j) {
    b[j] = 1 + j % 7;
    const double term = log1p(part(j, 0) + part(j, 1)) * b[j];
    exact += term;
    squares += term * term;
  }
  for (int batch = 0; batch < batches; ++batch) {
    sketch s;
    if (!sketch_create(&s, ROWS, size, (uint64_t)(size + batch))) {
      sketch_free(&s);
      return 0;
    }
    for (int u = 0; u < UPDATES * M * ROWS; ++u) { /* rows, columns and parts interleaved */
      const int i = u % ROWS, j = u / ROWS * 7 % M, update = u / ROWS / M;
      sketch_add(&s, i, j, part(j, update));
    }
    sketch_product(y, &s, log1p, b, 1);
    for (int i = 0; i < ROWS; ++i) {
      sum += y[i] - exact;
      deviations += (y[i] - exact) * (y[i] - exact);
    }
    sketch_free(&s);
  }
  const double count = (double)batches * ROWS, variance = deviations / count;
  const double predicted = (M - size + 1.0) / (size - 2.0) * squares;
  printf("s = %3d: mean error %+.2f standard errors, relative deviation %.4f, variance measured "
         "over predicted %.3f\n",
         size, sum / count / sqrt(predicted / count), sqrt(variance) / exact, variance / predicted);
  *within += fabs(variance / predicted - 1) <= 0.05;
  return 1;
}

int main(int argc, char **argv) {
  const int trials = argc > 1 ? atoi(argv[1]) : 10000;
  if (trials < 1) {
    fprintf(stderr, "usage: sketch [TRIALS]\n");
    return EXIT_FAILURE;
  }
  int within = 0;
  for (int size = 32; size <= 512; size *= 4) {
    if (!measure(&within, size, trials)) {
      return show_outcome(LAT_ERROR_MEMORY);
    }
  }
  printf("variances within 5 %% of the predicted: %d of 3\n", within);
  return EXIT_SUCCESS;
}
