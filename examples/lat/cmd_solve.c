/* lat solve: matrices in, the model's answers and their verdicts out. */
#include "matrix_file.h"
#include "matrix_npy_write.h"
#include "model_task.h"
#include "option_rules.h"
#include "report.h"
#include "subcommands.h"
#include "workbench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const cli_option solve_options[] = {
    OPTION(OPTION_DOUBLE, "tolerance", decode.tolerance, "T",
           "relative residual that counts as right"),
    OPTION(OPTION_FLAG, "compare", decode.compare, NULL,
           "eigenvalues, singular values: compare with LAPACK instead of bounding the residual"),
    OPTION(OPTION_FLAG, "scaling", decode.scaling, NULL, "scale the matrix into the trained range"),
    OPTION(OPTION_INT32, "refine", decode.refine, "N",
           "at most N steps of refinement in double precision, and a certificate"),
    OPTION(OPTION_FLAG, "fallback", decode.fallback, NULL,
           "LAPACK's answer where the model's is not right"),
    OPTION(OPTION_DOUBLE, "certify-tolerance", decode.certify_tolerance, "T",
           "relative residual that a certificate asks for"),
    OPTION(OPTION_TEXT, "task", task_names, "NAME", "which task of a mixture"),
    OPTION(
        OPTION_TEXT, "output", output, "FILE.npy",
        "answers go there as float64, several as a stack, instead of to standard output; also -o"),
    OPTIONS_END};
static const option_group group_solve = {"Solving", 0, solve_options};

static const char *source_name(int32_t source) {
  return source == LAT_SOURCE_LAPACK    ? "lapack"
         : source == LAT_SOURCE_REFINED ? "refined"
                                        : "model";
}

/* What was done to the model's answer. */
static void print_source(const lat_report *report) {
  if (report->averaged > 1) {
    fprintf(stderr, "mean of %d of %d candidates; ", (int)report->averaged,
            (int)report->candidates);
  } else if (report->candidates > 1) {
    fprintf(stderr, "candidate %d of %d; ", (int)report->candidate + 1, (int)report->candidates);
  }
  if (report->source == LAT_SOURCE_REFINED) {
    fprintf(stderr, "refined in %d steps from a residual of %.3g; ", (int)report->refine_steps,
            report->residual_before);
  } else if (report->source == LAT_SOURCE_LAPACK) {
    fprintf(stderr, "LAPACK's answer instead of the model's, whose residual was %.3g; ",
            report->residual_before);
  }
}

static void print_verdict(const lat_report *report) {
  print_source(report);
  switch (report->verdict) {
  case LAT_VERDICT_CERTIFIED:
    fprintf(stderr, "residual %.3g: certified, relative error at most %.3g\n", report->residual,
            report->error_bound);
    break;
  case LAT_VERDICT_NO_ANSWER:
    fprintf(stderr, "no answer: the matrix is singular, or doubles cannot hold the answer\n");
    break;
  case LAT_VERDICT_WITHIN:
    fprintf(stderr, "residual %.3g: within the tolerance of %g\n", report->residual,
            report->tolerance);
    break;
  case LAT_VERDICT_OUTSIDE:
    fprintf(stderr, "residual %.3g: NOT right within the tolerance of %g", report->residual,
            report->tolerance);
    if (!isnan(report->orthogonality)) {
      fprintf(stderr, " (vectors are orthonormal within %.3g)", report->orthogonality);
    }
    fputc('\n', stderr);
    break;
  case LAT_VERDICT_UNDECODABLE:
    fprintf(stderr, "undecodable: the model's tokens are no matrix of the right shape\n");
    break;
  default:
    fprintf(stderr, "unknown: the task has no residual of its own\n");
  }
}

static int has_answer(const lat_report *report) {
  return report->verdict != LAT_VERDICT_UNDECODABLE && report->verdict != LAT_VERDICT_NO_ANSWER;
}

static int is_right(const lat_report *report) {
  return report->verdict == LAT_VERDICT_WITHIN || report->verdict == LAT_VERDICT_CERTIFIED;
}

/* Memory for a problem's results, and the results. */
typedef struct answer {
  double *values;
  lat_matrix results[LAT_MAX_OPERANDS];
  int32_t count;
} answer;

/* The results below each other, where they are as wide as each other: their values lie end to end.
 */
