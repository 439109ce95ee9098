/* From numbers to numbers: a matrix is scaled into the model's range, moved to its canonical form
 * where the task has one, written as tokens, decoded, its answer moved and scaled back, and
 * improved where asked. */
#include "base/floating.h"
#include "infer/improve.h"
#include "infer/prediction.h"
#include "infer/scaling.h"
#include "infer/session_impl.h"
#include "infer/solver_check.h"
#include "infer/verdict.h"
#include "linalg/matrix.h"
#include "task/registry.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

enum { LARGEST_MATRIX = LAT_MAX_DIMENSION * LAT_MAX_DIMENSION, BATCH = 128 };

struct lat_solver {
  lat_model *model;
  const lat_task *task; /* what to solve; NULL while a mixture's component is not selected */
  lat_session *session;
  lat_batch *batch;
  double *values; /* a matrix as the model sees it, and an answer as it comes back */
  double *caller; /* the answer in the caller's units */
  double *moved;  /* the matrix, or the answer, in the canonical frame */
  double *work;   /* of refinement */
  size_t transform_size;
  char *transforms; /* BATCH of them; NULL where the model's tasks are not canonical */
  double factors[BATCH];
};

/* A mixture has no letter of its own, and puts its components' in front of both sequences. */
static int is_mixture(const lat_task *task) {
  return lat_task_letter(task) == 0;
}

/* Bytes from one transform to the next, so that each is aligned for anything. */
static size_t aligned_transform_size(const lat_task *task) {
  const size_t unit = sizeof(max_align_t);
  return (lat_task_transform_size(task) + unit - 1) / unit * unit;
}

lat_status lat_solver_create(lat_solver **out, lat_model *model,
                             const lat_decode_options *options) {
  if (out == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "out is NULL");
  }
  *out = NULL;
  if (model == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "model is NULL");
  }
  lat_status status = LAT_OK;
  lat_solver *solver = NULL;
  size_t work = 0;
  LATI_TRY(LATI_NEW(solver, model->ctx, 1));
  solver->model = lati_model_ref(model);
  solver->task = is_mixture(model->task) ? NULL : model->task;
  LATI_TRY(lat_session_create(&solver->session, model, options));
  LATI_TRY(lat_batch_create(&solver->batch, model->tokenizer));
  LATI_TRY(LATI_NEW(solver->values, model->ctx, LARGEST_MATRIX));
  LATI_TRY(LATI_NEW(solver->caller, model->ctx, LARGEST_MATRIX));
  LATI_TRY(LATI_NEW(solver->moved, model->ctx, LARGEST_MATRIX));
  LATI_TRY(lati_improve_work(&work, model->task, &solver->session->options));
  LATI_TRY(LATI_NEW(solver->work, model->ctx, work));
  solver->transform_size = aligned_transform_size(model->task);
  if (solver->transform_size > 0) {
    LATI_TRY(LATI_NEW(solver->transforms, model->ctx, BATCH * solver->transform_size));
  }
done:
  if (status != LAT_OK) {
    lat_solver_free(solver);
    return status;
  }
  *out = solver;
  return LAT_OK;
}

void lat_solver_free(lat_solver *solver) {
  if (solver == NULL) {
    return;
  }
  lati_free(solver->values);
  lati_free(solver->caller);
  lati_free(solver->moved);
  lati_free(solver->work);
  lati_free(solver->transforms);
  lat_batch_free(solver->batch);
  lat_session_free(solver->session);
  lat_model_free(solver->model);
  lati_free(solver);
}

lat_status lat_solver_select(lat_solver *solver, const char *task) {
  if (solver == NULL || task == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "%s is NULL", solver == NULL ? "solver" : "task");
  }
  const lat_task *component = NULL;
  for (int32_t i = 0; (component = lat_task_component(solver->model->task, i)) != NULL; ++i) {
    if (strcmp(lat_task_name(component), task) == 0) {
      solver->task = component;
      return LAT_OK;
    }
  }
  return lati_fail(LAT_ERROR_NOT_FOUND, "the model has no task \"%s\"", task);
}

void lat_report_init_sized(lat_report *report, size_t size) {
  static const lati_field none[] = {LATI_FIELDS_END};
  lati_options_init(report, size, none, sizeof *report);
}

