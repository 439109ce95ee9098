/**
 * @file lat.hpp
 * @brief lat for C++17: handles that free themselves, errors as exceptions. Optional, header-only.
 *
 * @code
 * lat::context ctx;
 * lat::solver solver(lat::model::load(ctx, "model.safetensors"));
 * auto [x, report] = solver.solve({3, 3, {1, 2, 3, 2, 4, 5, 3, 5, 6}});
 * @endcode
 *
 * A class wraps one handle of the C interface, and handle() lends it to the functions that have no
 * method here. Objects move and are not copied; which may be shared between threads is as in C. An
 * object that was moved from has no handle: calls with it throw lat::error, LAT_ERROR_ARGUMENT.
 * Names and paths with a null character inside throw std::invalid_argument.
 * Handles without a class have lat::owner:
 *
 * @code
 * lat::owner<lat_batch, lat_batch_free> batch(lat::created(lat_batch_create, tokens.handle()));
 * @endcode
 */
#ifndef LAT_LAT_HPP
#define LAT_LAT_HPP

#include <lat/lat.h>

#include <complex>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

/** The C++ interface, lat.hpp. */
namespace lat {

/** A call that failed: its status, and the message of lat_last_error() as what(). */
class error : public std::runtime_error {
public:
  /** Takes over the thread's last message. */
  explicit error(lat_status status) : std::runtime_error(lat_last_error()), status_(status) {
  }

  /** One of the LAT_ERROR codes. */
  lat_status status() const noexcept {
    return status_;
  }

private:
  lat_status status_;
};

/** Throws lat::error unless @p status is LAT_OK. */
inline void check(lat_status status) {
  if (status != LAT_OK) {
    throw error(status);
  }
}

/** What one of the lat_..._create() functions makes of @p arguments. */
template <class Handle, class... Parameters, class... Arguments>
Handle *created(lat_status (*create)(Handle **, Parameters...), Arguments... arguments) {
  Handle *handle = nullptr;
  check(create(&handle, arguments...));
  return handle;
}

/** @p text for C, which would take a null character inside for its end. */
inline const char *c_text(const std::string &text) {
  if (text.find('\0') != std::string::npos) {
    throw std::invalid_argument("a name or path holds a null character");
  }
  return text.c_str();
}

/** A structure of options with its defaults: `auto run = lat::defaults<lat_trainer_options>();` */
template <class Options> Options defaults();

/** @cond */
#define LAT_DEFAULTS(type)                                                                         \
  template <> inline type defaults<type>() {                                                       \
    type options;                                                                                  \
    type##_init(&options);                                                                         \
    return options;                                                                                \
  }
LAT_DEFAULTS(lat_context_options)
LAT_DEFAULTS(lat_tokenizer_options)
LAT_DEFAULTS(lat_task_options)
LAT_DEFAULTS(lat_task_functions)
LAT_DEFAULTS(lat_score_options)
LAT_DEFAULTS(lat_score)
LAT_DEFAULTS(lat_sampler_options)
LAT_DEFAULTS(lat_model_options)
LAT_DEFAULTS(lat_loss_sum)
LAT_DEFAULTS(lat_tensor)
LAT_DEFAULTS(lat_optimizer_options)
LAT_DEFAULTS(lat_trainer_options)
LAT_DEFAULTS(lat_progress)
LAT_DEFAULTS(lat_decode_options)
LAT_DEFAULTS(lat_report)
LAT_DEFAULTS(lat_evaluate_options)
LAT_DEFAULTS(lat_diagnosis)
LAT_DEFAULTS(lat_linear_certificate)
#undef LAT_DEFAULTS
/** @endcond */

/** A handle that is freed with its owner. */
template <class Handle, void (*Free)(Handle *)> class owner {
public:
  /** Takes @p handle over. */
  explicit owner(Handle *handle) noexcept : handle_(handle) {
  }

  /** Lends the handle to the C interface. */
  Handle *handle() const noexcept {
    return handle_.get();
  }

private:
  struct deleter {
    void operator()(Handle *handle) const noexcept {
      Free(handle);
    }
  };
  std::unique_ptr<Handle, deleter> handle_;
};

/** A dense row-major matrix that owns its coefficients. */
class matrix {
public:
  /** Zeros. */
  matrix(std::int32_t rows, std::int32_t cols) : matrix(rows, cols, zeros(rows, cols)) {
  }

