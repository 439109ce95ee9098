// lat.hpp: ownership, exceptions, watchers, solving. Names the first expectation that fails.
#include <lat/lat.hpp>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <type_traits>

namespace {

void expect(bool holds, const char *what) {
  if (!holds) {
    std::fprintf(stderr, "not so: %s\n", what);
    std::exit(1);
  }
}
#define EXPECT(condition) expect((condition), #condition)

template <class Function> lat_status status_of(Function function) {
  try {
    function();
  } catch (const lat::error &error) {
    EXPECT(error.what()[0] != '\0');
    return error.status();
  }
  return LAT_OK;
}

lat_model_options small() {
  auto options = lat::defaults<lat_model_options>();
  options.encoder_width = options.decoder_width = 8;
  options.encoder_heads = options.decoder_heads = 2;
  return options;
}

lat_trainer_options short_run() {
  auto run = lat::defaults<lat_trainer_options>();
  run.batch_size = 4;
  run.max_examples = 8;
  run.validate_every = 0;
  run.report_every = 1;
  return run;
}

static_assert(!std::is_copy_constructible_v<lat::model>);
static_assert(std::is_nothrow_move_constructible_v<lat::model>);
static_assert(std::is_move_assignable_v<lat::trainer>);

void test_matrix() {
  lat::matrix a(2, 3, {1, 2, 3, 4, 5, 6});
  EXPECT(a(1, 0) == 4 && a.view().ld == 3);
  a(1, 0) = 7;
  EXPECT(a.values()[3] == 7);
  EXPECT(lat::matrix(2, 2)(1, 1) == 0);
  int refused = 0;
  for (int rows : {-1, 3}) {
    try {
      lat::matrix(rows, 2, {1, 2, 3});
    } catch (const std::invalid_argument &) {
      ++refused;
    }
  }
  EXPECT(refused == 2);
}

void test_errors(const lat::context &ctx) {
  EXPECT(status_of([&] { lat::task(ctx, "nonsense", 3); }) == LAT_ERROR_NOT_FOUND);
  EXPECT(status_of([&] { lat::model::load(ctx, "/nonexistent"); }) == LAT_ERROR_IO);
  try {
    lat::task(ctx, "nonsense", 3);
  } catch (const std::exception &error) {
    EXPECT(std::string(error.what()).find("nonsense") != std::string::npos);
  }
}

void test_named_models(const lat::context &ctx) {
  const lat::task larger(ctx, "transpose", 3);
  lat::model model(lat::task(ctx, "transpose", 2), lat::tokenizer(ctx), small());
  model.save("./test-cpp-named.safetensors", "bf16");
  const std::vector<char> bytes = model.save_memory();
  const lat::model copied = lat::model::load_memory(ctx, bytes.data(), bytes.size());
  EXPECT(copied.parameter_count() == model.parameter_count());
  EXPECT(model.save_memory("bf16").size() < bytes.size());
  EXPECT(lat::model::load_named(ctx, "test-cpp-named", "/nowhere:.").parameter_count() ==
         model.parameter_count());
  EXPECT(lat::model::inspect(ctx, "./test-cpp-named.safetensors").parameter_count() ==
         model.parameter_count());
  EXPECT(status_of([&] { lat::model::inspect(ctx, "/nonexistent"); }) == LAT_ERROR_IO);
  EXPECT(lat::model::create_from(model, larger).parameter_count() > model.parameter_count());
  lat::model wider = lat::model::create_from(model, larger);
  wider.copy_parameters(model, "encoder.layers.");
  EXPECT(status_of([&] { wider.copy_parameters(model, "none."); }) == LAT_ERROR_ARGUMENT);
  EXPECT(status_of([&] { lat::model::load_named(ctx, "test-cpp-none", "."); }) ==
         LAT_ERROR_NOT_FOUND);
  EXPECT(status_of([&] { lat::model::load_named(ctx, "test-cpp-none"); }) == LAT_ERROR_NOT_FOUND);
  EXPECT(std::remove("./test-cpp-named.safetensors") == 0);
}

void test_handles_outlive_parents() {
  auto ctx = std::make_unique<lat::context>();
  auto model =
      std::make_unique<lat::model>(lat::task(*ctx, "transpose", 2), lat::tokenizer(*ctx), small());
  lat::solver solver(*model);
  ctx.reset();
  model.reset();
  lat::solver moved = std::move(solver);
  auto [x, report] = moved.solve({2, 2, {1, 2, 3, 4}});
  EXPECT(x.rows() == 2 && x.cols() == 2 && report.tokens > 0);
}

void test_orders(const lat::context &ctx) {
  lat::model model(lat::task(ctx, "transpose", 2), lat::tokenizer(ctx), small());
  model.freeze();
  EXPECT(model.clone().parameter_count() == model.parameter_count());
  lat::solver solver(model);
  double columns[4] = {1, 3, 2, 4}, answer[4];
  auto report =
      solver.solve({answer, 2, 2, 2, LAT_COLUMN_MAJOR}, {columns, 2, 2, 2, LAT_COLUMN_MAJOR});
  auto [x, same] = solver.solve({2, 2, {1, 2, 3, 4}});
  EXPECT(report.residual == same.residual);
  EXPECT(answer[1] == x(1, 0) && answer[2] == x(0, 1));
  EXPECT(status_of([&] { solver.solve(lat::matrix(1, 3)); }) == LAT_ERROR_SHAPE);
}

template <class Function> bool is_invalid(Function function) {
  try {
    function();
  } catch (const std::invalid_argument &) {
    return true;
  }
  return false;
}

void test_mixture(const lat::context &ctx) {
  const lat::task transpose(ctx, "transpose", 2), values(ctx, "eigenvalues", 2);
  const lat::task mixture = lat::task::mixture(ctx, {&transpose, &values}, {1, 2});
  const lat::model model(mixture, lat::tokenizer(ctx), small());
  EXPECT(lat_task_component_count(lat_model_task(model.handle())) == 2);
  EXPECT(lat_task_weight(mixture.handle(), 1) > lat_task_weight(mixture.handle(), 0));
  EXPECT(is_invalid([&] { lat::task::mixture(ctx, {&transpose, &values}, {1}); }));
  EXPECT(status_of([&] { lat::task::mixture(ctx, {nullptr}); }) == LAT_ERROR_ARGUMENT);
  EXPECT(status_of([&] { lat::task::mixture(ctx, {}); }) == LAT_ERROR_ARGUMENT);
  auto options = lat::defaults<lat_decode_options>();
  options.fallback = 1;
  lat::solver solver(model, options);
  solver.select("eigenvalues");
  const lat::matrix a(2, 2, {2, 0, 0, 3}), b(2, 2, {5, 0, 0, 4});
  const auto answers = solver.solve_many(std::vector<lat::matrix>{a, b});
  EXPECT(answers.size() == 2 && answers[0].first.values() == std::vector<double>({3, 2}));
  EXPECT(answers[1].first(0, 0) == 5 && answers[1].second.source == LAT_SOURCE_LAPACK);
  EXPECT(solver.solve(a).first.values() == answers[0].first.values());
}

void test_observing(const lat::model &model) {
  auto options = lat::defaults<lat_evaluate_options>();
  std::uint64_t seen = 0;
  lat_diagnosis diagnosis;
  options.count = 4;
  options.diagnose = 1;
  const auto watch = [&](const lat_observation &observation) {
    EXPECT(observation.index == seen && observation.input->rows > 0);
    return ++seen > 0;
  };
  EXPECT(lat::evaluate(model, options, watch, &diagnosis).at(0).count == 4);
  EXPECT(seen == 4 && diagnosis.count <= 4);
  const auto stop = [](const lat_observation &) { return false; };
  EXPECT(status_of([&] { lat::evaluate(model, options, stop); }) == LAT_ERROR_CANCELLED);
  int caught = 0;
  try {
    lat::evaluate(model, options, [](const lat_observation &) -> bool { throw 5; });
  } catch (int number) {
    caught = number;
  }
  EXPECT(caught == 5);
}

void test_training(const lat::context &ctx) {
  const auto rule = lat::defaults<lat_optimizer_options>();
  lat::model model(lat::task(ctx, "transpose", 2), lat::tokenizer(ctx), small());
  std::int64_t seen = 0;
  lat::trainer first(model, rule, short_run(), [&](const lat_progress &progress) {
    seen = progress.examples;
    return true;
  });
  lat::trainer trainer = std::move(first);
  trainer.run();
  EXPECT(seen == 8 && trainer.progress().updates == 2);

  lat::trainer stopped(model, rule, short_run(), [](const lat_progress &) { return false; });
  EXPECT(status_of([&] { stopped.run(); }) == LAT_ERROR_CANCELLED);

  lat::trainer thrower(model, rule, short_run(), [](const lat_progress &) -> bool { throw 42; });
  int caught = 0;
  try {
    thrower.run();
  } catch (int number) {
    caught = number;
  }
  EXPECT(caught == 42);

  auto options = lat::defaults<lat_evaluate_options>();
  options.count = 4;
  EXPECT(lat::evaluate(model, options).at(0).count == 4);
  test_observing(model);
}

// What was moved from, and what it was moved into is gone.
void test_moved_from(const lat::context &ctx) {
  lat::task problem(ctx, "transpose", 2);
  lat::tokenizer tokens(ctx);
  lat::model model(problem, tokens, small());
  lat::solver solver(model);
  lat::trainer trainer(model, lat::defaults<lat_optimizer_options>(), short_run());
  lat::matrix a(2, 2, {1, 2, 3, 4});
  const auto refused = [](auto function) { return status_of(function) == LAT_ERROR_ARGUMENT; };
  {
    lat::solver last_solver(std::move(solver));
    lat::trainer last_trainer(std::move(trainer));
    EXPECT(last_solver.solve(a).first.rows() == 2);
    lat::matrix last_matrix(std::move(a));
    EXPECT(refused([&] { last_solver.solve(a); }) || a.rows() == 0);
    EXPECT(refused([&] { last_solver.solve(last_matrix.view(), a.view()); }));
    lat::model last_model(std::move(model));
    lat::tokenizer last_tokens(std::move(tokens));
    lat::task last_problem(std::move(problem));
  }
  const lat::matrix b(2, 2, {1, 2, 3, 4});
  EXPECT(refused([&] { solver.solve(b); }));
  EXPECT(refused([&] { solver.select("transpose"); }));
  EXPECT(refused([&] { trainer.run(); }));
  EXPECT(trainer.progress().examples == 0);
  EXPECT(refused([&] { model.save("never"); }));
  EXPECT(refused([&] { model.clone(); }));
  EXPECT(refused([&] { model.freeze(); }));
  EXPECT(refused([&] { lat::solver again(model); }));
  EXPECT(refused([&] { lat::evaluate(model); }));
  EXPECT(refused([&] { lat::model again(problem, tokens); }));
  EXPECT(model.parameter_count() == 0);
}

// C would take what stands before the null character.
void test_null_characters(const lat::context &ctx) {
  using namespace std::string_literals;
  const lat::model model(lat::task(ctx, "transpose", 2), lat::tokenizer(ctx), small());
  lat::solver solver(model);
  EXPECT(is_invalid([&] { lat::task task(ctx, "transpose\0x"s, 2); }));
  EXPECT(is_invalid([&] { model.save("never\0x"s); }));
  EXPECT(is_invalid([&] { lat::model::load(ctx, "never\0x"s); }));
  EXPECT(is_invalid([&] { lat::model::load_named(ctx, "never\0x"s); }));
  EXPECT(is_invalid([&] { solver.select("transpose\0x"s); }));
}

void test_operands(const lat::context &ctx) {
  const lat::task systems(ctx, "linear-system", 2, 1), decomposition(ctx, "svd", 2);
  const lat::matrix a(2, 2, {2, 0, 0, 4}), b(2, 1, {1, 2});
  EXPECT(systems.answer({a, b})[0].values() == std::vector<double>({0.5, 0.5}));
  EXPECT(systems.options().cols == 1);
  const std::vector<lat::matrix> parts = decomposition.answer({a});
  EXPECT(parts.size() == 3 && parts[0](0, 0) == 4 && parts[2].rows() == 2);
  EXPECT(status_of([&] { systems.answer({a}); }) == LAT_ERROR_ARGUMENT);
  EXPECT(status_of([&] { systems.answer({b, a}); }) == LAT_ERROR_SHAPE);
  auto options = lat::defaults<lat_decode_options>();
  options.fallback = 1;
  lat::solver solver(lat::model(systems, lat::tokenizer(ctx), small()), options);
  const auto [x, report] = solver.solve(std::vector<lat::matrix>{a, b});
  EXPECT(x[0](1, 0) == 0.5 && report.source == LAT_SOURCE_LAPACK);
  EXPECT(status_of([&] { solver.solve(a); }) == LAT_ERROR_ARGUMENT);
  const auto both = solver.solve_many(std::vector<std::vector<lat::matrix>>{{a, b}, {a, b}});
  EXPECT(both.size() == 2 && both[1].first[0].values() == x[0].values());
  EXPECT(is_invalid([&] {
    solver.solve_many(std::vector<std::vector<lat::matrix>>{{a, b}, {a}});
  }));
}

bool close(const std::vector<double> &found, const std::vector<double> &expected) {
  bool all = found.size() == expected.size();
  for (std::size_t i = 0; all && i < found.size(); ++i) {
    all = std::abs(found[i] - expected[i]) <= 1e-12 * (1 + std::abs(expected[i]));
  }
  return all;
}

std::int32_t twice(double *y, const double *x, std::int64_t size, void *calls) noexcept {
  ++*static_cast<int *>(calls);
  for (std::int64_t i = 0; i < size; ++i) {
    y[i] = 2 * x[i];
  }
  return 0;
}

void test_operator_leaves(const lat::context &ctx) {
  using lat::linear_operator;
  auto dense = linear_operator::dense(ctx, {2, 2, {2, 1, 0, 4}});
  EXPECT(dense.size() == 2 && close(dense.apply({1, 2}), {4, 8}));
  EXPECT(close(dense.solve({4, 8, 2, 0}), {1, 2, 1, 0}));
  EXPECT(std::abs(dense.eigenvalues().at(1) - 4.0) < 1e-12);
  EXPECT(std::abs(dense.log_determinant().first - std::log(8.0)) < 1e-14);
  EXPECT(dense.log_determinant().second == 1);
  EXPECT(is_invalid([&] { dense.apply({1, 2, 3}); }) && is_invalid([&] { dense.solve({}); }));
  EXPECT(status_of([&] { linear_operator::dense(ctx, {1, 2}); }) == LAT_ERROR_SHAPE);
  EXPECT(close(linear_operator::diagonal(ctx, {3, 5}).apply({1, 1}), {3, 5}));
  EXPECT(close(linear_operator::tridiagonal(ctx, 2, 1, 3).apply({1, 1, 1}), {3, 4, 3}));
  EXPECT(close(linear_operator::circulant(ctx, {1, 2}).apply({1, 0}), {1, 2}));
  auto other = std::move(dense);
  EXPECT(status_of([&] { dense.apply({1, 2}); }) == LAT_ERROR_ARGUMENT);
}

void test_operator_composites(const lat::context &ctx) {
  using lat::linear_operator;
  const auto a = linear_operator::diagonal(ctx, {2, 3}), b = linear_operator::diagonal(ctx, {5, 7});
  EXPECT(close(linear_operator::kronecker({&a, &b}).apply({1, 1, 1, 1}), {10, 14, 15, 21}));
  EXPECT(linear_operator::kronecker_sum({&a, &b}).eigenvalues().at(3).real() == 10);
  EXPECT(close(linear_operator::block_diagonal({&a, &b}).solve({2, 3, 5, 7}), {1, 1, 1, 1}));
  const lat::matrix u(2, 1, {1, 0});
  EXPECT(close(linear_operator::low_rank(a, u, u).apply({1, 1}), {3, 3}));
  EXPECT(status_of([&] { linear_operator::kronecker({&a, nullptr}); }) == LAT_ERROR_ARGUMENT);
  int calls = 0;
  const auto product = linear_operator::function(ctx, twice, &calls, 2);
  EXPECT(close(product.apply({1, 2}), {2, 4}) && calls == 1);
  const auto found = product.conjugate_gradients({2, 2}, 1e-10, 5, &a, {1, 0});
  EXPECT(close(found.x, {1, 1}) && found.steps > 0 && found.residual <= 1e-10);
  EXPECT(is_invalid([&] { product.conjugate_gradients({2}); }));
  auto options = lat::defaults<lat_decode_options>();
  options.fallback = 1;
  lat::solver solver(lat::model(lat::task(ctx, "inverse", 2), lat::tokenizer(ctx), small()),
                     options);
  const auto [learned, report] = linear_operator::learned(solver, {2, 2, {2, 0, 0, 4}});
  EXPECT(report.source == LAT_SOURCE_LAPACK && close(learned.solve({2, 4}), {1, 1}));
}

void test_linear_attention(const lat::context &ctx) {
  lat::linear_attention stack(ctx, 1, 1, 2);
  const lat::matrix z(3, 2, {1, 2, 2, 4, 1, 0}); // examples of y = 2 x, and a query
  EXPECT(stack.size() == 12 && stack.apply(z, 2).values() == z.values());
  stack.set_descent(lat::matrix(1, 1), 0.4, 2);
  const double before = stack.apply(z, 2)(2, 1);
  EXPECT(std::abs(before + 0.4 * (1 * 2 + 2 * 4) / 2) < 1e-14);
  const auto [d_parameters, d_z] = stack.gradient(z, {3, 2, {0, 0, 0, 0, 0, 1}}, 2);
  stack.parameters()[7] += 1e-6;
  EXPECT(std::abs((stack.apply(z, 2)(2, 1) - before) / 1e-6 - d_parameters[7]) < 1e-4);
  EXPECT(std::abs(d_parameters[7]) > 0.1 && d_z.rows() == 3);
  stack.view(0, LAT_LINEAR_P).data[1] = 9;
  EXPECT(stack.parameters()[5] == 9);
  EXPECT(status_of([&] { stack.view(1, LAT_LINEAR_P); }) == LAT_ERROR_ARGUMENT);
  EXPECT(is_invalid([&] { stack.apply(lat::matrix(1, 3), 1); }));
}

// What a layer adds to the query is found again from examples of it.
void test_linear_fit(const lat::context &ctx) {
  lat::linear_attention known(ctx, 1, 1, 2), fitted(ctx, 1, 2, 2);
  known.set_descent(lat::matrix(1, 1), 0.3, 2);
  std::vector<lat::matrix> z;
  lat::matrix y(12, 1);
  for (int i = 0; i < 12; ++i) {
    lat::matrix example(3, 2);
    for (int j = 0; j < 6; ++j) {
      example(j / 2, j % 2) = std::sin((6.0 * i + j) * (6.0 * i + j));
    }
    y(i, 0) = known.apply(example, 2)(2, 1) - example(2, 1);
    z.push_back(example);
  }
  const lat_linear_certificate told = fitted.fit(z, y, 2);
  EXPECT(told.rank == 6 && told.unique == 1 && told.residual < 1e-12);
  EXPECT(std::abs(fitted.apply(z[0], 2)(2, 1) - z[0](2, 1) - y(0, 0)) < 1e-10);
  EXPECT(is_invalid([&] { fitted.fit(z, lat::matrix(2, 1), 2); }));
}

} // namespace

int main() {
  const lat::context ctx;
  test_matrix();
  test_errors(ctx);
  test_handles_outlive_parents();
  test_orders(ctx);
  test_named_models(ctx);
  test_mixture(ctx);
  test_operands(ctx);
  test_training(ctx);
  test_moved_from(ctx);
  test_null_characters(ctx);
  test_operator_leaves(ctx);
  test_operator_composites(ctx);
  test_linear_attention(ctx);
  test_linear_fit(ctx);
}
