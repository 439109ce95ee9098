/* Canonical forms: what they look like, that equivalent inputs share one, that answers come back
 * exactly; what samplers write; and what is refused. */
#include "task/task_impl.h"
#include "task_fixture.h"

enum { MOST = 64, TRANSFORM = 4096 };

static lat_context *ctx;

typedef struct form {
  double data[MOST];
  lat_matrix matrix;
  _Alignas(16) char transform[TRANSFORM];
} form;

static lat_task *canonical_task(const char *name, int32_t rows, int32_t cols) {
  lat_task *task = NULL;
  lat_task_options options = task_options(name, rows, cols);
  options.canonical = 1;
  OK(lat_task_create(&task, ctx, &options));
  ck_assert_uint_le(lat_task_transform_size(task), TRANSFORM);
  return task;
}

static void take_form(form *f, const lat_task *task, const lat_matrix *input) {
  f->matrix.data = f->data;
  OK(joined_canonicalize(&f->matrix, 1, f->transform, task, input));
  ck_assert_int_eq(f->matrix.order, LAT_ROW_MAJOR);
  ck_assert_int_eq(f->matrix.ld, f->matrix.cols);
}

/* A small generator of the test's own. */
static uint32_t seed = 1;

static double number(void) {
  seed = seed * 1664525u + 1013904223u;
  return (double)(seed >> 8) / (1 << 23) - 1;
}

static int32_t below(int32_t end) {
  return (int32_t)((number() + 1) / 2 * end);
}

static void shuffle(int32_t *order, double *signs, int32_t count) {
  for (int32_t i = 0; i < count; ++i) {
    const int32_t at = below(i + 1);
    order[i] = order[at];
    order[at] = i;
    signs[i] = number() < 0 ? -1 : 1;
  }
}

static void fill(lat_matrix *a, int symmetric) {
  for (int32_t i = 0; i < a->rows; ++i) {
    for (int32_t j = 0; j < a->cols; ++j) {
      a->data[i * a->ld + j] = symmetric && j < i ? a->data[j * a->ld + i] : 10 * number();
    }
  }
}

/* b = scale D1 P a Q D2 with random P, Q, D1, D2; the same on both sides where symmetric. */
static void move(lat_matrix *b, const lat_matrix *a, int symmetric, int signs, double scale) {
  int32_t rows[16], cols[16];
  double row_factors[16], col_factors[16];
  shuffle(rows, row_factors, a->rows);
  shuffle(cols, col_factors, a->cols);
  for (int32_t i = 0; i < a->rows; ++i) {
    for (int32_t j = 0; j < a->cols; ++j) {
      const double sign = row_factors[i] * (symmetric ? row_factors[j] : col_factors[j]);
      b->data[i * b->ld + j] =
          scale * (signs ? sign : 1) * at(a, rows[i], symmetric ? rows[j] : cols[j]);
    }
  }
}

static void assert_same(const lat_matrix *a, const lat_matrix *b) {
  ck_assert_int_eq(a->rows, b->rows);
  ck_assert_int_eq(a->cols, b->cols);
  for (int32_t i = 0; i < a->rows; ++i) {
    for (int32_t j = 0; j < a->cols; ++j) {
      ck_assert_double_eq(at(a, i, j), at(b, i, j));
    }
  }
}

/* The answer to the canonical form, moved back, is an answer to the input. */
static void assert_restores(const lat_task *task, const lat_matrix *a, const form *f) {
  double answer_data[MOST], back_data[MOST];
  int32_t rows = 0, cols = 0, back_rows = 0, back_cols = 0;
  lat_score score;
  OK(joined_output_shape(&rows, &cols, task, f->matrix.rows, f->matrix.cols));
  OK(joined_output_shape(&back_rows, &back_cols, task, a->rows, a->cols));
  ck_assert_int_eq(rows, back_rows);
  ck_assert_int_eq(cols, back_cols);
  lat_matrix answer = by_rows(answer_data, rows, cols);
  lat_matrix back = {back_data, rows, cols, rows, LAT_COLUMN_MAJOR};
  OK(joined_answer(&answer, task, &f->matrix));
  OK(joined_restore(&back, task, f->transform, &answer, &f->matrix, a));
  lat_score_init(&score);
  OK(joined_score(&score, task, a, NULL, &back, NULL));
  ck_assert_double_le(score.residual, 1e-12);
  ck_assert_int_eq(score.ordered, 1);
  ck_assert(isnan(score.orthogonality) || score.orthogonality < 1e-13);
}