  /** Of coefficients that are given. @param values  rows x cols of them, row by row */
  matrix(std::int32_t rows, std::int32_t cols, std::vector<double> values)
      : rows_(rows), cols_(cols), values_(std::move(values)) {
    if (rows < 0 || cols < 0 || values_.size() != index(rows, 0)) {
      throw std::invalid_argument(std::to_string(values_.size()) + " values for a " +
                                  std::to_string(rows) + " x " + std::to_string(cols) + " matrix");
    }
  }

  /** Number of rows. */
  std::int32_t rows() const noexcept {
    return rows_;
  }
  /** Number of columns. */
  std::int32_t cols() const noexcept {
    return cols_;
  }
  /** Coefficient (i, j), not checked. */
  double &operator()(std::int32_t i, std::int32_t j) noexcept {
    return values_[index(i, j)];
  }
  /** Coefficient (i, j), not checked. */
  double operator()(std::int32_t i, std::int32_t j) const noexcept {
    return values_[index(i, j)];
  }
  /** All coefficients, row by row. */
  const std::vector<double> &values() const noexcept {
    return values_;
  }

  /** The C interface's view, valid while the matrix lives. */
  lat_matrix view() noexcept {
    return {values_.data(), rows_, cols_, cols_, LAT_ROW_MAJOR};
  }
  /** The same to be read: C has one type of view for both. */
  const lat_matrix view() const noexcept {
    return {const_cast<double *>(values_.data()), rows_, cols_, cols_, LAT_ROW_MAJOR};
  }

private:
  static std::vector<double> zeros(std::int32_t rows, std::int32_t cols) {
    return std::vector<double>(rows < 0 || cols < 0 ? 0 : std::size_t(rows) * std::size_t(cols));
  }
  std::size_t index(std::int32_t i, std::int32_t j) const noexcept {
    return std::size_t(i) * std::size_t(cols_) + std::size_t(j);
  }

  std::int32_t rows_, cols_;
  std::vector<double> values_;
};

/** A lat_context. */
class context : public owner<lat_context, lat_context_free> {
public:
  /** lat_context_create(). */
  explicit context(const lat_context_options &options = defaults<lat_context_options>())
      : owner(created(lat_context_create, &options)) {
  }
};

/** A lat_tokenizer. */
class tokenizer : public owner<lat_tokenizer, lat_tokenizer_free> {
public:
  /** lat_tokenizer_create(). */
  explicit tokenizer(const context &ctx,
                     const lat_tokenizer_options &options = defaults<lat_tokenizer_options>())
      : owner(created(lat_tokenizer_create, ctx.handle(), &options)) {
  }

  /** lat_tokenizer_get_options(). */
  lat_tokenizer_options options() const {
    auto told = defaults<lat_tokenizer_options>();
    check(lat_tokenizer_get_options(&told, handle()));
    return told;
  }
};

/** A lat_task. */
class task : public owner<lat_task, lat_task_free> {
public:
  /** lat_task_create(). */
  task(const context &ctx, const lat_task_options &options)
      : owner(created(lat_task_create, ctx.handle(), &options)) {
  }

  /** The task @p name on matrices of one size; @p cols 0: square. */
  task(const context &ctx, const std::string &name, std::int32_t rows, std::int32_t cols = 0)
      : task(ctx, sized(name, rows, cols)) {
  }

  /** lat_task_create_custom(); @p user must outlive the task. */
  task(const context &ctx, const lat_task_functions &functions, void *user)
      : owner(created(lat_task_create_custom, ctx.handle(), &functions, user)) {
  }

