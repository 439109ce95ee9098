/* One step of a recurrent cell, forward and backward, elementwise between the products, with the
 * equations and the order of gates of PyTorch's LSTM and GRU (s is the sigmoid, a = W x + b of the
 * input, u = U h + b of the state):
 *
 *   LSTM  i, f, o = s(a + u), g = tanh(a + u);  c' = f c + i g,  h' = o tanh(c');  order i f g o
 *   GRU   r, z = s(a + u), n = tanh(a + r u);   h' = (1 - z) n + z h;              order r z n */
#include "compute/recurrent_cell.h"

#include <math.h>

/* Elements of the state in one task. */
enum { BLOCK = 2048 };

typedef struct cell_job {
  const lati_cell *cell;
  float *y, *h, *c;
  const float *residual, *from_h;
  float *d_gates, *d_from, *d_step;
  lati_rows d_y;
} cell_job;

/* Places of element `col` of sequence i: among rows of the width, and of the gates. */
typedef struct place {
  int64_t row, state, wide, step;
} place;

static place place_of(const lati_cell *cell, int64_t i, int64_t col) {
  const int64_t row = cell->first != NULL ? cell->first[i] + cell->step : i;
  const int64_t width = cell->width, gates = lati_cell_gates(cell->kind) * width;
  return (place){row * width + col, i * width + col, row * gates + col, i * gates + col};
}

static float sigmoid(float x) {
  return 1.0F / (1.0F + expf(-x));
}

static float lstm_element(const cell_job *job, place at) {
  const lati_cell *cell = job->cell;
  const int64_t w = cell->width;
  float *gate = cell->gates + at.wide;
  const float *u = job->from_h + at.step;
  const float i = sigmoid(gate[0] + u[0]), f = sigmoid(gate[w] + u[w]);
  const float g = tanhf(gate[2 * w] + u[2 * w]), o = sigmoid(gate[3 * w] + u[3 * w]);
  const float before = job->c[at.state], after = f * before + i * g;
  gate[0] = i;
  gate[w] = f;
  gate[2 * w] = g;
  gate[3 * w] = o;
  if (cell->inner != NULL) {
    cell->inner[at.row] = before;
  }
  job->c[at.state] = after;
  return o * tanhf(after);
}

static float gru_element(const cell_job *job, place at) {
  const lati_cell *cell = job->cell;
  const int64_t w = cell->width;
  float *gate = cell->gates + at.wide;
  const float *u = job->from_h + at.step;
  const float r = sigmoid(gate[0] + u[0]), z = sigmoid(gate[w] + u[w]);
  const float n = tanhf(gate[2 * w] + r * u[2 * w]);
  gate[0] = r;
  gate[w] = z;
  gate[2 * w] = n;
  if (cell->inner != NULL) {
    cell->inner[at.row] = u[2 * w];
  }
  return (1.0F - z) * n + z * job->h[at.state];
}

static void forward_element(const cell_job *job, place at) {
  const lati_cell *cell = job->cell;
  const float h = cell->kind == LATI_LSTM ? lstm_element(job, at) : gru_element(job, at);
  if (cell->previous != NULL) {
    cell->previous[at.row] = job->h[at.state];
  }
  job->h[at.state] = h;
  job->y[at.row] = job->residual != NULL ? h + job->residual[at.row] : h;
}

/* Writes a gate's gradient to the rows of all steps and to those of this step. */
static void put(const cell_job *job, place at, int64_t gate, float of_input, float of_state) {
  const int64_t offset = gate * job->cell->width;
  job->d_gates[at.wide + offset] = of_input;
  job->d_from[at.wide + offset] = of_state;
  job->d_step[at.step + offset] = of_state;
}

static void lstm_backward(const cell_job *job, place at, float d_h) {
  const lati_cell *cell = job->cell;
  const int64_t w = cell->width;
  const float *gate = cell->gates + at.wide;
  const float i = gate[0], f = gate[w], g = gate[2 * w], o = gate[3 * w];
  const float before = cell->inner[at.row], t = tanhf(f * before + i * g);
  const float d_c = job->c[at.state] + d_h * o * (1.0F - t * t);
  const float d_i = d_c * g * i * (1.0F - i), d_f = d_c * before * f * (1.0F - f);
  const float d_g = d_c * i * (1.0F - g * g), d_o = d_h * t * o * (1.0F - o);
  put(job, at, 0, d_i, d_i);
  put(job, at, 1, d_f, d_f);
  put(job, at, 2, d_g, d_g);
  put(job, at, 3, d_o, d_o);
  job->c[at.state] = d_c * f;
  job->h[at.state] = 0.0F;
}

static void gru_backward(const cell_job *job, place at, float d_h) {
  const lati_cell *cell = job->cell;
  const int64_t w = cell->width;
  const float *gate = cell->gates + at.wide;
  const float r = gate[0], z = gate[w], n = gate[2 * w], u = cell->inner[at.row];
  const float d_n = d_h * (1.0F - z) * (1.0F - n * n);
  const float d_z = d_h * (cell->previous[at.row] - n) * z * (1.0F - z);
  const float d_r = d_n * u * r * (1.0F - r);
  put(job, at, 0, d_r, d_r);
  put(job, at, 1, d_z, d_z);
  put(job, at, 2, d_n, d_n * r);
  job->h[at.state] = d_h * z;
}

static void backward_element(const cell_job *job, place at, int64_t row, int64_t col) {
  float d_y = 0;
  lati_rows_read(&d_y, job->d_y, row, col, 1);
  const float d_h = d_y + job->h[at.state];
  if (job->cell->kind == LATI_LSTM) {
    lstm_backward(job, at, d_h);
  } else {
    gru_backward(job, at, d_h);
  }
}

static void run_block(void *argument, int64_t task, int32_t worker) {
  const cell_job *job = argument;
  const int64_t width = job->cell->width, all = job->cell->count * width;
  const int64_t end = (task + 1) * BLOCK < all ? (task + 1) * BLOCK : all;
  (void)worker;
  for (int64_t e = task * BLOCK; e < end; ++e) {
    const place at = place_of(job->cell, e / width, e % width);
    if (job->d_gates == NULL) {
      forward_element(job, at);
    } else {
      backward_element(job, at, at.row / width, e % width);
    }
  }
}

static void run(const lati_device *device, cell_job *job) {
  const int64_t all = job->cell->count * job->cell->width;
  lati_pool_run(device->pool, run_block, job, (all + BLOCK - 1) / BLOCK);
}

void lati_cell_forward(const lati_device *device, const lati_cell *cell, float *y,
                       const float *residual, float *h, float *c, const float *from_h) {
  cell_job job = {.cell = cell, .y = y, .residual = residual, .h = h, .c = c, .from_h = from_h};
  run(device, &job);
}

void lati_cell_backward(const lati_device *device, const lati_cell *cell, float *d_gates,
                        float *d_from, float *d_step, float *d_h, float *d_c, lati_rows d_y) {
  cell_job job = {.cell = cell,
                  .h = d_h,
                  .c = d_c,
                  .d_gates = d_gates,
                  .d_from = d_from,
                  .d_step = d_step,
                  .d_y = d_y};
  run(device, &job);
}
