/* From numbers to numbers: the handle of lat_solver, the checks of its calls, and the caller's
 * reports around a search for answers. */
#include "base/floating.h"
#include "infer/candidates.h"
#include "infer/improve.h"
#include "infer/solver_check.h"
#include "linalg/matrix.h"

#include <string.h>

struct lat_solver {
  lat_model *model;
  const lat_task *task; /* what to solve; NULL while a mixture's component is not selected */
  lati_search search;
  lati_problem problems[LATI_SEARCH_BATCH];
};

/* A mixture has no letter of its own, and puts its components' in front of both sequences. */
static int is_mixture(const lat_task *task) {
  return lat_task_letter(task) == 0;
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
  LATI_TRY(LATI_NEW(solver, model->ctx, 1));
  solver->model = lati_model_ref(model);
  solver->task = is_mixture(model->task) ? NULL : model->task;
  LATI_TRY(lati_search_open(&solver->search, model, model->task, options));
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
  lati_search_close(&solver->search);
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

/* Reports lie at the caller's distance, which is that of the structure it was compiled with. */
static lat_report *report_at(lat_report *reports, int64_t i) {
  return (lat_report *)(void *)((char *)reports + (size_t)i * reports->struct_size);
}

/* LAPACK's answer, where it is asked for and the model's is not right. */
static lat_status fall_back(lati_problem *problem, const lat_solver *solver) {
  lat_status status = LAT_OK;
  const lati_search *search = &solver->search;
  const lat_matrix own = lati_matrix_view(search->values, problem->a->rows, problem->a->cols);
  lat_matrix answer = lati_matrix_view(search->caller, problem->x->rows, problem->x->cols);
  lati_matrix_pack(own.data, problem->a);
  lati_matrix_pack(answer.data, problem->x);
  LATI_TRY(lati_fall_back(&problem->report, &answer, problem->task, &own, &search->session->options,
                          search->work));
  lati_matrix_unpack(problem->x, answer.data);
done:
  return status;
}

static lat_status solve_batch(lat_matrix *x, lat_report *reports, int64_t first, lat_solver *solver,
                              const lat_matrix *a, int64_t count) {
  lat_status status = LAT_OK;
  const int32_t letter = is_mixture(solver->model->task) ? lat_task_letter(solver->task) : 0;
  for (int64_t i = 0; i < count; ++i) {
    solver->problems[i] =
        (lati_problem){.task = solver->task, .letter = letter, .a = &a[i], .x = &x[i]};
  }
  LATI_TRY(lati_search_run(&solver->search, solver->problems, count));
  for (int64_t i = 0; i < count; ++i) {
    LATI_TRY(fall_back(&solver->problems[i], solver));
    if (reports != NULL) {
      lati_options_store(report_at(reports, first + i), &solver->problems[i].report,
                         sizeof solver->problems[i].report);
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
  if (reports != NULL && lati_options_check_output(reports, "report") != LAT_OK) {
    return LAT_ERROR_ARGUMENT;
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
  for (int64_t first = 0; first < count; first += LATI_SEARCH_BATCH) {
    int64_t more = count - first < LATI_SEARCH_BATCH ? count - first : LATI_SEARCH_BATCH;
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
