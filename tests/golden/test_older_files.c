/* Files of an earlier build of the library, committed as they were written: models in f32 and bf16
 * with the options of their time load and give the losses that they gave then, and a checkpoint
 * resumes. They were written before block kinds and architectures became a table. */
#include "golden/golden_files.h"
#include "scratch_folder.h"
#include "suite.h"

#include <math.h>

enum { EXAMPLES = 16 };

typedef struct older_model {
  const char *file;
  double loss; /* of the first EXAMPLES examples of seed 0, in f32 */
} older_model;

static const older_model models[] = {
    {"older-transpose.safetensors", 2339.15425}, /* post-norm, learned positions, p10, f32 */
    {"older-eigenvalues.safetensors",
     1649.256663}, /* every option of the model that is not a default, bf16 */
};

static lat_context *ctx;

static void ok(lat_status status) {
  ck_assert_msg(status == LAT_OK, "%s: %s", lat_status_name(status), lat_last_error());
}

static void set_up(void) {
  lat_context_options options;
  lat_context_options_init(&options);
  options.precision = LAT_PRECISION_F32;
  ok(lat_context_create(&ctx, &options));
}

static void tear_down(void) {
  lat_context_free(ctx);
}

START_TEST(models_load_and_score) {
  const older_model *older = &models[_i];
  lat_model *model = NULL;
  lat_sampler *sampler = NULL;
  lat_batch *batch = NULL;
  lat_loss_sum sum;
  lat_loss_sum_init(&sum);
  ok(lat_model_load(&model, ctx, golden_path(older->file), NULL));
  ok(lat_sampler_create(&sampler, lat_model_task(model), lat_model_tokenizer(model), NULL));
  ok(lat_batch_create(&batch, lat_model_tokenizer(model)));
  ok(lat_sampler_next(batch, sampler, EXAMPLES));
  ok(lat_model_loss(&sum, model, batch));
  ck_assert_msg(fabs(sum.loss - older->loss) <= 1e-5 * older->loss, "%s: %.10g", older->file,
                sum.loss);
  lat_batch_free(batch);
  lat_sampler_free(sampler);
  lat_model_free(model);
}
END_TEST

/* The options that the run was started with. */
static void create_model(lat_model **out) {
  lat_task *task = NULL;
  lat_tokenizer *tokenizer = NULL;
  lat_task_options task_options;
  lat_tokenizer_options encodings;
  lat_model_options options;
  lat_task_options_init(&task_options);
  task_options.rows = 2;
  ok(lat_task_create(&task, ctx, &task_options));
  lat_tokenizer_options_init(&encodings);
  encodings.input_encoding = encodings.output_encoding = "p10";
  ok(lat_tokenizer_create(&tokenizer, ctx, &encodings));
  lat_model_options_init(&options);
  options.encoder_width = 16;
  options.decoder_width = 8;
  options.encoder_heads = options.decoder_heads = 2;
  options.seed = 4;
  ok(lat_model_create(out, task, tokenizer, &options));
  lat_tokenizer_free(tokenizer);
  lat_task_free(task);
}

START_TEST(checkpoint_resumes) {
  scratch_folder folder;
  char path[256];
  lat_model *model = NULL;
  lat_trainer *trainer = NULL;
  lat_optimizer_options optimizer;
  lat_trainer_options options;
  lat_progress progress;
  scratch_open(&folder);
  file_bytes checkpoint = read_bytes(golden_path("older-checkpoint.safetensors"));
  write_bytes(scratch_file(path, &folder, "checkpoint.safetensors"), checkpoint.data,
              checkpoint.size);
  free(checkpoint.data);
  create_model(&model);
  lat_optimizer_options_init(&optimizer);
  lat_trainer_options_init(&options);
  options.directory = folder.path;
  options.seed = 4;
  options.batch_size = 16;
  options.max_examples = 96;
  options.validate_every = 0;
  ok(lat_trainer_resume(&trainer, model, &optimizer, &options));
  ok(lat_trainer_run(trainer));
  lat_progress_init(&progress);
  lat_trainer_progress(&progress, trainer);
  ck_assert_int_eq(progress.examples, 96);
  ck_assert_int_eq(progress.updates, 6);
  lat_trainer_free(trainer);
  lat_model_free(model);
  scratch_close(&folder);
}
END_TEST

int main(void) {
  TCase *tests = tcase_create("files");
  tcase_add_checked_fixture(tests, set_up, tear_down);
  tcase_add_loop_test(tests, models_load_and_score, 0, sizeof models / sizeof models[0]);
  tcase_add_test(tests, checkpoint_resumes);
  return run_case("older files", tests);
}