/* The coefficients as the model is to see them: scaled, and symmetric where the task is. */
static double prepare(lat_matrix *seen, const lat_solver *solver, const lat_matrix *input) {
  int32_t degree;
  double factor = 1;
  *seen = lati_matrix_view(solver->values, input->rows, input->cols);
  lati_matrix_pack(solver->values, input);
  if (solver->session->options.scaling &&
      lati_task_scaling(&degree, solver->task) != LATI_SCALE_NONE) {
    factor = lati_scale_factor(lati_norm_max(solver->values, lati_matrix_count(seen)),
                               lati_task_range(solver->task), lati_keeps_digits(solver->task));
  }
  for (size_t i = 0; i < lati_matrix_count(seen); ++i) {
    seen->data[i] *= factor;
  }
  for (int32_t i = 0; lati_task_symmetric(solver->task) && i < seen->rows; ++i) {
    for (int32_t j = 0; j < i; ++j) {
      double mean = (lati_matrix_get(seen, i, j) + lati_matrix_get(seen, j, i)) / 2;
      lati_matrix_set(seen, i, j, mean);
      lati_matrix_set(seen, j, i, mean);
    }
  }
  return factor;
}

static void *transform_at(const lat_solver *solver, int64_t i) {
  return solver->transforms + (size_t)i * solver->transform_size;
}

/* What the model sees of matrix i of a batch, in solver->moved where the task is canonical. */
static lat_status prepare_canonical(lat_matrix *seen, lat_solver *solver, const lat_matrix *input,
                                    int64_t i) {
  solver->factors[i] = prepare(seen, solver, input);
  if (!lati_task_canonical(solver->task)) {
    return LAT_OK;
  }
  const lat_matrix scaled = *seen;
  return lati_task_canonicalize(seen, solver->moved, transform_at(solver, i), solver->task,
                                &scaled);
}

static lat_status fill_batch(lat_solver *solver, const lat_matrix *a, int64_t count) {
  int32_t letter = is_mixture(solver->model->task) ? lat_task_letter(solver->task) : 0;
  lat_batch_clear(solver->batch);
  for (int64_t i = 0; i < count; ++i) {
    lat_matrix seen;
    lat_status status = prepare_canonical(&seen, solver, &a[i], i);
    if (status == LAT_OK) {
      status = lat_batch_append(solver->batch, letter, &seen, NULL);
    }
    if (status != LAT_OK) {
      return status;
    }
  }
  return LAT_OK;
}

/* Reads the answer; 0 when the tokens are no matrix of the right shape. */
static int read_answer(lat_matrix *answer, const lat_solver *solver, lati_tokens tokens) {
  int32_t rows = answer->rows, cols = answer->cols;
  int32_t letter = is_mixture(solver->model->task) ? lat_task_letter(solver->task) : 0;
  int32_t found = 0;
  size_t used = 0;
  if (lat_tokenizer_decode(answer, LARGEST_MATRIX, &found, &used, solver->model->tokenizer,
                           LAT_OUTPUT, tokens.tokens, tokens.count) != LAT_OK) {
    return 0;
  }
  return used == tokens.count && found == letter && answer->rows == rows && answer->cols == cols;
}

/* The answer as the caller's frame has it, from that in solver->moved, into solver->caller. */
static lat_status restore_answer(lat_matrix *answer, const lat_solver *solver, int64_t i) {
  const lat_matrix moved = *answer;
  answer->data = solver->caller;
  if (!lati_task_canonical(solver->task)) {
    lati_matrix_pack(solver->caller, &moved);
    return LAT_OK;
  }
  return lati_task_restore(answer, solver->task, transform_at(solver, i), moved.data);
}

/* The answer in the caller's units into solver->caller, and its verdict; zeros where the tokens are
 * no matrix of its shape. */
static lat_status decode_answer(lat_matrix *answer, lat_report *report, const lat_solver *solver,
                                const lat_matrix *own, int64_t i, lati_tokens tokens) {
  lat_status status = LAT_OK;
  const int32_t rows = answer->rows, cols = answer->cols;
  if (!read_answer(answer, solver, tokens)) {
    *answer = lati_matrix_view(solver->caller, rows, cols);
    memset(answer->data, 0, lati_matrix_count(answer) * sizeof *answer->data);
    report->verdict = LAT_VERDICT_UNDECODABLE;
    report->residual = INFINITY;
    report->orthogonality = NAN;
    return LAT_OK;
  }
  LATI_TRY(restore_answer(answer, solver, i));
  lati_scale_back(answer, solver->task, report->scale);
  LATI_TRY(lati_verdict(report, solver->task, own, answer, solver->session->options.compare));
done:
  return status;
}