  /** lat_task_create_mixture() of tasks whose weights are equal, or @p weights, one each. */
  static task mixture(const context &ctx, const std::vector<const task *> &tasks,
                      const std::vector<double> &weights = {}) {
    std::vector<lat_task *> parts;
    for (const task *one : tasks) {
      parts.push_back(one == nullptr ? nullptr : one->handle());
    }
    if (!weights.empty() && weights.size() != tasks.size()) {
      throw std::invalid_argument("a mixture needs as many weights as tasks");
    }
    return task(created(lat_task_create_mixture, ctx.handle(), parts.data(),
                        weights.empty() ? nullptr : weights.data(),
                        static_cast<std::int32_t>(parts.size())));
  }

  /** lat_task_answer_operands(): one matrix a result. */
  std::vector<matrix> answer(const std::vector<matrix> &operands) const;

  /** lat_task_get_options(); texts are the task's. */
  lat_task_options options() const {
    auto told = defaults<lat_task_options>();
    check(lat_task_get_options(&told, handle()));
    return told;
  }

private:
  explicit task(lat_task *handle) noexcept : owner(handle) {
  }
  static lat_task_options sized(const std::string &name, std::int32_t rows, std::int32_t cols) {
    auto options = defaults<lat_task_options>();
    options.name = c_text(name);
    options.rows = rows;
    options.cols = cols;
    return options;
  }
};

/** Views of matrices, in their order, for the C interface. */
inline std::vector<lat_matrix> views(std::vector<matrix> &matrices) {
  std::vector<lat_matrix> found;
  for (matrix &one : matrices) {
    found.push_back(one.view());
  }
  return found;
}

/** Views of matrices that are only read. */
inline std::vector<lat_matrix> views(const std::vector<matrix> &matrices) {
  std::vector<lat_matrix> found;
  for (const matrix &one : matrices) {
    found.push_back(one.view());
  }
  return found;
}

/** Zeros of the shapes that the answer of @p problem to @p operands has. */
inline std::vector<matrix> results_of(const lat_task *problem,
                                      const std::vector<matrix> &operands) {
  const std::vector<lat_matrix> given = views(operands);
  std::vector<lat_matrix> shapes(std::size_t(lat_task_result_count(problem)) + 1);
  check(lat_task_result_shapes(shapes.data(), static_cast<std::int32_t>(shapes.size()) - 1, problem,
                               given.data(), static_cast<std::int32_t>(given.size())));
  std::vector<matrix> results;
  for (std::size_t i = 0; i + 1 < shapes.size(); ++i) {
    results.emplace_back(shapes[i].rows, shapes[i].cols);
  }
  return results;
}

inline std::vector<matrix> task::answer(const std::vector<matrix> &operands) const {
  std::vector<matrix> results = results_of(handle(), operands);
  std::vector<lat_matrix> to = views(results), from = views(operands);
  check(lat_task_answer_operands(to.data(), static_cast<std::int32_t>(to.size()), handle(),
                                 from.data(), static_cast<std::int32_t>(from.size())));
  return results;
}

/** A lat_model. */
class model : public owner<lat_model, lat_model_free> {
public:
  /** lat_model_create(). */
  model(const task &problem, const tokenizer &tokens,
        const lat_model_options &options = defaults<lat_model_options>())
      : owner(created(lat_model_create, problem.handle(), tokens.handle(), &options)) {
  }

