/* A run shared by several ranks: the same bits at any number of them, one decision for all. */
#include "suite.h"
#include "thread_ranks.h"
#include "transformer/transformer.h"

#include <math.h>

/* One rank of a run; what the tests vary is set before it starts. */
typedef struct rank_run {
  lat_trainer_options options;
  lat_optimizer_options optimizer;
  lat_model_options model;
  int32_t threads;
  int resume;
  lat_status status; /* of the first call that failed */
  char message[256];
  lat_progress progress;
  int stop_at, calls;   /* asks to stop at this call of the progress callback; 0: never */
  const char *vanishes; /* a folder that the callback moves away; NULL: none */
  const char
      *forges; /* what this rank tells the others of itself is another value; NULL: all is true */
  int nudges;  /* 1: begins with other parameters */
  int begins;  /* 1: sums of layers may begin early */
  int cut;     /* 1: and cannot */
  int tears;   /* 1: parameters of a split update are not gathered; then what follows is tried */
  lat_status run_again, checkpoint;
} rank_run;

static int32_t watch(const lat_progress *progress, void *user) {
  rank_run *self = user;
  (void)progress;
  if (self->vanishes != NULL && self->calls == 0) {
    char away[256];
    snprintf(away, sizeof away, "%s.away", self->vanishes);
    ck_assert_int_eq(rename(self->vanishes, away), 0);
  }
  return ++self->calls == self->stop_at;
}

/* What a rank tells of itself is first its text's length and hash, then the text. */
static lat_status forged_agree(const lat_agreement *agreement, void *user) {
  char *own = (char *)agreement->rows + (size_t)agreement->rank * agreement->size;
  const rank_group *group = user;
  char key[32];
  snprintf(key, sizeof key, "\"%s\":\"", group->forged);
  uint64_t numbers[2];
  memcpy(numbers, own, sizeof numbers);
  if (strnlen(own, agreement->size) > sizeof numbers) {
    char *found = strstr(own, key);
    ck_assert_ptr_nonnull(found);
    found[strlen(key)] = 'X';
  } else if (numbers[0] > 0) {
    ++numbers[1];
    memcpy(own, numbers, sizeof numbers);
  }
  return thread_agree(agreement, user);
}

/* What is gathered in stretches is the parts of the norm, which are few, and the parameters. */
static lat_status torn_agree(const lat_agreement *agreement, void *user) {
  enum { FEW = 4096 };
  if (agreement->offsets != NULL && agreement->offsets[agreement->ranks] > FEW) {
    strcpy(agreement->message, "the line is cut");
    return LAT_ERROR_IO;
  }
  return thread_agree(agreement, user);
}

static void *run_rank(void *argument) {
  rank_run *self = argument;
  small_run small;
  lat_trainer *trainer = NULL;
  small_run_open_with(&small, self->threads, &self->model);
  if (self->nudges) {
    small.model->parameters[0] += 1;
  }
  self->options.progress = watch;
  self->options.user = self;
  self->status = self->resume
                     ? lat_trainer_resume(&trainer, small.model, &self->optimizer, &self->options)
                     : lat_trainer_create(&trainer, small.model, &self->optimizer, &self->options);
  if (self->status == LAT_OK) {
    self->status = lat_trainer_run(trainer);
  }
  if (self->status != LAT_OK) {
    snprintf(self->message, sizeof self->message, "%s", lat_last_error());
  }
  if (self->tears) {
    self->run_again = lat_trainer_run(trainer);
    self->checkpoint = lat_trainer_checkpoint(trainer);
  }
  lat_progress_init(&self->progress);
  lat_trainer_progress(&self->progress, trainer);
  lat_trainer_free(trainer);
  small_run_close(&small);
  return NULL;
}

