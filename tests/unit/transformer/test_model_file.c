/* Models written and read back, and files that are refused. */
#include "model_fixture.h"
#include "transformer/safetensors.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char path[64];

static void make_path(void) {
  snprintf(path, sizeof path, "/tmp/lat-model-%ld.safetensors", (long)getpid());
}

static void remove_path(void) {
  unlink(path);
}

static void open_exotic(model_fixture *f) {
  lat_model_options options;
  model_fixture_options(&options);
  options.norm = LAT_NORM_PRE;
  options.activation = LAT_GELU;
  options.factored = options.matrix_positions = 1;
  options.decoder_loops = 2;
  model_fixture_open(f, &(model_plan){.output = "fp15", .model = &options});
}

START_TEST(a_loaded_model_is_the_saved_one) {
  model_fixture f;
  lat_model *loaded = NULL;
  if (_i == 0) {
    model_fixture_open(&f, &(model_plan){0});
  } else {
    open_exotic(&f);
  }
  must(lat_model_save(f.model, path));
  must(lat_model_load(&loaded, f.ctx, path, NULL));
  ck_assert_mem_eq(lat_model_parameters(loaded), lat_model_parameters(f.model),
                   lat_model_parameter_count(f.model) * sizeof(float));
  ck_assert_str_eq(lat_model_config(loaded), lat_model_config(f.model));
  ck_assert_ptr_ne(lat_model_tokenizer(loaded), f.tokenizer);
  ck_assert(model_fixture_loss(loaded, f.batch) == model_fixture_loss(f.model, f.batch));
  float *parameters = NULL;
  ck_assert_int_eq(lat_model_map(&parameters, loaded), LAT_ERROR_STATE);
  lat_model_free(loaded);
  model_fixture_close(&f);
}
END_TEST

/* Every parameter is the nearest bf16, or its neighbour of the same distance. */
START_TEST(bf16_storage_rounds_parameters) {
  model_fixture f;
  lat_model *loaded = NULL, *again = NULL;
  char second[80];
  snprintf(second, sizeof second, "%s.second", path);
  model_fixture_open(&f, &(model_plan){0});
  const float *before = lat_model_parameters(f.model);
  const size_t count = lat_model_parameter_count(f.model);
  must(lat_model_save_as(f.model, path, "bf16"));
  must(lat_model_load(&loaded, f.ctx, path, NULL));
  const float *after = lat_model_parameters(loaded);
  for (size_t i = 0; i < count; ++i) {
    ck_assert_float_le(fabsf(after[i] - before[i]), 0x1p-8F * fabsf(before[i]));
  }
  ck_assert(memcmp(before, after, count * sizeof *before) != 0);
  ck_assert_str_eq(lat_model_config(loaded), lat_model_config(f.model));
  must(lat_model_save_as(loaded, second, "bf16"));
  must(lat_model_load(&again, f.ctx, second, NULL));
  ck_assert_mem_eq(lat_model_parameters(again), after, count * sizeof *after);
  unlink(second);
  must_fail(LAT_ERROR_ARGUMENT, lat_model_save_as(loaded, second, "f64"),
            "storage 'f64' is none of f32, bf16 and f16");
  ck_assert_int_ne(access(second, F_OK), 0);
  lat_model_free(again);
  lat_model_free(loaded);
  model_fixture_close(&f);
}
END_TEST

/* Writes the model's file again with one thing changed. */
typedef struct change {
  int32_t count;       /* tensors written, relative to all */
  float last;          /* last element of the last tensor */
  const char *rename;  /* name of the last tensor; NULL: its own */
  const char *config;  /* NULL: the model's own; "": none */
  const char *message; /* behind "PATH: " */
} change;

static const change changes[] = {
    {-1, 0, NULL, NULL, "50 tensors; its lat.config describes 51"},
    {0, INFINITY, NULL, NULL, "decoder.proj.bias: element 340 is not finite"},
    {0, 0, "decoder.proj.bios", NULL, "there is no tensor decoder.proj.bias"},
    {0, 0, NULL, "", "there is no lat.config in its metadata"},
    {0, 0, NULL, "{}", "lat.config: task is missing or not an object"},
};

static void write_changed(const model_fixture *f, const change *how) {
  lati_tensor_view views[64];
  const int32_t count = lat_model_tensor_count(f->model);
  const size_t total = lat_model_parameter_count(f->model);
  float *data = malloc(total * sizeof *data);
  memcpy(data, lat_model_parameters(f->model), total * sizeof *data);
  data[total - 1] = how->last;
  for (int32_t i = 0; i < count; ++i) {
    lat_tensor tensor;
    lat_tensor_init(&tensor);
    must(lat_model_tensor(&tensor, f->model, i));
    views[i] = (lati_tensor_view){.name = tensor.name,
                                  .rank = tensor.rank,
                                  .shape = {tensor.shape[0], tensor.shape[1]},
                                  .data = data + tensor.offset};
  }
  views[count - 1].name = how->rename != NULL ? how->rename : views[count - 1].name;
  const char *config = how->config != NULL ? how->config : lat_model_config(f->model);
  json_t *metadata = config[0] == '\0' ? json_object() : json_pack("{s:s}", "lat.config", config);
  must(lati_safetensors_write(f->ctx, path, views, count + how->count, metadata));
  json_decref(metadata);
  free(data);
}