static json_t *json_stacked(const answer *found) {
  lat_matrix stacked = found->results[0];
  for (int32_t i = 1; i < found->count; ++i) {
    if (found->results[i].cols != stacked.cols) {
      return json_null();
    }
    stacked.rows += found->results[i].rows;
  }
  return json_matrix(&stacked);
}

static json_t *json_results(const answer *found) {
  json_t *list = json_array();
  for (int32_t i = 0; i < found->count; ++i) {
    json_array_append_new(list, json_matrix(&found->results[i]));
  }
  return list;
}

static int show(const answer *found, const lat_report *report, const cli_settings *settings) {
  int outcome = EXIT_DONE;
  if (settings->json) {
    outcome = report_json(json_pack(
        "{s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:i, s:s, s:i, s:o, s:o, s:i, s:i, s:i, s:o}",
        "output", has_answer(report) ? json_stacked(found) : json_null(), "residual",
        json_number(report->residual), "verdict", verdict_name(report->verdict), "tolerance",
        json_number(report->tolerance), "orthogonality", json_number(report->orthogonality),
        "log_probability", json_number(report->log_probability), "scale",
        json_number(report->scale), "tokens", (int)report->tokens, "source",
        source_name(report->source), "refine_steps", (int)report->refine_steps, "residual_before",
        json_number(report->residual_before), "error_bound", json_number(report->error_bound),
        "candidates", (int)report->candidates, "candidate", (int)report->candidate, "averaged",
        (int)report->averaged, "results", has_answer(report) ? json_results(found) : json_null()));
  } else if (settings->output == NULL) {
    if (has_answer(report)) {
      for (int32_t i = 0; i < found->count; ++i) {
        print_matrix(&found->results[i]);
      }
    }
  }
  fflush(stdout);
  print_verdict(report);
  return outcome == EXIT_DONE && is_right(report) ? EXIT_DONE : EXIT_FAILED;
}

/* The task to solve: the model's, or the one named of a mixture's. Prints what is wrong; an exit
 * code. */
static int select_task(const lat_task **out, lat_solver *solver, const lat_task *task,
                       const char *name) {
  int32_t count = lat_task_component_count(task);
  *out = task;
  if (name == NULL && count > 1) {
    fputs("lat solve: the model is a mixture, --task NAME is needed:", stderr);
    for (int32_t i = 0; i < count; ++i) {
      fprintf(stderr, " %s", lat_task_name(lat_task_component(task, i)));
    }
    fputc('\n', stderr);
    return EXIT_USAGE;
  }
  int outcome = EXIT_DONE;
  if (name != NULL) {
    outcome = find_component(out, task, name, "solve");
    if (outcome == EXIT_DONE) {
      const lat_status status = lat_solver_select(solver, name);
      outcome = status == LAT_OK ? EXIT_DONE : report_setup(status);
    }
  }
  return outcome;
}

/* The operands of one problem; the first two may be parts of one matrix. */
typedef struct problem {
  lat_matrix operands[LAT_MAX_OPERANDS];
  int32_t count;
} problem;

static lat_status answer_shapes(answer *found, const lat_task *task, const problem *asked) {
  found->count = lat_task_result_count(task);
  return lat_task_result_shapes(found->results, found->count, task, asked->operands, asked->count);
}

/* One matrix [A B] is split where the task takes the parts. */
static void split(problem *asked, const lat_task *task) {
  answer ignored;
  const lat_matrix whole = asked->operands[0];
  if (lat_task_operand_count(task) != 2 || asked->count != 1) {
    return;
  }
  asked->count = 2;
  for (int32_t cols = 1; cols < whole.cols; ++cols) {
    asked->operands[0].cols = cols;
    asked->operands[1] = whole;
    asked->operands[1].data = whole.data + cols;
    asked->operands[1].cols = whole.cols - cols;
    if (answer_shapes(&ignored, task, asked) == LAT_OK) {
      return;
    }
  }
  asked->operands[0] = whole;
  asked->count = 1;
}

/* All problems of a call: one for each matrix of the files, which have as many of them. */
typedef struct problem_set {
  matrix_list files[LAT_MAX_OPERANDS];
  int32_t file_count;
  answer *answers;
  lat_report *reports;
} problem_set;

static size_t problem_count(const problem_set *set) {
  return set->files[0].count;
}