/* 16 examples an update in two batches of 8, which are two or eight shards each. */
static rank_run plain_rank(const char *directory, int32_t shards) {
  rank_run self = {.threads = 1};
  small_run_model_options(&self.model);
  small_run_optimizer_options(&self.optimizer, "adam");
  small_run_trainer_options(&self.options, directory);
  self.options.batch_size = 8;
  self.options.shards = shards;
  self.options.max_examples = 128;
  self.options.validate_every = 80;
  self.options.validate_count = 260;
  self.options.checkpoint_every = 64;
  self.options.report_every = 3;
  return self;
}

/* The same of a model whose layers are large enough for sums of their own, for two updates. */
static rank_run wide_rank(const char *directory) {
  rank_run self = plain_rank(directory, 8);
  self.model.encoder_width = self.model.decoder_width = 128;
  self.options.validate_every = 0;
  self.options.max_examples = 32;
  return self;
}

/* Returns the most sums that began early in an update. */
static int run_ranks(rank_run *ranks, int32_t count) {
  pthread_t threads[MOST_RANKS];
  rank_group group;
  rank_group_open(&group, count);
  for (int32_t i = 0; i < count; ++i) {
    if (count > 1) {
      join_group(&ranks[i].options, &group, i);
      ranks[i].options.begin_reduce = ranks[i].begins ? thread_begin_reduce : NULL;
      group.fail_begin = ranks[i].cut;
    }
    if (ranks[i].forges != NULL) {
      group.forged = ranks[i].forges;
      ranks[i].options.agree = forged_agree;
    }
    if (ranks[i].tears) {
      ranks[i].options.agree = torn_agree;
    }
    ck_assert_int_eq(pthread_create(&threads[i], NULL, run_rank, &ranks[i]), 0);
  }
  for (int32_t i = 0; i < count; ++i) {
    pthread_join(threads[i], NULL);
  }
  rank_group_close(&group);
  return group.most_begins;
}

static int run_copies(const rank_run *first, int32_t count, lat_status expected) {
  rank_run ranks[MOST_RANKS];
  for (int32_t i = 0; i < count; ++i) {
    ranks[i] = *first;
  }
  const int begun = run_ranks(ranks, count);
  for (int32_t i = 0; i < count; ++i) {
    ck_assert_msg(ranks[i].status == expected, "rank %d of %d: %s: %s", (int)i, (int)count,
                  lat_status_name(ranks[i].status), ranks[i].message);
    ck_assert_int_eq(ranks[i].progress.examples, ranks[0].progress.examples);
  }
  return begun;
}

static void expect_same_files(const char *left, const char *right) {
  static const char *const names[] = {"checkpoint.safetensors", "model.safetensors"};
  char a[256], b[256];
  for (int i = 0; i < 2; ++i) {
    ck_assert_msg(same_bytes(join_path(a, left, names[i]), join_path(b, right, names[i])),
                  "%s of %s and %s differ", names[i], left, right);
  }
}

typedef struct variant {
  const char *rule;
  double dropout, ema_decay, repeat_share;
  int32_t split_optimizer;
} variant;

static const variant variants[] = {{"adam", 0, 0, 0, 0},
                                   {"muon", 0, 0.9, 0, 0},
                                   {"adamw", 0.1, 0, 0.5, 0},
                                   {"muon", 0, 0.9, 0, 1},
                                   {"adam", 0, 0, 0, 1}};
enum { VARIANTS = sizeof variants / sizeof *variants };

