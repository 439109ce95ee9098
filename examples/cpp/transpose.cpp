// Trains a small transformer to transpose 3x3 matrices, saves it, and transposes one with the file.
//
//   transpose [EXAMPLES [FILE]]     30000 examples, transpose.safetensors
#include <lat/lat.hpp>

#include <cstdlib>
#include <iostream>

namespace {

lat::model create_model(const lat::context &ctx) {
  auto architecture = lat::defaults<lat_model_options>();
  architecture.encoder_width = architecture.decoder_width = 64;
  architecture.encoder_heads = architecture.decoder_heads = 4;
  architecture.norm = LAT_NORM_PRE;
  architecture.activation = LAT_GELU;
  architecture.matrix_positions = 1;
  architecture.init = LAT_INIT_FOURIER;
  return lat::model(lat::task(ctx, "transpose", 3), lat::tokenizer(ctx), architecture);
}

bool show(const lat_progress &progress) {
  std::cout << progress.examples << " examples, loss " << progress.loss << " a token\n";
  return true; // go on
}

void train(const lat::model &model, std::int64_t examples) {
  auto rule = lat::defaults<lat_optimizer_options>();
  rule.rule = "adamw";
  rule.learning_rate = 2e-3;
  rule.beta2 = 0.98;
  rule.warmup = 100;
  rule.clip_norm = 1;
  auto run = lat::defaults<lat_trainer_options>();
  run.batch_size = 32;
  run.max_examples = examples;
  run.until_exact = 99;
  run.validate_every = 4000;
  run.validate_count = 200;
  lat::trainer(model, rule, run, show).run();
}

void transpose(const lat::context &ctx, const std::string &path) {
  lat::solver solver(lat::model::load(ctx, path));
  auto [x, report] = solver.solve({3, 3, {1, 2, 3, 4, 5, 6, 7, 8, 9}});
  for (std::int32_t i = 0; i < x.rows(); ++i) {
    for (std::int32_t j = 0; j < x.cols(); ++j) {
      std::cout << x(i, j) << (j + 1 < x.cols() ? ' ' : '\n');
    }
  }
  std::cout << "residual " << report.residual << ": "
            << (report.verdict == LAT_VERDICT_WITHIN ? "solved" : "not solved") << '\n';
}

} // namespace

int main(int argc, char **argv) {
  try {
    const std::int64_t examples = argc > 1 ? std::strtoll(argv[1], nullptr, 10) : 30000;
    const std::string path = argc > 2 ? argv[2] : "transpose.safetensors";
    const lat::context ctx;
    const lat::model model = create_model(ctx);
    train(model, examples);
    model.save(path);
    transpose(ctx, path);
  } catch (const std::exception &error) {
    std::cerr << error.what() << '\n';
    return EXIT_FAILURE;
  }
}