static void assert_symmetric_form(const lat_matrix *c) {
  double trace = 0;
  for (int32_t j = 0; j < c->rows; ++j) {
    trace += at(c, j, j);
    ck_assert(j == 0 || at(c, j - 1, j - 1) >= at(c, j, j));
    double first = 0;
    for (int32_t i = 0; i < j && first == 0; ++i) {
      first = at(c, i, j);
    }
    ck_assert_double_ge(first, 0);
  }
  ck_assert_double_ge(trace, -1e-12);
}

static void assert_general_form(const lat_matrix *c) {
  for (int32_t i = 0; i < c->rows; ++i) {
    for (int32_t j = 0; j < c->cols; ++j) {
      ck_assert_double_le(fabs(at(c, i, j)), at(c, 0, 0));
    }
    ck_assert_double_ge(at(c, i, 0), 0);
    ck_assert(i < 2 || at(c, i - 1, 0) >= at(c, i, 0));
  }
  for (int32_t j = 0; j < c->cols; ++j) {
    ck_assert_double_ge(at(c, 0, j), 0);
    ck_assert(j < 2 || at(c, 0, j - 1) >= at(c, 0, j));
  }
}

static void check_group(const char *name, int32_t rows, int32_t cols, int symmetric) {
  double a_data[MOST], b_data[MOST];
  lat_task *task = canonical_task(name, rows, cols);
  for (int round = 0; round < 40; ++round) {
    form f, g;
    lat_matrix a = by_rows(a_data, rows, cols), b = by_rows(b_data, rows, cols);
    fill(&a, symmetric);
    move(&b, &a, symmetric, 1, symmetric && number() < 0 ? -1 : 1);
    take_form(&f, task, &a);
    take_form(&g, task, &b);
    assert_same(&f.matrix, &g.matrix);
    (symmetric ? assert_symmetric_form : assert_general_form)(&f.matrix);
    assert_restores(task, &a, &f);
    assert_restores(task, &b, &g);
  }
  lat_task_free(task);
}

/* The first entry of what elimination leaves is its largest, up to rounding. */
static void assert_pivoted_form(const lat_matrix *c) {
  double left[MOST];
  const int32_t n = c->rows;
  memcpy(left, c->data, (size_t)(n * n) * sizeof *left);
  for (int32_t k = 0; k < n; ++k) {
    ck_assert_double_ge(at(c, k, 0), 0);
    ck_assert_double_ge(at(c, 0, k), 0);
    for (int32_t i = k; i < n; ++i) {
      for (int32_t j = k; j < n; ++j) {
        ck_assert_double_le(fabs(left[i * n + j]), fabs(left[k * n + k]) * (1 + 1e-12));
      }
    }
    for (int32_t i = k + 1; i < n; ++i) {
      for (int32_t j = k + 1; j < n; ++j) {
        left[i * n + j] -= left[i * n + k] * left[k * n + j] / left[k * n + k];
      }
    }
  }
}

START_TEST(inverses_with_a_scratchpad_are_pivoted) {
  ctx = new_context(1);
  for (int32_t n = 2; n <= 7; ++n) {
    double a_data[MOST], b_data[MOST];
    lat_task *task = NULL;
    lat_task_options options = task_options("inverse", n, n);
    options.canonical = options.scratchpad = 1;
    OK(lat_task_create(&task, ctx, &options));
    for (int round = 0; round < 40; ++round) {
      form f, g;
      lat_matrix a = by_rows(a_data, n, n), b = by_rows(b_data, n, n);
      fill(&a, 0);
      move(&b, &a, 0, 1, 1);
      take_form(&f, task, &a);
      take_form(&g, task, &b);
      assert_same(&f.matrix, &g.matrix);
      assert_pivoted_form(&f.matrix);
      assert_restores(task, &a, &f);
    }
    lat_task_free(task);
  }
  lat_context_free(ctx);
}
END_TEST

