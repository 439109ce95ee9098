/* A host that has BLAS names of its own, a rounding mode, handlers, random numbers: after the
 * library has created, trained, solved and freed, all of it is as it was, and nothing was printed.
 */
#include "struct_users.h"

#include <dirent.h>
#include <fcntl.h>
#include <fenv.h>
#include <float.h>
#include <locale.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

static int calls_of_ours;

/* Names that the library's private BLIS defines too. The linker exports the host's. */
#define HOST_FUNCTION(name)                                                                        \
  void name(void);                                                                                 \
  void name(void) {                                                                                \
    ++calls_of_ours;                                                                               \
  }
HOST_FUNCTION(bli_init)
HOST_FUNCTION(bli_sgemm)
HOST_FUNCTION(bli_gks_init)
HOST_FUNCTION(sgemm_)
HOST_FUNCTION(cblas_sgemm)

/* Everything is compared as bytes, so it is cleared first. */
typedef struct process_state {
  struct {
    void (*handler)(int);
    int flags;
  } signals[NSIG];
  sigset_t mask;
  cpu_set_t processors;
  char locale[64], directory[4096];
  int rounding, raised, files, threads, random;
  unsigned long environment;
  mode_t creation_mask;
  char *first_variable;
} process_state;

static int entries(const char *directory) {
  int count = 0;
  DIR *folder = opendir(directory);
  while (folder != NULL && readdir(folder) != NULL) {
    ++count;
  }
  closedir(folder);
  return count;
}

static void look(process_state *s) {
  const int raised = fetestexcept(FE_ALL_EXCEPT);
  memset(s, 0, sizeof *s);
  for (int i = 1; i < NSIG; ++i) {
    struct sigaction action;
    if (sigaction(i, NULL, &action) == 0) {
      s->signals[i].handler = action.sa_handler;
      s->signals[i].flags = action.sa_flags;
    }
  }
  sigprocmask(SIG_SETMASK, NULL, &s->mask);
  sched_getaffinity(0, sizeof s->processors, &s->processors);
  snprintf(s->locale, sizeof s->locale, "%s", setlocale(LC_ALL, NULL));
  if (getcwd(s->directory, sizeof s->directory) == NULL) {
    s->directory[0] = '\0';
  }
  s->rounding = fegetround();
  s->raised = raised;
  s->files = entries("/proc/self/fd");
  s->threads = entries("/proc/self/task");
  for (char **variable = environ; *variable != NULL; ++variable) {
    for (const char *c = *variable; *c != '\0'; ++c) {
      s->environment = s->environment * 31 + (unsigned char)*c;
    }
  }
  s->first_variable = environ[0];
  s->creation_mask = umask(0);
  umask(s->creation_mask);
}

static lat_status train(lat_model *model) {
  lat_trainer *trainer = NULL;
  lat_trainer_options options;
  lat_trainer_options_init(&options);
  options.max_examples = 128;
  options.validate_every = 64;
  options.validate_count = 4;
  lat_status status = lat_trainer_create(&trainer, model, NULL, &options);
  if (status == LAT_OK) {
    status = lat_trainer_run(trainer);
  }
  lat_trainer_free(trainer);
  return status;
}

/* LAPACK and threads. */
static lat_status evaluate_threaded(void) {
  world w;
  lat_task *task = NULL;
  lat_model *model = NULL;
  lat_task_options options;
  lat_model_options small;
  lat_task_options_init(&options);
  lat_model_options_init(&small);
  lat_context *ctx = NULL;
  lat_context_options threads;
  lat_context_options_init(&threads);
  threads.threads = 4;
  options.name = "svd";
  options.rows = 2;
  small.encoder_width = small.decoder_width = 16;
  small.encoder_heads = small.decoder_heads = 2;
  memset(&w, 0, sizeof w);
  lat_status status = lat_context_create(&ctx, &threads);
  if (status == LAT_OK) {
    status = lat_task_create(&task, ctx, &options);
  }
  if (status == LAT_OK) {
    status = lat_tokenizer_create(&w.tokenizer, ctx, NULL);
  }
  if (status == LAT_OK) {
    status = lat_model_create(&model, task, w.tokenizer, &small);
  }
  if (status == LAT_OK) {
    status = train(model);
  }
  lat_model_free(model);
  lat_tokenizer_free(w.tokenizer);
  lat_task_free(task);
  lat_context_free(ctx);
  return status;
}

static lat_status use_everything(void) {
  static _Alignas(16) unsigned char memory[1024];
  world w;
  lat_status status = world_open(&w);
  for (const struct_user *user = struct_users; status == LAT_OK && user->name != NULL; ++user) {
    user->init_sized(memory, user->size);
    if (user->set != NULL) {
      user->set(memory);
    }
    status = user->use(&w, memory);
  }
  world_close(&w);
  return status == LAT_OK ? evaluate_threaded() : status;
}

static int report(const char *what, int changed) {
  if (changed) {
    fprintf(stderr, "%s changed\n", what);
  }
  return changed;
}

#define CHANGED(member)                                                                            \
  report(#member, memcmp(&before.member, &after.member, sizeof after.member) != 0)

int main(void) {
  static process_state before, after;
  char printed[] = "/tmp/host-program-XXXXXX";
  struct stat output;
  const int file = mkstemp(printed), out = dup(1), err = dup(2);
  unlink(printed);
  signal(SIGPIPE, SIG_IGN);
  fesetround(FE_DOWNWARD);
  srand(5);
  const int random = rand();
  srand(5);
  if (file < 0 || dup2(file, 1) < 0 || dup2(file, 2) < 0) {
    return 2;
  }

  feclearexcept(FE_ALL_EXCEPT);
  look(&before);
  feclearexcept(FE_ALL_EXCEPT);
  const lat_status status = use_everything();
  look(&after);

  before.random = random;
  after.random = rand();
  fflush(NULL);
  dup2(out, 1);
  dup2(err, 2);
  fesetround(FE_TONEAREST);
  /* A library linked with -ffast-math makes its host lose these when it is loaded. */
  const volatile double smallest = DBL_MIN;
  int failed = report("numbers below DBL_MIN", !(smallest / 2 > 0));
  failed += CHANGED(signals) + CHANGED(mask) + CHANGED(processors) + CHANGED(locale) +
            CHANGED(directory) + CHANGED(rounding) + CHANGED(raised) + CHANGED(files) +
            CHANGED(threads) + CHANGED(random) + CHANGED(environment) + CHANGED(creation_mask) +
            CHANGED(first_variable);
  failed += report("the output", fstat(file, &output) != 0 || output.st_size != 0);
  failed += report("the BLAS", calls_of_ours != 0);
  if (status != LAT_OK) {
    fprintf(stderr, "%s: %s\n", lat_status_name(status), lat_last_error());
  }
  return failed != 0 || status != LAT_OK;
}