  /** lat_model_load(). */
  static model load(const context &ctx, const std::string &path) {
    return model(created(lat_model_load, ctx.handle(), c_text(path), nullptr));
  }
  /** lat_model_load() of a model that was trained on the task @p custom. */
  static model load(const context &ctx, const std::string &path, const task &custom) {
    return model(created(lat_model_load, ctx.handle(), c_text(path), custom.handle()));
  }
  /** lat_model_inspect(). */
  static model inspect(const context &ctx, const std::string &path) {
    return model(created(lat_model_inspect, ctx.handle(), c_text(path)));
  }
  /** lat_model_load_named(); no folders: that of installed models. */
  static model load_named(const context &ctx, const std::string &name,
                          const std::string &folders = std::string()) {
    return model(created(lat_model_load_named, ctx.handle(),
                         folders.empty() ? nullptr : c_text(folders), c_text(name), nullptr));
  }
  /** lat_model_create_from() with the options of @p from. */
  static model create_from(const model &from, const task &problem) {
    return model(created(lat_model_create_from, from.handle(), problem.handle(), nullptr));
  }
  /** lat_model_copy_parameters(): of the tensors whose names begin with @p prefix. */
  void copy_parameters(const model &from, const std::string &prefix = "") {
    check(lat_model_copy_parameters(handle(), from.handle(), c_text(prefix)));
  }
  /** lat_model_clone(). */
  model clone() const {
    return model(created(lat_model_clone, handle()));
  }
  /** lat_model_save_as(): storage "f32", "bf16" or "f16". */
  void save(const std::string &path, const std::string &storage = "f32") const {
    check(lat_model_save_as(handle(), c_text(path), c_text(storage)));
  }
  /** lat_model_load_memory(): the model of a file's bytes. */
  static model load_memory(const context &ctx, const void *data, std::size_t size) {
    return model(created(lat_model_load_memory, ctx.handle(), data, size, nullptr));
  }
  /** lat_model_save_memory(). */
  std::vector<char> save_memory(const std::string &storage = "f32") const {
    std::size_t size = 0;
    check(lat_model_save_memory(&size, handle(), nullptr, 0, c_text(storage)));
    std::vector<char> data(size);
    check(lat_model_save_memory(&size, handle(), data.data(), data.size(), c_text(storage)));
    return data;
  }
  /** lat_model_freeze(). */
  void freeze() {
    check(lat_model_freeze(handle()));
  }
  /** lat_model_get_options(). */
  lat_model_options options() const {
    auto told = defaults<lat_model_options>();
    check(lat_model_get_options(&told, handle()));
    return told;
  }
  /** lat_model_parameter_count(). */
  std::size_t parameter_count() const noexcept {
    return lat_model_parameter_count(handle());
  }

private:
  explicit model(lat_model *handle) noexcept : owner(handle) {
  }
};

/** A lat_trainer. */
class trainer {
public:
  /** Called every lat_trainer_options.report_every updates; true goes on, false stops the run with
   * a checkpoint. What it throws comes out of run(). */
  using watcher = std::function<bool(const lat_progress &)>;

  /** lat_trainer_create(); @p watch, when there is one, takes the place of options.progress. */
  trainer(const model &source, const lat_optimizer_options &rule,
          const lat_trainer_options &options, watcher watch = nullptr)
      : trainer(lat_trainer_create, source, rule, options, std::move(watch)) {
  }
  /** lat_trainer_resume(). */
  static trainer resume(const model &source, const lat_optimizer_options &rule,
                        const lat_trainer_options &options, watcher watch = nullptr) {
    return trainer(lat_trainer_resume, source, rule, options, std::move(watch));
  }

  /** lat_trainer_run(). A watcher that returns false ends it with LAT_ERROR_CANCELLED. */
  void run() {
    lat_status status = lat_trainer_run(handle());
    if (watched_ != nullptr && watched_->thrown) {
      std::rethrow_exception(std::exchange(watched_->thrown, nullptr));
    }
    check(status);
  }
  /** lat_trainer_progress(). */
  lat_progress progress() const {
    auto state = defaults<lat_progress>();
    lat_trainer_progress(&state, handle());
    return state;
  }
  /** Lends the handle to the C interface. */
  lat_trainer *handle() const noexcept {
    return trainer_.handle();
  }

private:
  struct watched {
    watcher watch;
    std::exception_ptr thrown;
  };

  template <class Create>
  trainer(Create create, const model &source, const lat_optimizer_options &rule,
          lat_trainer_options options, watcher watch)
      : watched_(new watched{std::move(watch), nullptr}),
        trainer_(created(create, source.handle(), &rule, observed(options, watched_.get()))) {
  }

  static const lat_trainer_options *observed(lat_trainer_options &options, watched *state) {
    if (state->watch) {
      options.progress = report;
      options.user = state;
    }
    return &options;
  }