START_TEST(ranks_do_not_change_the_bits) {
  static const int32_t counts[] = {3, 2, 4, 8};
  const int tried = _i == 0 ? 4 : 1;
  const variant *v = &variants[_i];
  char alone[256], together[256], name[16];
  scratch_folder folder;
  scratch_open(&folder);
  scratch_file(alone, &folder, "alone");
  const int scatters = v->split_optimizer && strcmp(v->rule, "adam") == 0;
  rank_run self = scatters ? wide_rank(alone) : plain_rank(alone, 8); /* a part for each rank */
  self.optimizer.rule = v->rule;
  self.optimizer.ema_decay = v->ema_decay;
  self.model.dropout = v->dropout;
  self.options.repeat_share = v->repeat_share;
  self.options.repeat_count = v->repeat_share > 0 ? 40 : 0;
  run_copies(&self, 1, LAT_OK);
  self.options.split_optimizer = v->split_optimizer;
  self.options.checkpoint_seconds = v->split_optimizer ? 1e-6 : 0; /* after every update */
  for (int i = 0; i < tried; ++i) {
    snprintf(name, sizeof name, "ranks%d", (int)counts[i]);
    self.options.directory = scratch_file(together, &folder, name);
    self.threads = 1 + counts[i] % 2;
    run_copies(&self, counts[i], LAT_OK);
    expect_same_files(alone, together);
  }
  scratch_close(&folder);
}
END_TEST

/* Layers of a model that is wide enough for sums of their own: their sums begin while the last
 * shard's backward pass goes on, and have the same bits. */
START_TEST(sums_that_begin_early_have_the_same_bits) {
  static const struct {
    int32_t ranks, threads, fast, begun, split;
  } runs[] = {{2, 1, 0, 4, 0}, {3, 1, 0, 4, 0}, {8, 1, 0, 4, 0}, {2, 4, 0, 0, 0},
              {3, 2, 1, 0, 0}, {2, 1, 0, 4, 1}, {3, 2, 0, 0, 1}, {8, 1, 0, 4, 1}};
  char alone[256], together[256], name[16];
  scratch_folder folder;
  scratch_open(&folder);
  rank_run self = wide_rank(scratch_file(alone, &folder, "alone"));
  self.model.encoder_layers = self.model.decoder_layers = 2;
  run_copies(&self, 1, LAT_OK);
  for (size_t i = 0; i < sizeof runs / sizeof *runs; ++i) {
    snprintf(name, sizeof name, "run%d", (int)i);
    self.options.directory = scratch_file(together, &folder, name);
    self.options.shards = runs[i].fast ? 0 : 8;
    self.options.fast_reduce = runs[i].fast;
    self.options.split_optimizer = runs[i].split;
    self.threads = runs[i].threads;
    self.begins = 1;
    ck_assert_int_eq(run_copies(&self, runs[i].ranks, LAT_OK), runs[i].begun);
    if (!runs[i].fast) {
      expect_same_files(alone, together);
    }
  }
  scratch_close(&folder);
}
END_TEST

/* The sums of 16 threads want more additions than a list of them has room for. */
START_TEST(many_threads_change_no_bit) {
  char one[256], many[256];
  scratch_folder folder;
  scratch_open(&folder);
  rank_run self = plain_rank(scratch_file(one, &folder, "one"), 16);
  self.options.batch_size = 16;
  self.options.accumulation = 31;
  self.options.max_examples = 1;
  self.options.validate_every = 0;
  run_copies(&self, 1, LAT_OK);
  self.options.directory = scratch_file(many, &folder, "many");
  self.threads = 16;
  run_copies(&self, 1, LAT_OK);
  expect_same_files(one, many);
  scratch_close(&folder);
}
END_TEST

/* Where one rank has threads that sum shards of their own, no rank begins early. */
START_TEST(ranks_agree_on_beginning_early) {
  char alone[256], together[256];
  scratch_folder folder;
  rank_run ranks[2];
  scratch_open(&folder);
  rank_run self = wide_rank(scratch_file(alone, &folder, "alone"));
  run_copies(&self, 1, LAT_OK);
  self.options.directory = scratch_file(together, &folder, "together");
  self.begins = 1;
  ranks[0] = ranks[1] = self;
  ranks[1].threads = 2;
  ck_assert_int_eq(run_ranks(ranks, 2), 0);
  ck_assert_int_eq(ranks[0].status, LAT_OK);
  expect_same_files(alone, together);
  ranks[1].threads = 1;
  ranks[0].options.directory = NULL;
  ck_assert_int_gt(run_ranks(ranks, 2), 0);
  scratch_close(&folder);
}
END_TEST