START_TEST(equivalent_inputs_share_a_form) {
  ctx = new_context(1);
  for (int32_t n = 1; n <= 7; ++n) {
    check_group("eigenvalues", n, n, 1);
    check_group("eigenvectors", n, n, 1);
    check_group("syminverse", n, n, 1);
    check_group("inverse", n, n, 0);
    check_group("singular-values", n, n, 0);
  }
  for (int32_t m = 1; m <= 4; ++m) {
    for (int32_t n = 1; n <= 4; ++n) {
      check_group("singular-values", m, n, 0);
      check_group("svd", m, n, 0);
    }
  }
  lat_context_free(ctx);
}
END_TEST

START_TEST(singular_values_forget_transposition) {
  ctx = new_context(1);
  for (int32_t m = 1; m <= 4; ++m) {
    for (int32_t n = 1; n <= 4; ++n) {
      double a_data[MOST], b_data[MOST];
      form f, g;
      lat_task *task = canonical_task("svd", m, n);
      lat_matrix a = by_rows(a_data, m, n), b = by_rows(b_data, n, m);
      fill(&a, 0);
      for (int32_t i = 0; i < m * n; ++i) {
        b.data[i] = at(&a, i % m, i / m);
      }
      take_form(&f, task, &a);
      take_form(&g, task, &b);
      assert_same(&f.matrix, &g.matrix);
      ck_assert_int_ge(f.matrix.rows, f.matrix.cols);
      assert_restores(task, &b, &g);
      lat_task_free(task);
    }
  }
  lat_context_free(ctx);
}
END_TEST

/* Rows permuted together, and signs flipped together: the product stays as it is. */
START_TEST(products_forget_the_order_of_common_rows) {
  static const char *const names[] = {"product", "matvec"};
  ctx = new_context(1);
  for (int t = 0; t < 2; ++t) {
    lat_task *task = canonical_task(names[t], 5, 3);
    double a_data[MOST], b_data[MOST];
    const int32_t cols = t == 0 ? 6 : 4;
    lat_matrix a = by_rows(a_data, 5, cols), b = by_rows(b_data, 5, cols);
    int32_t rows[5];
    double signs[5];
    form f, g;
    fill(&a, 0);
    shuffle(rows, signs, 5);
    for (int32_t i = 0; i < 5 * cols; ++i) {
      b.data[i] = signs[i / cols] * at(&a, rows[i / cols], i % cols);
    }
    take_form(&f, task, &a);
    take_form(&g, task, &b);
    assert_same(&f.matrix, &g.matrix);
    for (int32_t i = 0; i < 5; ++i) {
      ck_assert_double_ge(at(&f.matrix, i, 0), 0);
      ck_assert(i == 0 || at(&f.matrix, i - 1, 0) >= at(&f.matrix, i, 0));
    }
    assert_restores(task, &b, &g);
    lat_task_free(task);
  }
  lat_context_free(ctx);
}
END_TEST

START_TEST(sums_move_both_operands_together) {
  ctx = new_context(1);
  lat_task *task = canonical_task("add", 3, 4);
  for (int round = 0; round < 20; ++round) {
    double a_data[MOST], b_data[MOST];
    lat_matrix a = by_rows(a_data, 3, 8), b = by_rows(b_data, 3, 8);
    int32_t rows[3], cols[4];
    double unused[4];
    form f, g;
    fill(&a, 0);
    shuffle(rows, unused, 3);
    shuffle(cols, unused, 4);
    for (int32_t i = 0; i < 24; ++i) {
      const int32_t col = i % 8;
      b.data[i] = at(&a, rows[i / 8], col / 4 * 4 + cols[col % 4]);
    }
    take_form(&f, task, &a);
    take_form(&g, task, &b);
    assert_same(&f.matrix, &g.matrix);
    assert_restores(task, &a, &f);
    assert_restores(task, &b, &g);
    lat_matrix low = by_rows(a_data, 1, 4), restored = by_rows(b_data, 1, 4); /* of 3 rows */
    FAILS(lat_task_restore(&restored, 1, task, f.transform, &low), LAT_ERROR_SHAPE, "3 x 4");
  }
  lat_task_free(task);
  lat_context_free(ctx);
}
END_TEST