  /* Exceptions do not pass through C. */
  static std::int32_t report(const lat_progress *progress, void *user) noexcept {
    auto *state = static_cast<watched *>(user);
    try {
      return state->watch(*progress) ? 0 : 1;
    } catch (...) {
      state->thrown = std::current_exception();
      return 1;
    }
  }

  std::unique_ptr<watched> watched_; /* stays in place when the trainer moves */
  owner<lat_trainer, lat_trainer_free> trainer_;
};

/** A lat_solver. */
class solver : public owner<lat_solver, lat_solver_free> {
public:
  /** lat_solver_create(). */
  explicit solver(const model &source,
                  const lat_decode_options &options = defaults<lat_decode_options>())
      : owner(created(lat_solver_create, source.handle(), &options)),
        task_(lat_task_component(lat_model_task(source.handle()), 0)),
        tasks_(lat_model_task(source.handle())) {
  }

  /** lat_solver_select(). */
  void select(const std::string &name) {
    check(lat_solver_select(handle(), c_text(name)));
    for (std::int32_t i = 0; name != lat_task_name(task_ = lat_task_component(tasks_, i)); ++i) {
    }
  }

  /** The results for a problem of several operands, and what the solver says of them. */
  std::pair<std::vector<matrix>, lat_report> solve(const std::vector<matrix> &operands) {
    const lat_task *task = handle() == nullptr ? nullptr : task_; /* gone with the solver */
    std::vector<matrix> results = results_of(task, operands);
    std::vector<lat_matrix> to = views(results), from = views(operands);
    auto report = defaults<lat_report>();
    check(lat_solver_solve_operands(to.data(), static_cast<std::int32_t>(to.size()), &report,
                                    handle(), from.data(), static_cast<std::int32_t>(from.size()),
                                    1));
    return {std::move(results), report};
  }

  /** The answer of a task of one operand and one result, and what the solver says of it: a wrong
   * answer is no error. */
  std::pair<matrix, lat_report> solve(const matrix &a) {
    std::int32_t rows = 0, cols = 0;
    const lat_task *task = handle() == nullptr ? nullptr : task_; /* gone with the solver */
    check(lat_task_output_shape(&rows, &cols, task, a.rows(), a.cols()));
    matrix x(rows, cols);
    lat_report report = solve(x.view(), a.view());
    return {std::move(x), report};
  }

  /** Several problems at once, faster than one by one: the results and the report of each. */
  std::vector<std::pair<std::vector<matrix>, lat_report>>
  solve_many(const std::vector<std::vector<matrix>> &problems) {
    const lat_task *task = handle() == nullptr ? nullptr : task_;
    const std::size_t taken = problems.empty() ? 1 : problems[0].size();
    std::vector<std::pair<std::vector<matrix>, lat_report>> answers;
    std::vector<lat_matrix> to, from;
    std::vector<lat_report> reports(problems.size(), defaults<lat_report>());
    answers.reserve(problems.size()); /* views point into its matrices */
    for (const std::vector<matrix> &problem : problems) {
      if (problem.size() != taken) {
        throw std::invalid_argument("problems have different numbers of operands");
      }
      answers.emplace_back(results_of(task, problem), defaults<lat_report>());
      for (const lat_matrix &one : views(answers.back().first)) {
        to.push_back(one);
      }
      for (const lat_matrix &one : views(problem)) {
        from.push_back(one);
      }
    }
    check(lat_solver_solve_operands(to.data(), lat_task_result_count(task), reports.data(),
                                    handle(), from.data(), static_cast<std::int32_t>(taken),
                                    static_cast<std::int64_t>(problems.size())));
    for (std::size_t i = 0; i < answers.size(); ++i) {
      answers[i].second = reports[i];
    }
    return answers;
  }

  /** The same of tasks of one operand and one result. */
  std::vector<std::pair<matrix, lat_report>> solve_many(const std::vector<matrix> &problems) {
    std::vector<std::vector<matrix>> each;
    for (const matrix &a : problems) {
      each.push_back({a});
    }
    std::vector<std::pair<matrix, lat_report>> answers;
    for (auto &answer : solve_many(each)) {
      answers.emplace_back(std::move(answer.first.at(0)), answer.second);
    }
    return answers;
  }