/* How an update's examples are split changes its loss by rounding alone: dropout goes by example.
 */
START_TEST(shards_do_not_change_dropout) {
  rank_run self = plain_rank(NULL, 1);
  self.model.dropout = self.model.attention_dropout = 0.3;
  self.options.max_examples = 16;
  self.options.validate_every = 0;
  self.options.report_every = 1;
  run_ranks(&self, 1);
  const double loss = self.progress.loss;
  for (int32_t shards = 1; shards <= 8; shards *= 4) { /* 1 in one batch, 4 in two */
    self.options.shards = shards;
    self.options.batch_size = shards == 1 ? 16 : 8;
    self.options.accumulation = shards == 1 ? 1 : 2;
    run_ranks(&self, 1);
    ck_assert_double_eq_tol(self.progress.loss, loss, 1e-5 * loss);
  }
}
END_TEST

/* Batches of 7 examples in 4 shards of 1 and 2; more ranks than shards of a batch. */
START_TEST(shards_may_be_uneven) {
  char alone[256], together[256];
  scratch_folder folder;
  scratch_open(&folder);
  rank_run self = plain_rank(scratch_file(alone, &folder, "alone"), 4);
  self.options.batch_size = 7;
  run_copies(&self, 1, LAT_OK);
  self.options.directory = scratch_file(together, &folder, "together");
  run_copies(&self, 7, LAT_OK);
  expect_same_files(alone, together);
  scratch_close(&folder);
}
END_TEST

/* Stopped by rank 1 of 3, resumed by one process, then by 4. */
START_TEST(a_stopped_run_is_resumed_at_any_number_of_ranks) {
  char straight[256], stopped[256];
  scratch_folder folder;
  rank_run ranks[3];
  scratch_open(&folder);
  rank_run self = plain_rank(scratch_file(straight, &folder, "straight"), 8);
  self.optimizer.ema_decay = 0.5;
  self.optimizer.rule = "muon";
  run_copies(&self, 1, LAT_OK);
  self.options.split_optimizer = _i;
  self.options.directory = scratch_file(stopped, &folder, "stopped");
  for (int i = 0; i < 3; ++i) {
    ranks[i] = self;
  }
  ranks[1].stop_at = 1; /* at the third update: all hear of it by the fourth */
  run_ranks(ranks, 3);
  for (int i = 0; i < 3; ++i) {
    ck_assert_int_eq(ranks[i].status, LAT_ERROR_CANCELLED);
    ck_assert_int_eq(ranks[i].progress.updates, 4);
  }
  self.resume = 1;
  self.options.max_examples = 96;
  self.options.split_optimizer = 0;
  run_copies(&self, 1, LAT_OK);
  self.options.split_optimizer = _i;
  self.options.max_examples = 128;
  run_copies(&self, 4, LAT_OK);
  expect_same_files(straight, stopped);
  scratch_close(&folder);
}
END_TEST

/* A sum in any order: learns as well, and is told apart from the other kind when it is resumed. */
START_TEST(a_fast_sum_is_another_run) {
  char path[256];
  scratch_folder folder;
  scratch_open(&folder);
  rank_run self = plain_rank(scratch_file(path, &folder, "fast"), 0);
  self.options.fast_reduce = 1;
  run_copies(&self, 3, LAT_OK);
  self.resume = 1;
  self.options.max_examples = 144;
  run_copies(&self, 2, LAT_OK);
  self.options.fast_reduce = 0;
  run_copies(&self, 1, LAT_ERROR_ARGUMENT);
  scratch_close(&folder);
}
END_TEST