/* With ties the form may differ, and the answer is right all the same. */
START_TEST(ties_and_zeros_restore) {
  static const struct {
    const char *name;
    int32_t symmetric, rows, cols;
  } cases[] = {{"eigenvalues", 1, 4, 4}, {"eigenvectors", 1, 4, 4}, {"singular-values", 0, 4, 3},
               {"svd", 0, 4, 3},         {"svd", 0, 3, 4},          {"product", 0, 4, 4},
               {"add", 0, 3, 4}};
  ctx = new_context(1);
  for (size_t c = 0; c < sizeof cases / sizeof *cases; ++c) {
    lat_task *task = NULL;
    lat_task_options options = task_options(cases[c].name, 4, 0);
    options.canonical = 1;
    OK(lat_task_create(&task, ctx, &options));
    for (int32_t kind = 0; kind < 4; ++kind) {
      double data[MOST];
      form f;
      lat_matrix a = by_rows(data, cases[c].rows, cases[c].cols);
      for (int32_t i = 0; i < a.rows * a.cols; ++i) {
        const int32_t row = i / a.cols, col = i % a.cols;
        const double values[] = {1, row == col, row == 0 && col == 0, (row + col) % 2 ? -2 : 2};
        data[i] = values[kind];
      }
      take_form(&f, task, &a);
      assert_restores(task, &a, &f);
    }
    lat_task_free(task);
  }
  lat_context_free(ctx);
}
END_TEST

static lat_batch *draw(const char *name, const lat_task_options *options, lat_task **task) {
  lat_tokenizer *tokenizer = new_tokenizer(ctx, "fp15", "p1000");
  lat_sampler *sampler = NULL;
  lat_batch *batch = NULL;
  lat_task_options own = *options;
  own.name = name;
  OK(lat_task_create(task, ctx, &own));
  OK(lat_sampler_create(&sampler, *task, tokenizer, NULL));
  OK(lat_batch_create(&batch, tokenizer));
  OK(lat_sampler_next(batch, sampler, 50));
  lat_sampler_free(sampler);
  lat_tokenizer_free(tokenizer);
  return batch;
}

/* Canonical examples are the raw ones, moved; their answers fit, with the vectors' signs. */
static void check_samples(const char *name, lat_task_options options, double slack) {
  lat_task *raw_task = NULL, *task = NULL;
  lat_batch *raw = draw(name, &options, &raw_task);
  options.canonical = 1;
  lat_batch *batch = draw(name, &options, &task);
  for (int64_t i = 0; i < 50; ++i) {
    lat_matrix input, output, before;
    lat_score score;
    form f;
    OK(lat_batch_matrix(&before, raw, LAT_INPUT, i));
    OK(lat_batch_matrix(&input, batch, LAT_INPUT, i));
    OK(lat_batch_matrix(&output, batch, LAT_OUTPUT, i));
    take_form(&f, task, &before);
    assert_same(&f.matrix, &input);
    lat_score_init(&score);
    OK(joined_score(&score, task, &input, NULL, &output, NULL));
    ck_assert_double_le(score.residual, slack);
    for (int32_t k = 0; strcmp(name, "eigenvectors") == 0 && k < output.cols; ++k) {
      int32_t row = 1;
      while (fabs(at(&output, row, k)) < 0.5 / sqrt(output.cols)) {
        ++row;
      }
      ck_assert_double_gt(at(&output, row, k), 0);
    }
  }
  lat_batch_free(raw);
  lat_batch_free(batch);
  lat_task_free(raw_task);
  lat_task_free(task);
}

START_TEST(samplers_write_canonical_examples) {
  static const char *const names[] = {"add",         "matvec",          "product",
                                      "eigenvalues", "eigenvectors",    "syminverse",
                                      "inverse",     "singular-values", "svd"};
  ctx = new_context(2);
  for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
    lat_task_options options = task_options(names[i], 4, 0);
    options.min_size = 1;
    options.max_size = 4;
    check_samples(names[i], options, 1e-9);
    options.rectangular = strcmp(names[i], "svd") == 0;
    options.noise = 0.001;
    options.symmetric_noise = strncmp(names[i], "eigen", 5) == 0;
    if (strstr(names[i], "inverse") == NULL) {
      check_samples(names[i], options, 10);
    }
  }
  lat_context_free(ctx);
}
END_TEST

