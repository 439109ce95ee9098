/* The named sets of options, as words of a command line. */
#include "presets.h"

#include "report.h"
#include "settings.h"
#include "suggest.h"

#include <stdio.h>
#include <string.h>

typedef struct preset_entry {
  const char *name, *summary, *options;
} preset_entry;

/* The published sweeps: post-LayerNorm, ReLU, Adam, batches of 64. */
#define WARM "--warmup 10000 "
#define COSINE "--learning-rate 1e-4 --schedule cosine --warmup 10000 --period 4000000 --floor 0.1 "
#define SIX_ONE "--encoder-layers 6 --decoder-layers 1 --width 512 --heads 8 "

/* Our own recipe: pre-LayerNorm, GELU, row and column embeddings, ordered initial embeddings. */
#define MODERN                                                                                     \
  "--norm pre --activation gelu --matrix-positions --beta2 0.98 --clip-norm 1 --schedule cosine "  \
  "--floor 0.02 "

/* The same for tasks that take arithmetic: Muon, one layer applied four times, ordered embeddings
 * of mantissas shared between exponents, and signs biased at first (docs/results/trained.md). */
#define ARITHMETIC                                                                                 \
  "--input-encoding fp15 --output-encoding p1000 --factored --fourier --encoder-layers 1 "         \
  "--encoder-loops 4 --decoder-layers 1 --width 64 --heads 4 --batch-size 32 --optimizer muon "    \
  "--learning-rate 2e-3 --warmup 300 --sign-bias 0.5 --validate-every 50000 " MODERN

/* The paper's sizes: layers of their own, width 128; and on canonical forms (docs/concepts.md), in
 * batches of 128 and at a high rate (docs/results/recipes.md). */
#define LARGER                                                                                     \
  "--input-encoding fp15 --output-encoding p1000 --factored --fourier "                            \
  "--encoder-layers 4 --decoder-layers 1 --width 128 --heads 4 --optimizer muon --warmup 300 "     \
  "--ema-decay 0.999 --validate-count 1000 " MODERN
#define CANONICAL "--canonical --batch-size 128 --learning-rate 6e-3 --validate-every 64000 " LARGER

/* Answers of tens of numbers, each one token by a factored head. With --encoder-from MODEL, the
 * encoder of a trained model of six layers, they take a small part of the examples. */
#define FACTORED                                                                                   \
  "--canonical --batch-size 64 --learning-rate 6e-3 --validate-every 128000 " LARGER               \
  "--output-encoding fp15 --factored-head --encoder-layers 6 --decoder-layers 3 "

/* Answers of many numbers, each a sum of products: as much decoder as encoder. */
#define PRODUCTS CANONICAL "--sign-bias 0.25 --encoder-layers 2 --decoder-layers 2 "

/* Canonical inputs, and answers behind a scratchpad (docs/concepts.md): as much decoder as encoder,
 * because most tokens are its own. */
#define SCRATCHPAD                                                                                 \
  "--scratchpad --canonical --sign-bias 0.5 --input-encoding fp15 --output-encoding p1000 "        \
  "--factored --fourier --encoder-layers 2 --decoder-layers 2 --width 128 --heads 4 --optimizer "  \
  "muon --learning-rate 2e-3 --warmup 300 --ema-decay 0.998 --validate-every 16000 "               \
  "--validate-count 500 " MODERN