/* All ranks but for one are alike; each returns what the one did. */
static void expect_refused(rank_run *ranks, lat_status status, const char *text) {
  run_ranks(ranks, 3);
  for (int i = 0; i < 3; ++i) {
    ck_assert_msg(ranks[i].status == status && strstr(ranks[i].message, text) != NULL,
                  "rank %d: %s: %s", i, lat_status_name(ranks[i].status), ranks[i].message);
  }
}

START_TEST(a_rank_that_differs_is_named) {
  rank_run ranks[3];
  const rank_run good = plain_rank(NULL, 8);
  for (int which = 0; which < 4; ++which) {
    static const char *const texts[] = {
        "rank 2: run.trainer.seed 4 differs from rank 0's 3",
        "rank 2: run.optimizer.rule \"adamw\" differs from rank 0's \"adam\"",
        "rank 2: model.model.seed 6 differs from rank 0's 5",
        "rank 2: trainer.validate_every 81 differs from rank 0's 80"};
    for (int i = 0; i < 3; ++i) {
      ranks[i] = good;
    }
    ranks[2].options.seed += which == 0;
    ranks[2].optimizer.rule = which == 1 ? "adamw" : "adam";
    ranks[2].model.seed += which == 2;
    ranks[2].options.validate_every += which == 3;
    expect_refused(ranks, LAT_ERROR_ARGUMENT, texts[which]);
  }
}
END_TEST

/* Of another version, precision, kernels, or with other parameters, as files on disks of their own
 * make them. */
START_TEST(a_rank_of_another_make_is_named) {
  static const char *const keys[] = {"version", "kernels", "precision", NULL};
  static const char *const texts[] = {"rank 2: version \"X", "rank 2: kernels \"X",
                                      "rank 2: run.precision \"X32\" differs from rank 0's \"f32\"",
                                      "rank 2: model.parameters \""};
  for (int which = 0; which < 4; ++which) {
    rank_run ranks[3];
    for (int i = 0; i < 3; ++i) {
      ranks[i] = plain_rank(NULL, 8);
    }
    ranks[2].forges = keys[which];
    ranks[2].nudges = keys[which] == NULL;
    expect_refused(ranks, LAT_ERROR_ARGUMENT, texts[which]);
    ck_assert_int_eq(ranks[0].progress.updates, 0);
  }
}
END_TEST

/* Rank 0 alone reads: where the others have no such folder, or began with other parameters, they
 * go on with its run. */
START_TEST(disks_of_other_ranks_do_not_matter) {
  char straight[256], parted[256], nowhere[256];
  rank_run ranks[3];
  scratch_folder folder;
  scratch_open(&folder);
  rank_run self = plain_rank(scratch_file(straight, &folder, "straight"), 8);
  run_copies(&self, 1, LAT_OK);
  self.options.directory = scratch_file(parted, &folder, "parted");
  self.options.max_examples = 64;
  run_copies(&self, 1, LAT_OK);
  self.options.max_examples = 128;
  self.resume = 1;
  for (int i = 0; i < 3; ++i) {
    ranks[i] = self;
    if (i > 0) {
      ranks[i].options.directory = scratch_file(nowhere, &folder, "nowhere");
      ranks[i].nudges = 1;
    }
  }
  run_ranks(ranks, 3);
  ck_assert_int_eq(ranks[0].status, LAT_OK);
  expect_same_files(straight, parted);
  scratch_close(&folder);
}
END_TEST

/* Rank 0's folder goes away before a checkpoint is due. */
START_TEST(a_rank_that_fails_ends_all) {
  char path[256];
  scratch_folder folder;
  rank_run ranks[3];
  scratch_open(&folder);
  for (int i = 0; i < 3; ++i) {
    ranks[i] = plain_rank(scratch_file(path, &folder, "gone"), 8);
  }
  ranks[0].vanishes = path;
  expect_refused(ranks, LAT_ERROR_IO, "rank 0: ");
  scratch_close(&folder);
}
END_TEST

