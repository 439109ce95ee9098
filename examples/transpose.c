/* Trains a small transformer to transpose 5x5 matrices, saves it, and transposes one with the file.
 *
 *   transpose [EXAMPLES [FILE]]     50000 examples, transpose.safetensors
 */
#include "example.h"

#include <stdlib.h>

static lat_status create_model(lat_model **model, lat_context *ctx) {
  lat_status status = LAT_OK;
  lat_tokenizer *tokenizer = NULL;
  lat_task *task = NULL;
  lat_task_options problem;
  lat_model_options architecture;
  lat_task_options_init(&problem);
  problem.name = "transpose";
  problem.rows = 5;
  lat_model_options_init(&architecture);
  architecture.encoder_width = architecture.decoder_width = 128;
  architecture.encoder_heads = architecture.decoder_heads = 4;
  architecture.norm = LAT_NORM_PRE;
  architecture.activation = LAT_GELU;
  architecture.matrix_positions = 1;
  TRY(lat_tokenizer_create(&tokenizer, ctx, NULL)); /* p1000 on both sides */
  TRY(lat_task_create(&task, ctx, &problem));
  TRY(lat_model_create(model, task, tokenizer, &architecture));
done: /* the model keeps its own references */
  lat_task_free(task);
  lat_tokenizer_free(tokenizer);
  return status;
}

static lat_status train(lat_model *model, int64_t examples) {
  lat_status status = LAT_OK;
  lat_trainer *trainer = NULL;
  lat_optimizer_options rule;
  lat_trainer_options run;
  lat_optimizer_options_init(&rule);
  rule.rule = "adamw";
  rule.beta2 = 0.98;
  rule.learning_rate = 2e-3;
  rule.clip_norm = 1;
  rule.schedule = "cosine";
  rule.warmup = 300;
  rule.period = examples / 32;
  rule.floor = 0.02;
  lat_trainer_options_init(&run);
  run.batch_size = 32;
  run.max_examples = examples;
  run.until_exact = 99;
  run.progress = show_progress;
  TRY(lat_trainer_create(&trainer, model, &rule, &run));
  TRY(lat_trainer_run(trainer));
done:
  lat_trainer_free(trainer);
  return status;
}

static lat_status transpose(lat_context *ctx, const char *path) {
  double a_data[25], x_data[25];
  lat_matrix a = {a_data, 5, 5, 5, LAT_ROW_MAJOR}, x = {x_data, 5, 5, 5, LAT_ROW_MAJOR};
  lat_status status = LAT_OK;
  lat_model *model = NULL;
  lat_solver *solver = NULL;
  lat_report report;
  lat_report_init(&report);
  for (int i = 0; i < 25; ++i) {
    a_data[i] = i - 7.5;
  }
  TRY(lat_model_load(&model, ctx, path, NULL));
  TRY(lat_solver_create(&solver, model, NULL));
  TRY(lat_solver_solve(&x, &report, solver, &a));
  show_matrix("A", &a);
  show_matrix("its transpose, as learned", &x);
  show_report(&report);
done:
  lat_solver_free(solver);
  lat_model_free(model);
  return status;
}

int main(int argc, char **argv) {
  int64_t examples = argc > 1 ? strtoll(argv[1], NULL, 10) : 50000;
  const char *path = argc > 2 ? argv[2] : "transpose.safetensors";
  lat_status status = LAT_OK;
  lat_context *ctx = NULL;
  lat_model *model = NULL;
  TRY(lat_context_create(&ctx, NULL));
  TRY(create_model(&model, ctx));
  TRY(train(model, examples));
  TRY(lat_model_save(model, path));
  TRY(transpose(ctx, path));
done:
  lat_model_free(model);
  lat_context_free(ctx);
  return show_outcome(status);
}