  /** solve() between memory of the caller's, in any order. */
  lat_report solve(lat_matrix x, const lat_matrix &a) {
    auto report = defaults<lat_report>();
    check(lat_solver_solve(&x, &report, handle(), &a));
    return report;
  }

private:
  const lat_task *task_, *tasks_; /* the solver keeps its model, and that keeps them */
};

/** Called for each example of an evaluation; true goes on, false cancels. What it throws comes out
 * of evaluate(). */
using observer = std::function<bool(const lat_observation &)>;

/** The rows of lat_evaluate(), the first over all examples. @p observe, when there is one, takes
 * the place of options.observe and options.user; @p diagnosis is what options.diagnose asks for. */
inline std::vector<lat_accuracy>
evaluate(const model &source, lat_evaluate_options options = defaults<lat_evaluate_options>(),
         observer observe = nullptr, lat_diagnosis *diagnosis = nullptr) {
  struct observed {
    observer observe;
    std::exception_ptr thrown;
    /* Exceptions do not pass through C. */
    static std::int32_t show(const lat_observation *observation, void *user) noexcept {
      auto *state = static_cast<observed *>(user);
      try {
        return state->observe(*observation) ? 0 : 1;
      } catch (...) {
        state->thrown = std::current_exception();
        return 1;
      }
    }
  } state{std::move(observe), nullptr};
  if (state.observe) {
    options.observe = observed::show;
    options.user = &state;
  }
  lat_evaluation *made = nullptr;
  const lat_status status = lat_evaluate(&made, source.handle(), &options);
  if (state.thrown) {
    std::rethrow_exception(state.thrown);
  }
  check(status);
  const owner<lat_evaluation, lat_evaluation_free> evaluation(made);
  std::vector<lat_accuracy> rows;
  while (const auto *row =
             lat_evaluation_row(evaluation.handle(), static_cast<std::int32_t>(rows.size()))) {
    rows.push_back(*row);
  }
  if (diagnosis != nullptr) {
    *diagnosis = defaults<lat_diagnosis>();
    check(lat_evaluation_diagnosis(diagnosis, evaluation.handle()));
  }
  return rows;
}

/** A lat_operator; several vectors lie one after the other. */
class linear_operator : public owner<lat_operator, lat_operator_free> {
public:
  /** lat_operator_create_dense(). */
  static linear_operator dense(const context &ctx, const matrix &a) {
    const lat_matrix view = a.view();
    return linear_operator(created(lat_operator_create_dense, ctx.handle(), &view));
  }
  /** lat_operator_create_learned(), and what the solver says of its answer. */
  static std::pair<linear_operator, lat_report> learned(solver &answers, const matrix &a) {
    auto report = defaults<lat_report>();
    const lat_matrix view = a.view();
    lat_operator *made = nullptr;
    check(lat_operator_create_learned(&made, &report, answers.handle(), &view));
    return {linear_operator(made), report};
  }
  /** lat_operator_create_diagonal(). */
  static linear_operator diagonal(const context &ctx, const std::vector<double> &values) {
    return linear_operator(created(lat_operator_create_diagonal, ctx.handle(), values.data(),
                                   static_cast<std::int64_t>(values.size())));
  }
  /** lat_operator_create_tridiagonal(). */
  static linear_operator tridiagonal(const context &ctx, double diagonal, double neighbour,
                                     std::int64_t size) {
    return linear_operator(
        created(lat_operator_create_tridiagonal, ctx.handle(), diagonal, neighbour, size));
  }
  /** lat_operator_create_circulant(). */
  static linear_operator circulant(const context &ctx, const std::vector<double> &column) {
    return linear_operator(created(lat_operator_create_circulant, ctx.handle(), column.data(),
                                   static_cast<std::int64_t>(column.size())));
  }
  /** lat_operator_create_function(); @p product must not throw, and @p user must outlive the
   * operator and all that it is a part of. */
  static linear_operator function(const context &ctx, lat_operator_function *product, void *user,
                                  std::int64_t size) {
    return linear_operator(
        created(lat_operator_create_function, ctx.handle(), product, user, size));
  }
  /** lat_operator_create_kronecker(). */
  static linear_operator kronecker(const std::vector<const linear_operator *> &parts) {
    return joined(lat_operator_create_kronecker, parts);
  }
  /** lat_operator_create_kronecker_sum(). */
  static linear_operator kronecker_sum(const std::vector<const linear_operator *> &parts) {
    return joined(lat_operator_create_kronecker_sum, parts);
  }
  /** lat_operator_create_block_diagonal(). */
  static linear_operator block_diagonal(const std::vector<const linear_operator *> &parts) {
    return joined(lat_operator_create_block_diagonal, parts);
  }
  /** lat_operator_create_low_rank(). */
  static linear_operator low_rank(const linear_operator &base, const matrix &u, const matrix &v) {
    const lat_matrix left = u.view(), right = v.view();
    return linear_operator(created(lat_operator_create_low_rank, base.handle(), &left, &right));
  }