static const preset_entry presets[] = {
    {"quickstart", "transpose 5x5, small, for 16,000 examples: 99 % exact in under a minute",
     "--examples 16000 --task transpose --size 5 --encoding p10 --layers 1 --width 64 --heads 4 "
     "--batch-size 16 "
     "--optimizer adamw --learning-rate 5e-3 --warmup 200 --period 1000 --validate-every "
     "2000 " MODERN},
    {"eigenvalues-3x3", "small, for 800,000 examples",
     "--examples 800000 --task eigenvalues --size 3 --period 25000 " ARITHMETIC},
    {"inverse-2x2", "four layers of weights of their own, for 6,000,000 examples",
     "--examples 6000000 --task inverse --size 2 --period 93750 " ARITHMETIC
     "--encoder-layers 4 --encoder-loops 1 --batch-size 64"},
    {"svd-2x2", "small, for 800,000 examples",
     "--examples 800000 --task svd --size 2 --period 25000 " ARITHMETIC},
    {"transpose-10x10-small", "1/1 layers, width 128, for 80,000 examples",
     "--examples 80000 --task transpose --size 10 --encoding p1000 --layers 1 --width 128 --heads "
     "4 "
     "--optimizer adamw --learning-rate 2e-3 --warmup 300 --batch-size 32 --period 2500 " MODERN},
    {"add-5x5-small", "4/1 layers, width 128, for 500,000 examples",
     "--task add --size 5 --period 7815 --batch-size 64 --learning-rate 2e-3 "
     "--validate-every 100000 " LARGER},
    {"matvec-5x5-scratchpad", "partial sums in front of answers, for 160,000 examples",
     "--examples 160000 --task matvec --size 5 --batch-size 32 --period 5000 " SCRATCHPAD},
    {"matvec-5x5-canonical", "canonical inputs, 2/2 layers, width 128, for 640,000 examples",
     "--examples 640000 --task matvec --size 5 --period 5000 " PRODUCTS},
    {"product-5x5-canonical", "the same, for 384,000 examples",
     "--examples 384000 --task product --size 5 --period 6000 " PRODUCTS "--batch-size 64"},
    {"eigenvalues-5x5-canonical", "canonical inputs, 4/1 layers, width 128, for 2,560,000 examples",
     "--examples 2560000 --task eigenvalues --size 5 --triangle --period 20000 " CANONICAL},
    {"singular-values-4x4-canonical", "the same, for 1,280,000 examples",
     "--examples 1280000 --task singular-values --size 4 --period 10000 " CANONICAL},
    {"eigenvectors-5x5-canonical",
     "canonical inputs, 6/2 layers, width 128, for 3,200,000 examples",
     "--examples 3200000 --task eigenvectors --size 5 --triangle --period 50000 " CANONICAL
     "--encoder-layers 6 --decoder-layers 2 --batch-size 64"},
    {"svd-4x4-canonical", "the same, for 2,432,000 examples",
     "--examples 2432000 --task svd --size 4 --period 38000 " CANONICAL
     "--encoder-layers 6 --decoder-layers 2 --batch-size 64"},
    {"eigenvectors-5x5-factored", "factored head, 6/3 layers, width 128, for 3,200,000 examples",
     "--examples 3200000 --task eigenvectors --size 5 --triangle --period 50000 " FACTORED},
    {"eigenvectors-6x6-factored", "the same, for 3,200,000 examples",
     "--examples 3200000 --task eigenvectors --size 6 --triangle --period 50000 " FACTORED},
    {"svd-4x4-factored", "the same, for 1,280,000 examples",
     "--examples 1280000 --task svd --size 4 --period 20000 " FACTORED},
    {"inverse-5x5-factored", "the same, of equilibrated inputs, for 2,400,000 examples",
     "--examples 2400000 --task inverse --size 5 --equilibrate --period 37500 " FACTORED},
    {"transpose-5x5", "published sweep, 1/1 layers, width 256",
     "--task transpose --size 5 --encoding p1000 --layers 1 --width 256 --heads 8 "
     "--learning-rate 1e-4"},
    {"transpose-10x10", "published sweep, 1/1 layers, width 256",
     "--task transpose --size 10 --encoding p1000 --layers 1 --width 256 --heads 8 "
     "--learning-rate 1e-4"},
    {"add-10x10", "published sweep, 2/2 layers, width 512",
     "--task add --size 10 --encoding b1999 --layers 2 --width 512 --heads 8 "
     "--learning-rate 5e-5 " WARM},
    {"product-5x5", "published sweep, 1/4 layers, width 512",
     "--task product --size 5 --encoding p1000 --encoder-layers 1 --decoder-layers 4 --width 512 "
     "--heads 8 --learning-rate 5e-5 " WARM},
    {"eigenvalues-5x5", "published sweep, 6/1 layers, width 512",
     "--task eigenvalues --size 5 --encoding fp15 " SIX_ONE COSINE},
    {"eigenvectors-5x5", "published sweep, 6/1 layers, width 512",
     "--task eigenvectors --size 5 --input-encoding fp15 --output-encoding p1000 " SIX_ONE COSINE},
    {"spectra-5x5", "published sweep: eigenvalues over seven spectra",
     "--task eigenvalues --size 5 --input-encoding fp15 --output-encoding p1000 --distribution "
     "semicircle,positive,uniform,gaussian,laplace,positive2,marcenko " SIX_ONE COSINE},
    {"inverse-5x5", "published sweep, 6/1 layers, width 516/512",
     "--task inverse --size 5 --input-encoding fp15 --output-encoding p1000 --encoder-layers 6 "
     "--encoder-width 516 --encoder-heads 12 --decoder-layers 1 --decoder-width 512 "
     "--decoder-heads 8 --learning-rate 1e-4 " WARM},
    {"svd-4x4", "6/1 layers, width 512, as the eigenvectors' sweep",
     "--task svd --size 4 --input-encoding fp15 --output-encoding p1000 " SIX_ONE COSINE},
};

enum { PRESETS = sizeof presets / sizeof *presets, MAX_WORDS = 96 };

const char *preset_name(int index) {
  return index < PRESETS ? presets[index].name : NULL;
}

const char *preset_summary(int index) {
  return index < PRESETS ? presets[index].summary : NULL;
}

static const preset_entry *find(const char *name) {
  for (int i = 0; i < PRESETS; ++i) {
    if (strcmp(presets[i].name, name) == 0) {
      return &presets[i];
    }
  }
  return NULL;
}

/* What a preset may set; a subcommand that has no use for some of it leaves it alone. */
static const option_group *const preset_groups[] = {
    &group_task,      &group_sizes,    &group_encoding, &group_model,
    &group_optimizer, &group_training, &group_run,      NULL};
static const cli_command preset_command = {.name = "preset", .groups = preset_groups};

int preset_apply(cli_settings *settings, const cli_command *command) {
  const preset_entry *preset = find(settings->preset);
  const char *words[MAX_WORDS];
  char *rest = NULL;
  int count = 0;
  if (preset == NULL) {
    char name[64];
    snprintf(name, sizeof name, "%s", settings->preset);
    report_clean(name);
    suggestion best;
    char text[128];
    suggestion_start(&best, name, strlen(name));
    for (int i = 0; i < PRESETS; ++i) {
      suggestion_offer(&best, presets[i].name, strlen(presets[i].name));
    }
    fprintf(stderr, "lat %s: no preset '%s'%s; there are", command->name, name,
            suggestion_text(text, &best, ""));
    for (int i = 0; i < PRESETS; ++i) {
      fprintf(stderr, " %s", presets[i].name);
    }
    fputc('\n', stderr);
    return EXIT_USAGE;
  }
  snprintf(settings->preset_words, sizeof settings->preset_words, "%s", preset->options);
  for (char *word = strtok_r(settings->preset_words, " ", &rest); word != NULL && count < MAX_WORDS;
       word = strtok_r(NULL, " ", &rest)) {
    words[count++] = word;
  }
  return command_line_read(settings, &preset_command, count, words);
}