/* A wide matrix is transposed: its factors are those of the tall one, U (3 x 2), V (2 x 2). */
START_TEST(results_of_transposed_inputs_have_their_shapes) {
  ctx = new_context(1);
  for (int noisy = 0; noisy < 2; ++noisy) {
    lat_task_options options = task_options("svd", 2, 0);
    lat_task *task = NULL;
    options.cols = 3;
    options.canonical = 1;
    options.noise = noisy ? 0.001 : 0;
    lat_batch *batch = draw("svd", &options, &task);
    for (int64_t i = 0; i < 50; ++i) {
      lat_matrix a, s, u, v;
      OK(lat_batch_operand(&a, batch, LAT_INPUT, i, 0));
      OK(lat_batch_operand(&s, batch, LAT_OUTPUT, i, 0));
      OK(lat_batch_operand(&u, batch, LAT_OUTPUT, i, 1));
      OK(lat_batch_operand(&v, batch, LAT_OUTPUT, i, 2));
      ck_assert(a.rows == 3 && a.cols == 2 && u.rows == 3 && u.cols == 2 && v.rows == 2);
      for (int32_t row = 0; row < 3; ++row) {
        for (int32_t col = 0; col < 2; ++col) {
          const double sum = at(&u, row, 0) * at(&s, 0, 0) * at(&v, col, 0) +
                             at(&u, row, 1) * at(&s, 0, 1) * at(&v, col, 1);
          ck_assert_double_eq_tol(sum, at(&a, row, col), noisy ? 0.1 : 1e-12);
        }
      }
    }
    lat_batch_free(batch);
    lat_task_free(task);
  }
  lat_context_free(ctx);
}
END_TEST

START_TEST(symmetric_noise_stays_symmetric) {
  ctx = new_context(1);
  lat_task *task = NULL;
  lat_task_options options = task_options("eigenvalues", 4, 0);
  options.noise = 0.1;
  options.symmetric_noise = 1;
  lat_batch *batch = draw("eigenvalues", &options, &task);
  for (int64_t i = 0; i < 50; ++i) {
    lat_matrix a;
    OK(lat_batch_matrix(&a, batch, LAT_INPUT, i));
    for (int32_t j = 0; j < 16; ++j) {
      ck_assert_double_eq(at(&a, j / 4, j % 4), at(&a, j % 4, j / 4));
    }
  }
  lat_batch_free(batch);
  lat_task_free(task);
  lat_context_free(ctx);
}
END_TEST

START_TEST(refuses_what_has_no_form) {
  ctx = new_context(1);
  lat_task *task = NULL;
  lat_task_options options = task_options("transpose", 3, 0);
  double data[MOST] = {1, 2, 3, 4, 5, 6, 7, 8, NAN};
  lat_matrix a = by_rows(data, 3, 3);
  form f;
  options.canonical = 1;
  FAILS(lat_task_create(&task, ctx, &options), LAT_ERROR_ARGUMENT, "has no canonical form");
  options = task_options("inverse", 3, 0);
  options.symmetric_noise = 1;
  FAILS(lat_task_create(&task, ctx, &options), LAT_ERROR_ARGUMENT, "no symmetric_noise");
  f.matrix.data = f.data;
  task = new_task(ctx, "inverse", 3, 0);
  ck_assert_uint_eq(lat_task_transform_size(task), 0);
  FAILS(lat_task_canonicalize(&f.matrix, 1, f.transform, task, &a), LAT_ERROR_STATE,
        "does not move");
  lat_task_free(task);
  task = canonical_task("inverse", 3, 0);
  FAILS(lat_task_canonicalize(&f.matrix, 1, f.transform, task, &a), LAT_ERROR_NUMERIC, "row 3");
  data[8] = 9;
  FAILS(lat_task_canonicalize(&f.matrix, 2, f.transform, task, &a), LAT_ERROR_ARGUMENT, "count 2");
  FAILS(lat_task_canonicalize(NULL, 1, f.transform, task, &a), LAT_ERROR_ARGUMENT, "NULL");
  FAILS(lat_task_canonicalize(&f.matrix, 1, NULL, task, &a), LAT_ERROR_ARGUMENT, "NULL");
  f.matrix.data = NULL;
  FAILS(lat_task_canonicalize(&f.matrix, 1, f.transform, task, &a), LAT_ERROR_ARGUMENT, "NULL");
  a.cols = 2;
  FAILS(lat_task_canonicalize(&f.matrix, 1, f.transform, task, &a), LAT_ERROR_SHAPE, "takes");
  a.cols = 3;
  take_form(&f, task, &a);
  lat_matrix small = by_rows(data, 2, 2);
  FAILS(lat_task_restore(&small, 1, task, f.transform, &a), LAT_ERROR_SHAPE, "result");
  FAILS(lat_task_restore(&a, 1, task, f.transform, NULL), LAT_ERROR_ARGUMENT, "NULL");
  lat_task *mixture = NULL;
  OK(lat_task_create_mixture(&mixture, ctx, &task, NULL, 1));
  ck_assert_uint_gt(lat_task_transform_size(mixture), 0);
  FAILS(lat_task_canonicalize(&f.matrix, 1, f.transform, mixture, &a), LAT_ERROR_STATE, "mixture");
  lat_task_free(mixture);
  lat_task_free(task);
  ck_assert_uint_eq(lat_task_transform_size(NULL), 0);
  lat_context_free(ctx);
}
END_TEST