  /** lat_operator_size(). */
  std::int64_t size() const noexcept {
    return lat_operator_size(handle());
  }
  /** lat_operator_apply(), of as many vectors as @p x has. */
  std::vector<double> apply(const std::vector<double> &x) const {
    std::vector<double> y(x.size());
    check(lat_operator_apply(y.data(), handle(), x.data(), count_of(x)));
    return y;
  }
  /** lat_operator_solve(), likewise. */
  std::vector<double> solve(const std::vector<double> &b) const {
    std::vector<double> x(b.size());
    check(lat_operator_solve(x.data(), handle(), b.data(), count_of(b)));
    return x;
  }
  /** lat_operator_eigenvalues(). */
  std::vector<std::complex<double>> eigenvalues() const {
    const auto count = static_cast<std::size_t>(size());
    std::vector<double> real(count), imaginary(count);
    check(lat_operator_eigenvalues(real.data(), imaginary.data(), handle()));
    std::vector<std::complex<double>> values;
    for (std::size_t i = 0; i < count; ++i) {
      values.emplace_back(real[i], imaginary[i]);
    }
    return values;
  }
  /** lat_operator_log_determinant(): the logarithm of |det A|, and the sign. */
  std::pair<double, std::int32_t> log_determinant() const {
    double logarithm = 0;
    std::int32_t sign = 0;
    check(lat_operator_log_determinant(&logarithm, &sign, handle()));
    return {logarithm, sign};
  }

  /** What conjugate_gradients() comes to. */
  struct iteration {
    std::vector<double> x;  /**< the solution */
    std::int32_t steps = 0; /**< steps taken */
    double residual = 0;    /**< |b - A x| / |b| */
  };
  /** lat_operator_conjugate_gradients() from @p guess; empty: from zeros. @p precondition may be
   * null. */
  iteration conjugate_gradients(const std::vector<double> &b, double tolerance = 1e-10,
                                std::int32_t max_steps = 1000,
                                const linear_operator *precondition = nullptr,
                                std::vector<double> guess = {}) const {
    if (guess.empty()) {
      guess.resize(b.size());
    }
    if (guess.size() != b.size() || b.size() != static_cast<std::size_t>(size())) {
      throw std::invalid_argument("vectors of another size than the operator");
    }
    iteration found{std::move(guess), 0, 0};
    check(
        lat_operator_conjugate_gradients(found.x.data(), &found.steps, &found.residual, handle(),
                                         precondition == nullptr ? nullptr : precondition->handle(),
                                         b.data(), tolerance, max_steps));
    return found;
  }

private:
  explicit linear_operator(lat_operator *handle) noexcept : owner(handle) {
  }
  static linear_operator joined(lat_status (*create)(lat_operator **, lat_operator *const *,
                                                     std::int32_t),
                                const std::vector<const linear_operator *> &parts) {
    std::vector<lat_operator *> handles;
    for (const linear_operator *part : parts) {
      handles.push_back(part == nullptr ? nullptr : part->handle());
    }
    return linear_operator(
        created(create, handles.data(), static_cast<std::int32_t>(handles.size())));
  }
  std::int64_t count_of(const std::vector<double> &vectors) const {
    const auto length = static_cast<std::int64_t>(vectors.size());
    if (handle() != nullptr && (length == 0 || length % size() != 0)) {
      throw std::invalid_argument(std::to_string(length) + " numbers for an operator of size " +
                                  std::to_string(size()));
    }
    return handle() == nullptr ? 1 : length / size();
  }
};

/** A lat_linear: linear attention. Tokens are the rows of a matrix. */
class linear_attention : public owner<lat_linear, lat_linear_free> {
public:
  /** lat_linear_create(). */
  linear_attention(const context &ctx, std::int32_t layers, std::int32_t heads, std::int32_t width)
      : owner(created(lat_linear_create, ctx.handle(), layers, heads, width)), width_(width) {
  }