/* One rank fails in front of its backward pass, while the others have begun to sum. */
START_TEST(a_rank_that_fails_ends_sums_that_have_begun) {
  char path[256];
  scratch_folder folder;
  rank_run ranks[3];
  scratch_open(&folder);
  for (int i = 0; i < 3; ++i) {
    ranks[i] = plain_rank(scratch_file(path, &folder, "gone"), 8);
    ranks[i].model.encoder_width = ranks[i].model.decoder_width = 128;
    ranks[i].begins = 1;
  }
  ranks[0].vanishes = path;
  expect_refused(ranks, LAT_ERROR_IO, "rank 0: ");
  for (int i = 0; i < 3; ++i) {
    ranks[i].vanishes = NULL;
    ranks[i].options.directory = NULL;
    ranks[i].cut = 1;
  }
  expect_refused(ranks, LAT_ERROR_IO, "begin_reduce failed: the line is cut");
  scratch_close(&folder);
}
END_TEST

/* Each rank has updated its own part of the parameters, and has not got the others'. */
START_TEST(half_an_update_is_not_gone_on_from) {
  char path[256];
  rank_run ranks[2];
  scratch_folder folder;
  scratch_open(&folder);
  const rank_run self = plain_rank(scratch_file(path, &folder, "run"), 8);
  for (int i = 0; i < 2; ++i) {
    ranks[i] = self;
    ranks[i].options.split_optimizer = ranks[i].tears = 1;
  }
  run_ranks(ranks, 2);
  for (int i = 0; i < 2; ++i) {
    ck_assert_int_eq(ranks[i].status, LAT_ERROR_IO);
    ck_assert_int_eq(ranks[i].run_again, LAT_ERROR_STATE);
    ck_assert_int_eq(ranks[i].checkpoint, LAT_ERROR_STATE);
  }
  scratch_close(&folder);
}
END_TEST

START_TEST(a_limit_of_time_is_one_for_all) {
  rank_run self = plain_rank(NULL, 8);
  self.options.max_examples = 0;
  self.options.validate_every = 0;
  self.options.max_seconds = 0.05;
  run_copies(&self, 3, LAT_OK);
}
END_TEST

static lat_status dead_agree(const lat_agreement *agreement, void *user) {
  (void)agreement;
  (void)user;
  return 7; /* no status of the library's */
}

START_TEST(connections_are_checked) {
  small_run small;
  rank_group group = {.ranks = 2};
  lat_trainer *trainer = NULL;
  rank_run self = plain_rank(NULL, 8);
  const lat_trainer_options good = self.options;
  lat_trainer_options *options = &self.options;
#define REFUSED(text)                                                                              \
  CHECK_FAILS(lat_trainer_create(&trainer, small.model, &self.optimizer, options),                 \
              LAT_ERROR_ARGUMENT, text);                                                           \
  *options = good
  small_run_open(&small, 1);
  options->rank = 1;
  REFUSED("rank 1 is not below ranks, which is 1");
  options->ranks = 2;
  REFUSED("ranks 2 need reduce and agree: reduce is NULL");
  options->shards = 6;
  REFUSED("shards 6 is not a power of two");
  options->shards = 16;
  REFUSED("shards 16 is more than batch_size 8");
  options->fast_reduce = 1;
  REFUSED("fast_reduce sums in any order");
  join_group(options, &group, 0);
  options->agree = dead_agree;
  CHECK_FAILS(lat_trainer_create(&trainer, small.model, &self.optimizer, options),
              LAT_ERROR_CALLBACK, "agree failed");
#undef REFUSED
  small_run_close(&small);
}
END_TEST

/* The tree's sum of all leaves, written as it is defined. */
static float sum_of(const float *leaves, int64_t first, int64_t size, int64_t count) {
  if (size == 1) {
    return leaves[first];
  }
  const int64_t middle = first + size / 2;
  const float left = sum_of(leaves, first, size / 2, count);
  return middle < count ? left + sum_of(leaves, middle, size / 2, count) : left;
}

