/* From numbers to numbers: the handle of lat_solver, the checks of its calls, and the caller's
 * reports around a search for answers. */
#include "base/floating.h"
#include "infer/candidates.h"
#include "infer/improve.h"
#include "infer/solver_check.h"
#include "infer/solver_query.h"
#include "task/registry.h"

#include <string.h>

struct lat_solver {
  lat_model *model;
  const lat_task *task; /* what to solve; NULL while a mixture's component is not selected */
  lati_search search;
  lati_problem problems[LATI_SEARCH_BATCH];
  double *values; /* of the problems, packed */
  size_t value_capacity;
};

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
  solver->task = lati_is_mixture(model->task) ? NULL : model->task;
  LATI_TRY(lati_search_open(&solver->search, model, model->task, NULL, options));
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
  lati_free(solver->values);
  lat_model_free(solver->model);
  lati_free(solver);
}

const lat_task *lati_solver_task(const lat_solver *solver) {
  return solver->task;
}

lat_context *lati_solver_context(const lat_solver *solver) {
  return solver->model->ctx;
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

/* One call: `count` problems of the task's operands and results, those of a problem together. */
typedef struct solver_call {
  lat_matrix *results;
  const lat_matrix *operands;
  lat_report *reports; /* may be NULL */
  int32_t result_count, operand_count;
  int64_t count;
} solver_call;

static const lat_matrix *operands_at(const solver_call *call, int64_t i) {
  return call->operands + i * call->operand_count;
}

static lat_matrix *results_at(const solver_call *call, int64_t i) {
  return call->results + i * call->result_count;
}

/* Copies problems `first` on, packed, to the solver's memory. */
static lat_status pose(lat_solver *solver, const solver_call *call, int64_t first, int64_t count) {
  lat_status status = LAT_OK;
  const int32_t letter = lati_letter_in(solver->model->task, solver->task);
  size_t values = 0;
  for (int64_t i = 0; i < count; ++i) {
    lati_problem *problem = &solver->problems[i];
    *problem = (lati_problem){.task = solver->task, .letter = letter};
    LATI_TRY(lati_solver_check(&problem->a.form, &problem->x.form, solver->task,
                               operands_at(call, first + i)));
    values += lati_form_values(&problem->a.form) + lati_form_values(&problem->x.form);
  }
  LATI_TRY(lati_grow((void **)&solver->values, &solver->value_capacity, solver->model->ctx, values,
                     sizeof *solver->values));
  double *place = solver->values;
  for (int64_t i = 0; i < count; ++i) {
    lati_problem *problem = &solver->problems[i];
    const lati_form operands = problem->a.form, results = problem->x.form;
    problem->a = lati_matrices_at(place, &operands);
    place += lati_form_values(&operands);
    problem->x = lati_matrices_at(place, &results);
    place += lati_form_values(&results);
    lati_matrices_pack(&problem->a, operands_at(call, first + i));
  }
done:
  return status;
}

static lat_status solve_batch(lat_solver *solver, const solver_call *call, int64_t first,
                              int64_t count) {
  lat_status status = LAT_OK;
  const lati_search *search = &solver->search;
  LATI_TRY(pose(solver, call, first, count));
  LATI_TRY(lati_search_run(&solver->search, solver->problems, count));
  for (int64_t i = 0; i < count; ++i) {
    lati_problem *problem = &solver->problems[i];
    LATI_TRY(lati_fall_back(&problem->report, problem->x.written, problem->task, problem->a.written,
                            &search->session->options, search->work));
    lati_matrices_unpack(results_at(call, first + i), &problem->x);
    if (call->reports != NULL) {
      lati_options_store(report_at(call->reports, first + i), &problem->report,
                         sizeof problem->report);
    }
  }
done:
  return status;
}

static lat_status check_one(const lat_solver *solver, const lat_matrix *results,
                            const lat_matrix *operands) {
  lat_status status = LAT_OK;
  lati_form input, output;
  LATI_TRY(lati_solver_check(&input, &output, solver->task, operands));
  LATI_TRY(lati_operands_check(results, output.count, LAT_MAX_DIMENSION, "x"));
  LATI_TRY(lati_operands_check_shapes(results, &output, "x"));
done:
  return status;
}

static lat_status check_pointers(const lat_solver *solver, const solver_call *call) {
  if (solver == NULL || call->results == NULL || call->operands == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "%s is NULL",
                     solver == NULL          ? "solver"
                     : call->results == NULL ? "x"
                                             : "a");
  }
  if (call->count < 1) {
    return lati_fail(LAT_ERROR_ARGUMENT, "count %lld is less than 1", (long long)call->count);
  }
  if (call->reports != NULL) {
    return lati_options_check_output(call->reports, "report");
  }
  return LAT_OK;
}

static lat_status check_call(const lat_solver *solver, const solver_call *call) {
  lat_status status = LAT_OK;
  LATI_TRY(check_pointers(solver, call));
  if (solver->task == NULL) {
    return lati_fail(LAT_ERROR_STATE, "the model solves several tasks: select one");
  }
  LATI_TRY(lati_task_check_counts(solver->task, call->operand_count, call->result_count));
  for (int64_t i = 0; i < call->count; ++i) {
    status = check_one(solver, results_at(call, i), operands_at(call, i));
    if (status != LAT_OK) {
      return call->count == 1 ? status : lati_fail_prefix(status, "matrix %lld", (long long)i);
    }
  }
done:
  return status;
}

lat_status lat_solver_solve_operands(lat_matrix *results, int32_t result_count, lat_report *reports,
                                     lat_solver *solver, const lat_matrix *operands,
                                     int32_t operand_count, int64_t count) {
  const solver_call call = {results, operands, reports, result_count, operand_count, count};
  lati_floating saved;
  lati_floating_enter(&saved);
  lat_status status = LAT_OK;
  LATI_TRY(check_call(solver, &call));
  for (int64_t first = 0; first < count; first += LATI_SEARCH_BATCH) {
    int64_t more = count - first < LATI_SEARCH_BATCH ? count - first : LATI_SEARCH_BATCH;
    LATI_TRY(solve_batch(solver, &call, first, more));
  }
done:
  lati_floating_leave(&saved);
  return status;
}

lat_status lat_solver_solve_many(lat_matrix *x, lat_report *reports, lat_solver *solver,
                                 const lat_matrix *a, int64_t count) {
  return lat_solver_solve_operands(x, 1, reports, solver, a, 1, count);
}

lat_status lat_solver_solve(lat_matrix *x, lat_report *report, lat_solver *solver,
                            const lat_matrix *a) {
  return lat_solver_solve_many(x, report, solver, a, 1);
}