/* Matrix i of a batch: x and report from its tokens. */
static lat_status finish_one(lat_matrix *x, lat_report *report, const lat_solver *solver,
                             const lat_matrix *a, int64_t i, lati_tokens tokens) {
  lat_status status = LAT_OK;
  lat_matrix answer = lati_matrix_view(solver->moved, x->rows, x->cols);
  const lat_matrix own = lati_matrix_view(solver->values, a->rows, a->cols);
  lati_matrix_pack(own.data, a);
  LATI_TRY(decode_answer(&answer, report, solver, &own, i, tokens));
  LATI_TRY(
      lati_improve(report, &answer, solver->task, &own, &solver->session->options, solver->work));
  lati_matrix_unpack(x, answer.data);
done:
  return status;
}

/* Reports lie at the caller's distance, which is that of the structure it was compiled with. */
static lat_report *report_at(lat_report *reports, int64_t i) {
  return (lat_report *)(void *)((char *)reports + (size_t)i * reports->struct_size);
}

static void write_report(lat_report *to, const lat_report *from) {
  size_t size = to->struct_size;
  memcpy(to, from, size < sizeof *from ? size : sizeof *from);
  to->struct_size = size;
}

static lat_status solve_batch(lat_matrix *x, lat_report *reports, int64_t first, lat_solver *solver,
                              const lat_matrix *a, int64_t count) {
  lat_status status = LAT_OK;
  lat_sequences answers;
  LATI_TRY(fill_batch(solver, a, count));
  LATI_TRY(lat_session_decode(&answers, solver->session, solver->batch));
  for (int64_t i = 0; i < count; ++i) {
    const lati_tokens tokens = {answers.tokens + answers.offsets[i],
                                (size_t)(answers.offsets[i + 1] - answers.offsets[i])};
    lat_report report = {.struct_size = sizeof report,
                         .tolerance = solver->session->options.tolerance,
                         .log_probability = solver->session->log_probabilities[i],
                         .scale = solver->factors[i],
                         .tokens = (int32_t)tokens.count};
    LATI_TRY(finish_one(&x[i], &report, solver, &a[i], i, tokens));
    if (reports != NULL) {
      write_report(report_at(reports, first + i), &report);
    }
  }
done:
  return status;
}

static lat_status check_one(const lat_solver *solver, const lat_matrix *x, const lat_matrix *a) {
  int32_t rows, cols;
  lat_status status = LAT_OK;
  LATI_TRY(lati_solver_check(&rows, &cols, solver->task, a));
  LATI_TRY(lati_matrix_check(x, LAT_MAX_DIMENSION, "x"));
  LATI_TRY(lati_matrix_check_shape(x, rows, cols, "x"));
done:
  return status;
}

static lat_status check_call(const lat_solver *solver, const lat_matrix *x,
                             const lat_report *reports, const lat_matrix *a, int64_t count) {
  if (solver == NULL || x == NULL || a == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "%s is NULL",
                     solver == NULL ? "solver"
                     : x == NULL    ? "x"
                                    : "a");
  }
  if (count < 1) {
    return lati_fail(LAT_ERROR_ARGUMENT, "count %lld is less than 1", (long long)count);
  }
  if (reports != NULL && reports->struct_size <= sizeof reports->struct_size) {
    return lati_fail(LAT_ERROR_ARGUMENT, "report has struct_size %zu: initialise it first",
                     reports->struct_size);
  }
  if (solver->task == NULL) {
    return lati_fail(LAT_ERROR_STATE, "the model solves several tasks: select one");
  }
  for (int64_t i = 0; i < count; ++i) {
    lat_status status = check_one(solver, &x[i], &a[i]);
    if (status != LAT_OK) {
      return count == 1 ? status : lati_fail_prefix(status, "matrix %lld", (long long)i);
    }
  }
  return LAT_OK;
}

lat_status lat_solver_solve_many(lat_matrix *x, lat_report *reports, lat_solver *solver,
                                 const lat_matrix *a, int64_t count) {
  lati_floating saved;
  lati_floating_enter(&saved);
  lat_status status = LAT_OK;
  LATI_TRY(check_call(solver, x, reports, a, count));
  for (int64_t first = 0; first < count; first += BATCH) {
    int64_t more = count - first < BATCH ? count - first : BATCH;
    LATI_TRY(solve_batch(x + first, reports, first, solver, a + first, more));
  }
done:
  lati_floating_leave(&saved);
  return status;
}

lat_status lat_solver_solve(lat_matrix *x, lat_report *report, lat_solver *solver,
                            const lat_matrix *a) {
  return lat_solver_solve_many(x, report, solver, a, 1);
}