START_TEST(the_sum_is_that_of_the_tree) {
  float leaves[40], parts[40];
  for (int64_t count = 1; count <= 40; ++count) {
    int64_t size = 1;
    while (size < count) {
      size *= 2;
    }
    for (int64_t i = 0; i < count; ++i) {
      leaves[i] = (float)sin(1e3 * (double)(i + 1)) * (float)(1 << i % 12);
    }
    for (int32_t ranks = 1; ranks <= count; ++ranks) {
      int32_t row = 0;
      for (int32_t rank = 0; rank < ranks; ++rank) {
        const int64_t first = count * rank / ranks, end = count * (rank + 1) / ranks;
        int32_t own = 0;
        for (int64_t at = first; at < end; ++own) {
          int64_t part = 1; /* the largest aligned node of which all leaves are the rank's */
          while (part < size && at % (2 * part) == 0 &&
                 (at + 2 * part <= end || (end == count && at + part <= size))) {
            part *= 2;
          }
          parts[row++] = sum_of(leaves, at, part, count);
          at += part;
        }
        ck_assert_int_eq(lat_shard_parts(count, ranks, rank), own);
      }
      CHECK_OK(lat_shard_sum(parts, 1, 1, count, ranks));
      ck_assert_float_eq(parts[0], sum_of(leaves, 0, size, count));
    }
  }
}
END_TEST

START_TEST(sums_that_are_none_are_refused) {
  float x[2] = {1, 2};
  double y[2] = {1, 2};
  CHECK_FAILS(lat_shard_sum(NULL, 1, 1, 2, 2), LAT_ERROR_ARGUMENT, "parts is NULL");
  CHECK_FAILS(lat_shard_sum(x, 1, 1, 1, 2), LAT_ERROR_ARGUMENT, "ranks 2 and shards 1");
  CHECK_FAILS(lat_shard_sum(x, 1, 2, 2, 2), LAT_ERROR_ARGUMENT, "stride 1 is below");
  CHECK_OK(lat_shard_sum_doubles(y, 1, 1, 2, 2));
  ck_assert_double_eq(y[0], 3);
  ck_assert_int_eq(lat_shard_parts(8, 3, 3), 0);
  ck_assert_int_eq(lat_shard_parts(8, 9, 0), 0);
  ck_assert_int_eq(lat_shard_parts(8, 3, 1), 2); /* leaves 2 to 4: 2 + 3, and 4 */
}
END_TEST

int main(void) {
  TCase *tests = tcase_create("ranks");
  tcase_add_loop_test(tests, ranks_do_not_change_the_bits, 0, VARIANTS);
  tcase_add_test(tests, sums_that_begin_early_have_the_same_bits);
  tcase_add_test(tests, many_threads_change_no_bit);
  tcase_add_test(tests, ranks_agree_on_beginning_early);
  tcase_add_test(tests, shards_do_not_change_dropout);
  tcase_add_test(tests, shards_may_be_uneven);
  tcase_add_loop_test(tests, a_stopped_run_is_resumed_at_any_number_of_ranks, 0, 2);
  tcase_add_test(tests, a_fast_sum_is_another_run);
  tcase_add_test(tests, a_rank_that_differs_is_named);
  tcase_add_test(tests, a_rank_of_another_make_is_named);
  tcase_add_test(tests, disks_of_other_ranks_do_not_matter);
  tcase_add_test(tests, a_rank_that_fails_ends_all);
  tcase_add_test(tests, a_rank_that_fails_ends_sums_that_have_begun);
  tcase_add_test(tests, half_an_update_is_not_gone_on_from);
  tcase_add_test(tests, a_limit_of_time_is_one_for_all);
  tcase_add_test(tests, connections_are_checked);
  tcase_add_test(tests, the_sum_is_that_of_the_tree);
  tcase_add_test(tests, sums_that_are_none_are_refused);
  return run_case("ranks", tests);
}