  /** lat_linear_size(). */
  std::size_t size() const noexcept {
    return lat_linear_size(handle());
  }
  /** lat_linear_parameters(): size() numbers that may be written. */
  double *parameters() noexcept {
    return lat_linear_parameters(handle());
  }
  /** lat_linear_matrix(): a view that may be written. */
  lat_matrix view(std::int32_t layer, std::int32_t which, std::int32_t head = 0) {
    lat_matrix seen;
    check(lat_linear_matrix(&seen, handle(), layer, head, which));
    return seen;
  }
  /** lat_linear_apply(): what becomes of @p z, whose first @p context rows act as keys. */
  matrix apply(matrix z, std::int64_t context) const {
    check_width(z);
    check(lat_linear_apply(z.view().data, handle(), z.rows(), context));
    return z;
  }
  /** lat_linear_gradient(): of the parameters, and of @p z. */
  std::pair<std::vector<double>, matrix> gradient(const matrix &z, const matrix &d_out,
                                                  std::int64_t context) const {
    check_width(z);
    if (d_out.rows() != z.rows() || d_out.cols() != z.cols()) {
      throw std::invalid_argument("d_out and z have different shapes");
    }
    std::vector<double> d_parameters(size());
    matrix d_z(z.rows(), z.cols());
    check(lat_linear_gradient(d_parameters.data(), d_z.view().data, handle(), z.values().data(),
                              d_out.values().data(), z.rows(), context));
    return {std::move(d_parameters), std::move(d_z)};
  }
  /** lat_linear_set_descent(). */
  void set_descent(const matrix &w0, double rate, std::int64_t examples) {
    const lat_matrix view = w0.view();
    check(lat_linear_set_descent(handle(), &view, rate, examples));
  }
  /** lat_linear_fit() of the examples @p z, of as many tokens each; row i of @p y is what is to be
   * added to the last values of the last token of example i. */
  lat_linear_certificate fit(const std::vector<matrix> &z, const matrix &y, std::int64_t context) {
    std::vector<double> values;
    for (const matrix &example : z) {
      check_width(example);
      if (example.rows() != z[0].rows()) {
        throw std::invalid_argument("examples have different numbers of tokens");
      }
      values.insert(values.end(), example.values().begin(), example.values().end());
    }
    if (z.empty() || z.size() != static_cast<std::size_t>(y.rows())) {
      throw std::invalid_argument("y has another number of rows than examples");
    }
    auto certificate = defaults<lat_linear_certificate>();
    check(lat_linear_fit(handle(), &certificate, values.data(), y.values().data(), y.rows(),
                         z[0].rows(), context, y.cols()));
    return certificate;
  }

private:
  void check_width(const matrix &z) const {
    if (z.cols() != width_) {
      throw std::invalid_argument("tokens of width " + std::to_string(z.cols()) +
                                  " for a stack of width " + std::to_string(width_));
    }
  }
  std::int32_t width_;
};

} // namespace lat

#endif