static int read_problems(problem_set *set, const cli_settings *settings) {
  const int32_t files = settings->operand_count - 1;
  int outcome = EXIT_DONE;
  set->file_count = files > 0 ? files : 1;
  for (int32_t i = 0; i < set->file_count && outcome == EXIT_DONE; ++i) {
    outcome = matrix_read_all(&set->files[i], files > 0 ? settings->operands[i + 1] : "-");
    if (outcome == EXIT_DONE && set->files[i].count != problem_count(set)) {
      outcome = report_error("%s: %zu matrices, %s has %zu: each problem takes one of each file",
                             settings->operands[i + 1], set->files[i].count, settings->operands[1],
                             problem_count(set));
    }
  }
  return outcome;
}

static void get_problem(problem *asked, const problem_set *set, size_t index,
                        const lat_task *task) {
  asked->count = set->file_count;
  for (int32_t i = 0; i < set->file_count; ++i) {
    asked->operands[i] = set->files[i].matrices[index];
  }
  split(asked, task);
}

/* Memory for the answer's results, end to end. */
static int make_room(answer *found) {
  size_t values = 0;
  for (int32_t i = 0; i < found->count; ++i) {
    values += (size_t)found->results[i].rows * (size_t)found->results[i].cols;
  }
  found->values = calloc(values, sizeof *found->values);
  if (found->values == NULL) {
    return report_error("no memory for the answer");
  }
  double *place = found->values;
  for (int32_t i = 0; i < found->count; ++i) {
    found->results[i].data = place;
    place += (size_t)found->results[i].rows * (size_t)found->results[i].cols;
  }
  return EXIT_DONE;
}

static int solve_one(answer *found, lat_report *report, lat_solver *solver, const lat_task *task,
                     const problem *asked) {
  lat_report_init(report);
  lat_status status = answer_shapes(found, task, asked);
  int outcome = status == LAT_OK ? make_room(found) : report_failure(status);
  if (outcome == EXIT_DONE) {
    status = lat_solver_solve_operands(found->results, found->count, report, solver,
                                       asked->operands, asked->count, 1);
    outcome = status == LAT_OK ? EXIT_DONE : report_failure(status);
  }
  if (outcome != EXIT_DONE) { /* there is no answer to be written */
    free(found->values);
    found->values = NULL;
  }
  return outcome;
}

/* Solves the problems one after the other and shows each as it is solved, unless the answers go to
 * a file. EXIT_FAILED when an answer is not right; an error ends the call. */
static int solve_all(problem_set *set, lat_solver *solver, const lat_task *task,
                     const cli_settings *settings) {
  const size_t count = problem_count(set);
  int outcome = EXIT_DONE;
  set->answers = calloc(count, sizeof *set->answers);
  set->reports = calloc(count, sizeof *set->reports);
  if (set->answers == NULL || set->reports == NULL) {
    return report_error("no memory for the answers");
  }
  for (size_t i = 0; i < count; ++i) {
    problem asked;
    get_problem(&asked, set, i, task);
    int solved = solve_one(&set->answers[i], &set->reports[i], solver, task, &asked);
    if (solved != EXIT_DONE) {
      return count > 1 ? report_error("problem %zu of %zu could not be solved", i + 1, count)
                       : solved;
    }
    if (count > 1 && !settings->json) {
      fputs(i > 0 && settings->output == NULL ? "\n" : "", stdout);
      fflush(stdout);
      fprintf(stderr, "problem %zu: ", i + 1);
    }
    solved = show(&set->answers[i], &set->reports[i], settings);
    outcome = solved == EXIT_DONE ? outcome : solved;
  }
  return outcome;
}

/* The results of a problem below each other; a problem without an answer is all NaN. */
static int stack_results(lat_matrix *stacked, const answer *found, const lat_report *report) {
  *stacked = found->results[0];
  for (int32_t i = 1; i < found->count; ++i) {
    if (found->results[i].cols != stacked->cols) {
      return report_error("results of different widths do not fit into one array: use --json");
    }
    stacked->rows += found->results[i].rows;
  }
  for (int32_t i = 0; !has_answer(report) && i < stacked->rows * stacked->cols; ++i) {
    stacked->data[i] = NAN;
  }
  return EXIT_DONE;
}