START_TEST(changed_files_are_refused) {
  model_fixture f;
  char message[256];
  model_fixture_open(&f, &(model_plan){0});
  lat_model *model = f.model;
  write_changed(&f, &changes[_i]);
  snprintf(message, sizeof message, "%s: %s", path, changes[_i].message);
  must_fail(LAT_ERROR_FORMAT, lat_model_load(&model, f.ctx, path, NULL), message);
  ck_assert_ptr_null(model);
  model_fixture_close(&f);
}
END_TEST

START_TEST(bad_paths_and_arguments_are_refused) {
  model_fixture f;
  model_fixture_open(&f, &(model_plan){0});
  lat_model *model = f.model;
  ck_assert_int_eq(lat_model_load(&model, f.ctx, "/nowhere/at/all", NULL), LAT_ERROR_IO);
  ck_assert_ptr_null(model);
  ck_assert_int_eq(lat_model_save(f.model, "/nowhere/at/all"), LAT_ERROR_IO);
  must_fail(LAT_ERROR_ARGUMENT, lat_model_load(&model, f.ctx, NULL, NULL), "path is NULL");
  must_fail(LAT_ERROR_ARGUMENT, lat_model_load(&model, NULL, path, NULL), "context is NULL");
  must_fail(LAT_ERROR_ARGUMENT, lat_model_load(NULL, f.ctx, path, NULL), "out is NULL");
  must_fail(LAT_ERROR_ARGUMENT, lat_model_save(f.model, NULL), "path is NULL");
  must_fail(LAT_ERROR_ARGUMENT, lat_model_save(NULL, path), "model is NULL");
  model_fixture_close(&f);
}
END_TEST

static int32_t always_one(int32_t *rows, int32_t *cols, lat_random *random, void *user) {
  (void)random;
  (void)user;
  *rows = *cols = 1;
  return 0;
}

static int32_t same_shape(int32_t *rows, int32_t *cols, const int32_t *input_rows,
                          const int32_t *input_cols, void *user) {
  (void)user;
  *rows = *input_rows;
  *cols = *input_cols;
  return 0;
}

static int32_t draw_one(lat_matrix *input, lat_random *random, void *user) {
  (void)user;
  input->data[0] = lat_random_uniform(random);
  return 0;
}

static int32_t copy_one(lat_matrix *output, const lat_matrix *input, void *user) {
  (void)user;
  output->data[0] = input->data[0];
  return 0;
}

static lat_task *create_custom(lat_context *ctx, const char *name, int32_t letter) {
  lat_task_functions functions;
  lat_task *task = NULL;
  lat_task_functions_init(&functions);
  functions.name = name;
  functions.letter = letter;
  functions.input_shape = always_one;
  functions.output_shape = same_shape;
  functions.draw = draw_one;
  functions.answer = copy_one;
  must(lat_task_create_custom(&task, ctx, &functions, NULL));
  return task;
}

START_TEST(a_custom_task_is_asked_for) {
  model_fixture f;
  lat_model_options options;
  lat_model *model = NULL, *loaded = NULL;
  model_fixture_open(&f, &(model_plan){0});
  lat_task *task = create_custom(f.ctx, "copy-one", 'C');
  model_fixture_options(&options);
  options.max_positions = 16;
  must(lat_model_create(&model, task, f.tokenizer, &options));
  must(lat_model_save(model, path));
  ck_assert_int_eq(lat_model_load(&loaded, f.ctx, path, NULL), LAT_ERROR_NOT_FOUND);
  ck_assert_int_eq(lat_model_load(&loaded, f.ctx, path, f.task), LAT_ERROR_NOT_FOUND);
  must(lat_model_load(&loaded, f.ctx, path, task));
  ck_assert_ptr_eq(lat_model_task(loaded), task);
  lat_model_free(loaded);
  lat_model_free(model);
  lat_task_free(task);
  model_fixture_close(&f);
}
END_TEST

/* A model of one custom task, or of a mixture with a built-in and another custom one, whose letters
 * are those that a placeholder would take last. */
static lat_model *create_custom_model(const model_fixture *f, int mixed) {
  lat_task *tasks[3] = {create_custom(f->ctx, "copy-one", 'Z'), f->task,
                        create_custom(f->ctx, "copy-two", 'B')};
  lat_task *mixture = NULL;
  lat_model *model = NULL;
  lat_model_options options;
  model_fixture_options(&options);
  options.max_positions = 40;
  must(lat_task_create_mixture(&mixture, f->ctx, tasks, NULL, 3));
  must(lat_model_create(&model, mixed ? mixture : tasks[0], f->tokenizer, &options));
  lat_task_free(mixture);
  lat_task_free(tasks[0]);
  lat_task_free(tasks[2]);
  return model;
}