START_TEST(triangles_need_symmetric_inputs) {
  ctx = new_context(1);
  lat_tokenizer *tokenizer = NULL;
  lat_tokenizer_options spelling;
  lat_sampler *sampler = NULL;
  lat_task *task = new_task(ctx, "inverse", 3, 0);
  lat_tokenizer_options_init(&spelling);
  spelling.input_triangle = 1;
  OK(lat_tokenizer_create(&tokenizer, ctx, &spelling));
  FAILS(lat_sampler_create(&sampler, task, tokenizer, NULL), LAT_ERROR_ARGUMENT, "'inverse'");
  lat_task_free(task);
  lat_task_options options = task_options("eigenvalues", 3, 0);
  options.noise = 0.1;
  OK(lat_task_create(&task, ctx, &options));
  FAILS(lat_sampler_create(&sampler, task, tokenizer, NULL), LAT_ERROR_ARGUMENT,
        "set symmetric_noise");
  lat_task_free(task);
  options.symmetric_noise = 1;
  OK(lat_task_create(&task, ctx, &options));
  OK(lat_sampler_create(&sampler, task, tokenizer, NULL));
  lat_sampler_free(sampler);
  lat_task_free(task);
  lat_tokenizer_free(tokenizer);
  lat_context_free(ctx);
}
END_TEST

START_TEST(json_has_the_options_only_where_they_are_set) {
  ctx = new_context(1);
  json_t *object = NULL;
  lat_task *task = new_task(ctx, "svd", 3, 0), *back = NULL;
  OK(lati_task_to_json(&object, task));
  ck_assert_ptr_null(json_object_get(object, "canonical"));
  ck_assert_ptr_null(json_object_get(object, "symmetric_noise"));
  json_decref(object);
  lat_task_free(task);
  task = canonical_task("svd", 3, 0);
  OK(lati_task_to_json(&object, task));
  ck_assert_int_eq(json_integer_value(json_object_get(object, "canonical")), 1);
  OK(lati_task_from_json(&back, ctx, object, NULL));
  ck_assert_uint_gt(lat_task_transform_size(back), 0);
  json_decref(object);
  lat_task_free(back);
  lat_task_free(task);
  lat_context_free(ctx);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {equivalent_inputs_share_a_form,
                                inverses_with_a_scratchpad_are_pivoted,
                                singular_values_forget_transposition,
                                products_forget_the_order_of_common_rows,
                                sums_move_both_operands_together,
                                ties_and_zeros_restore,
                                samplers_write_canonical_examples,
                                results_of_transposed_inputs_have_their_shapes,
                                symmetric_noise_stays_symmetric,
                                refuses_what_has_no_form,
                                triangles_need_symmetric_inputs,
                                json_has_the_options_only_where_they_are_set,
                                NULL};
  return run_suite("task_canonical", tests);
}
