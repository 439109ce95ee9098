/* Trains a small model and saves it; transpose.c has the same in steps. */
#include "example.h"

lat_status create_task(lat_task **task, lat_context *ctx, const char *name, int32_t size) {
  lat_task_options options;
  lat_task_options_init(&options);
  options.name = name;
  options.rows = size;
  return lat_task_create(task, ctx, &options);
}

static void choose(lat_model_options *architecture, lat_optimizer_options *rule) {
  lat_model_options_init(architecture);
  architecture->encoder_width = architecture->decoder_width = 128;
  architecture->encoder_heads = architecture->decoder_heads = 4;
  architecture->encoder_layers = 2;
  architecture->encoder_loops = 2; /* two layers, applied twice */
  architecture->norm = LAT_NORM_PRE;
  architecture->activation = LAT_GELU;
  architecture->matrix_positions = 1;
  architecture->max_positions = 64;      /* a custom task's matrices could be 100 x 100 */
  architecture->init = LAT_INIT_FOURIER; /* an ordered start for the symbols of numbers */
  lat_optimizer_options_init(rule);
  rule->rule = "muon";
  rule->learning_rate = 1e-3;
  rule->clip_norm = 1;
  rule->warmup = 300;
}

lat_status train_small(const char *path, lat_context *ctx, lat_task *task, int64_t examples) {
  lat_status status = LAT_OK;
  lat_tokenizer *tokenizer = NULL;
  lat_model *model = NULL;
  lat_trainer *trainer = NULL;
  lat_model_options architecture;
  lat_optimizer_options rule;
  lat_trainer_options run;
  choose(&architecture, &rule);
  lat_trainer_options_init(&run);
  run.batch_size = 32;
  run.max_examples = examples;
  run.progress = show_progress;
  TRY(lat_tokenizer_create(&tokenizer, ctx, NULL));
  TRY(lat_model_create(&model, task, tokenizer, &architecture));
  TRY(lat_trainer_create(&trainer, model, &rule, &run));
  TRY(lat_trainer_run(trainer));
  TRY(lat_model_save(model, path));
done:
  lat_trainer_free(trainer);
  lat_model_free(model);
  lat_tokenizer_free(tokenizer);
  return status;
}