static int write_answers(const problem_set *set, const char *path) {
  const size_t count = problem_count(set);
  lat_matrix *stacked = calloc(count, sizeof *stacked);
  int outcome = stacked != NULL ? EXIT_DONE : report_error("no memory for the answers");
  for (size_t i = 0; i < count && outcome == EXIT_DONE; ++i) {
    outcome = stack_results(&stacked[i], &set->answers[i], &set->reports[i]);
    if (outcome == EXIT_DONE &&
        (stacked[i].rows != stacked[0].rows || stacked[i].cols != stacked[0].cols)) {
      outcome = report_error(
          "answer %zu is %d x %d, the first %d x %d: they do not fit into one array", i + 1,
          (int)stacked[i].rows, (int)stacked[i].cols, (int)stacked[0].rows, (int)stacked[0].cols);
    }
  }
  if (outcome == EXIT_DONE) {
    outcome = matrix_npy_write(path, stacked, count, 0);
  }
  free(stacked);
  return outcome;
}

static int solve(problem_set *set, lat_solver *solver, const lat_task *task,
                 const cli_settings *settings) {
  const int outcome = solve_all(set, solver, task, settings);
  const size_t count = problem_count(set);
  const int complete = set->answers != NULL && set->answers[count - 1].values != NULL;
  const int written =
      complete && settings->output != NULL ? write_answers(set, settings->output) : EXIT_DONE;
  return outcome == EXIT_DONE ? written : outcome;
}

static void free_problems(problem_set *set) {
  for (size_t i = 0; set->answers != NULL && i < problem_count(set); ++i) {
    free(set->answers[i].values);
  }
  free(set->answers);
  free(set->reports);
  for (int32_t i = 0; i < LAT_MAX_OPERANDS; ++i) {
    matrix_list_free(&set->files[i]);
  }
}

/* Whether the answers' file is one that is written. */
static int check_output(const cli_settings *settings, const cli_command *command) {
  const char *dot = settings->output != NULL ? strrchr(settings->output, '.') : NULL;
  return settings->output == NULL || (dot != NULL && strcmp(dot, ".npy") == 0)
             ? EXIT_DONE
             : report_usage(command->name, "-o %s: answers are written to FILE.npy",
                            settings->output);
}

static int run(cli_settings *settings, const cli_command *command) {
  workbench bench = {0};
  lat_solver *solver = NULL;
  const lat_task *task = NULL;
  problem_set set = {.file_count = 0};
  if (settings->decode.grammar == UNSAID) {
    settings->decode.grammar = 1;
  }
  int outcome = check_output(settings, command);
  lat_status status =
      outcome == EXIT_DONE ? workbench_load(&bench, settings, settings->operands[0]) : LAT_OK;
  if (outcome != EXIT_DONE) {
    return outcome;
  }
  if (status != LAT_OK) {
    outcome = report_failure(status);
  } else {
    status = lat_solver_create(&solver, bench.model, &settings->decode);
    outcome = status == LAT_OK ? EXIT_DONE : report_setup(status);
  }
  if (outcome == EXIT_DONE) {
    outcome = select_task(&task, solver, lat_model_task(bench.model), settings->task_names);
  }
  if (outcome == EXIT_DONE) {
    settings->traits = traits_of_task(task);
    outcome = options_check(settings, command);
  }
  if (outcome == EXIT_DONE) {
    outcome = read_problems(&set, settings);
  }
  if (outcome == EXIT_DONE) {
    outcome = solve(&set, solver, task, settings);
  }
  free_problems(&set);
  lat_solver_free(solver);
  workbench_free(&bench);
  return outcome;
}

static const option_group *const groups[] = {&group_solve,     &group_decoding, &group_output,
                                             &group_precision, &group_context,  NULL};
const cli_command command_solve = {
    .name = "solve",
    .operands = "MODEL [FILE...]",
    .summary = "Answer problems with a model.",
    .min_operands = 1,
    .max_operands = 1 + LAT_MAX_OPERANDS,
    .groups = groups,
    .notes =
        "FILE, or standard input, holds the matrix as rows of text or CSV, as Matrix Market, "
        "or as\n"
        ".npy. Problems of several operands have a file each; two of as many rows may be one\n"
        "matrix, side by side: [A B], or [M v]. Several problems in one call are matrices with\n"
        "empty lines between them, or a .npy stack of three dimensions.\n"
        "The answer goes to standard output, residual and verdict to standard error. The exit "
        "code\n"
        "is 0 only when every answer is within the tolerance, or certified.",
    .run = run};
