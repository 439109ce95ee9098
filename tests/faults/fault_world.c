#include "fault_world.h"

#include "task/registry.h"

static void open_tasks(fault_world *world) {
  lat_task_options options;
  lat_task_options_init(&options);
  options.rows = 2;
  options.name = "inverse";
  CHECK_OK(lat_task_create(&world->task, world->ctx, &options));
  options.name = "eigenvalues";
  CHECK_OK(lat_task_create(&world->other, world->ctx, &options));
  lat_task *const tasks[] = {world->task, world->other};
  CHECK_OK(lat_task_create_mixture(&world->mixture, world->ctx, tasks, NULL, 2));
}

static void open_model(fault_world *world, int with) {
  lat_tokenizer_options tokenizer;
  lat_model_options model;
  lat_tokenizer_options_init(&tokenizer);
  tokenizer.input_encoding = tokenizer.output_encoding = "p10";
  CHECK_OK(lat_tokenizer_create(&world->tokenizer, world->ctx, &tokenizer));
  CHECK_OK(lat_sampler_create(&world->sampler, world->task, world->tokenizer, NULL));
  CHECK_OK(lat_batch_create(&world->batch, world->tokenizer));
  CHECK_OK(lat_batch_create(&world->empty, world->tokenizer));
  CHECK_OK(lat_sampler_next(world->batch, world->sampler, 3));
  small_run_model_options(&model);
  CHECK_OK(lat_model_create(&world->model, with & WITH_MIXTURE ? world->mixture : world->task,
                            world->tokenizer, &model));
  CHECK_OK(lat_model_clone(&world->frozen, world->model));
  CHECK_OK(lat_model_freeze(world->frozen));
}

static void save_custom_model(const fault_world *world) {
  lat_model_options options;
  lat_model *model = NULL;
  lat_task *task = NULL;
  json_t *description = json_pack("{s:s, s:[{s:s, s:b}, {s:s, s:b}]}", "name", "mixture", "tasks",
                                  "name", "first", "custom", 1, "name", "second", "custom", 1);
  CHECK_OK(lati_task_placeholders(&task, world->ctx, description));
  json_decref(description);
  small_run_model_options(&options);
  options.max_positions = 16;
  CHECK_OK(lat_model_create(&model, task, world->tokenizer, &options));
  CHECK_OK(lat_model_save(model, world->path));
  lat_model_free(model);
  lat_task_free(task);
}

static void open_training(fault_world *world, int with) {
  if (with & WITH_GRADIENTS) {
    CHECK_OK(lat_gradients_create(&world->gradients, world->model));
    CHECK_OK(lat_optimizer_create(&world->optimizer, world->model, &world->optimizer_options));
  }
  if (with & (WITH_TRAINER | WITH_RUN | WITH_NEW_TRAINER)) {
    CHECK_OK(lat_trainer_create(&world->trainer, world->model, &world->optimizer_options,
                                &world->trainer_options));
  }
  if (with & (WITH_TRAINER | WITH_RUN)) {
    CHECK_OK(lat_trainer_run(world->trainer));
  }
  if (with & WITH_RUN) {
    lat_trainer_free(world->trainer);
    world->trainer = NULL;
  }
}

static void open_options(fault_world *world, const scratch_folder *folder) {
  static int number;
  char name[32];
  snprintf(name, sizeof name, "run%d", ++number);
  scratch_file(world->directory, folder, name);
  scratch_file(world->path, folder, "model.safetensors");
  small_run_optimizer_options(&world->optimizer_options, "muon");
  world->optimizer_options.ema_decay = 0.9;
  small_run_trainer_options(&world->trainer_options, world->directory);
  world->trainer_options.batch_size = 1;
  world->trainer_options.max_examples = 2;
  world->trainer_options.validate_every = world->trainer_options.validate_count = 1;
  world->trainer_options.checkpoint_every = 1;
  world->trainer_options.report_every = 1;
}

int32_t double_it(double *y, const double *x, int64_t size, void *user) {
  (void)user;
  for (int64_t i = 0; i < size; ++i) {
    y[i] = 2 * x[i];
  }
  return 0;
}

void fault_host_open(fault_host *host, int counted) {
  memset(host, 0, sizeof *host);
  lat_context_options_init(&host->options);
  if (counted) {
    host->options = counting_options(&host->allocator);
  }
  host->options.threads = 1;
  host->options.precision = LAT_PRECISION_F32;
  CHECK_OK(lat_context_create(&host->ctx, &host->options));
}

void fault_host_close(fault_host *host) {
  lat_context_free(host->ctx);
  ck_assert_int_eq(host->allocator.live, 0);
}

void fault_world_open(fault_world *world, fault_host *host, const scratch_folder *folder,
                      int with) {
  memset(world, 0, sizeof *world);
  world->host = host;
  world->ctx = host->ctx;
  lat_loss_sum_init(&world->sum);
  open_options(world, folder);
  open_tasks(world);
  open_model(world, with);
  open_training(world, with);
  if (with & WITH_DECODING) {
    CHECK_OK(lat_session_create(&world->session, world->frozen, NULL));
    CHECK_OK(lat_solver_create(&world->solver, world->frozen, NULL));
  }
  if (with & WITH_FILE) {
    CHECK_OK(lat_model_save(world->frozen, world->path));
  }
  if (with & WITH_CUSTOM_FILE) {
    save_custom_model(world);
  }
  memcpy(world->numbers, (double[]){2, 1, 1, 3}, sizeof world->numbers);
  world->input = (lat_matrix){world->numbers, 2, 2, 2, LAT_ROW_MAJOR};
  world->output = (lat_matrix){world->answer, 2, 2, 2, LAT_ROW_MAJOR};
  CHECK_OK(lat_operator_create_dense(&world->op, world->ctx, &world->input));
  CHECK_OK(lat_linear_create(&world->stack, world->ctx, 2, 2, 2));
}

void fault_world_close(fault_world *world) {
  lat_trainer_free(world->trainer);
  lat_linear_free(world->stack);
  lat_operator_free(world->op);
  lat_solver_free(world->solver);
  lat_session_free(world->session);
  lat_optimizer_free(world->optimizer);
  lat_gradients_free(world->gradients);
  lat_model_free(world->frozen);
  lat_model_free(world->model);
  lat_batch_free(world->empty);
  lat_batch_free(world->batch);
  lat_sampler_free(world->sampler);
  lat_tokenizer_free(world->tokenizer);
  lat_task_free(world->mixture);
  lat_task_free(world->other);
  lat_task_free(world->task);
}