START_TEST(a_custom_task_need_not_be_there_to_look) {
  model_fixture f;
  lat_model *model = NULL, *seen = NULL, *again = NULL;
  lat_solver *solver = NULL;
  lat_sampler *sampler = NULL;
  double data[] = {1}, answer[] = {0};
  const lat_matrix input = {data, 1, 1, 1, LAT_ROW_MAJOR};
  lat_matrix output = {answer, 1, 1, 1, LAT_ROW_MAJOR};
  model_fixture_open(&f, &(model_plan){0});
  model = create_custom_model(&f, _i);
  must(lat_model_save(model, path));
  ck_assert_int_eq(lat_model_load(&seen, f.ctx, path, NULL), LAT_ERROR_NOT_FOUND);
  must(lat_model_inspect(&seen, f.ctx, path));
  ck_assert_str_eq(lat_model_config(seen), lat_model_config(model));
  ck_assert_int_eq(lat_model_tensor_count(seen), lat_model_tensor_count(model));
  ck_assert_mem_eq(lat_model_parameters(seen), lat_model_parameters(model),
                   lat_model_parameter_count(model) * sizeof(float));
  const lat_task *task = lat_task_component(lat_model_task(seen), 0);
  ck_assert_str_eq(lat_task_name(task), "copy-one");
  must_fail(LAT_ERROR_STATE, lat_task_answer(&output, task, &input),
            "custom task 'copy-one' was not given: its model was only inspected");
  must(lat_sampler_create(&sampler, lat_model_task(seen), f.tokenizer, NULL));
  ck_assert_int_eq(lat_sampler_next(f.batch, sampler, 40), LAT_ERROR_STATE);
  lat_sampler_free(sampler);
  must(lat_solver_create(&solver, seen, NULL));
  ck_assert_int_eq(lat_solver_solve(&output, NULL, solver, &input), LAT_ERROR_STATE);
  lat_solver_free(solver);
  must(lat_model_save(seen, path));
  must(lat_model_inspect(&again, f.ctx, path));
  ck_assert_str_eq(lat_model_config(again), lat_model_config(model));
  lat_model_free(again);
  lat_model_free(seen);
  lat_model_free(model);
  model_fixture_close(&f);
}
END_TEST

START_TEST(looking_refuses_what_loading_refuses) {
  model_fixture f;
  lat_model *model = NULL;
  model_fixture_open(&f, &(model_plan){0});
  must_fail(LAT_ERROR_ARGUMENT, lat_model_inspect(NULL, f.ctx, path), "out is NULL");
  must_fail(LAT_ERROR_ARGUMENT, lat_model_inspect(&model, NULL, path), "context is NULL");
  must_fail(LAT_ERROR_ARGUMENT, lat_model_inspect(&model, f.ctx, NULL), "path is NULL");
  ck_assert_int_eq(lat_model_inspect(&model, f.ctx, "absent"), LAT_ERROR_IO);
  lati_tensor_view none = {.name = "a", .rank = 1, .shape = {1, 1}, .data = (float[]){0}};
  const char *const configs[] = {
      "{\"task\":{\"name\":\"Not A Name\",\"custom\":true}}",
      "{\"task\":{\"custom\":true}}",
      "{\"task\":{\"name\":\"mixture\",\"tasks\":[{\"name\":\"add\",\"custom\":true}]}}",
      "{\"task\":{\"name\":\"mixture\",\"tasks\":3}}",
      "{}",
      "[",
  };
  for (size_t i = 0; i < sizeof configs / sizeof *configs; ++i) {
    json_t *metadata = json_pack("{s:s}", "lat.config", configs[i]);
    must(lati_safetensors_write(f.ctx, path, &none, 1, metadata));
    json_decref(metadata);
    ck_assert_msg(lat_model_inspect(&model, f.ctx, path) == LAT_ERROR_FORMAT, "%s: %s", configs[i],
                  lat_last_error());
    ck_assert_ptr_null(model);
  }
  model_fixture_close(&f);
}
END_TEST

int main(void) {
  TCase *tests = tcase_create("model file");
  tcase_add_checked_fixture(tests, make_path, remove_path);
  tcase_add_loop_test(tests, a_loaded_model_is_the_saved_one, 0, 2);
  tcase_add_test(tests, bf16_storage_rounds_parameters);
  tcase_add_loop_test(tests, changed_files_are_refused, 0, sizeof changes / sizeof changes[0]);
  tcase_add_test(tests, bad_paths_and_arguments_are_refused);
  tcase_add_test(tests, a_custom_task_is_asked_for);
  tcase_add_loop_test(tests, a_custom_task_need_not_be_there_to_look, 0, 2);
  tcase_add_test(tests, looking_refuses_what_loading_refuses);
  return run_case("model file", tests);
}
