/* Which options have no effect beside which others: one table of rules, and two rules that hold for
 * every option, that a later one may overwrite it and that a loaded model may hold it already. */
#include "option_rules.h"

#include "report.h"

#include <stdio.h>
#include <string.h>

int was_said(const cli_settings *settings, const char *name) {
  for (int32_t i = 0; i < settings->said_count; ++i) {
    if (strcmp(settings->said[i].option->name, name) == 0) {
      return 1;
    }
  }
  return 0;
}

static int examples_are_there(const cli_settings *s) {
  return s->data != NULL;
}

static int starts_whole(const cli_settings *s) {
  return s->from != NULL;
}

static int fixed_and_fixed(const cli_settings *s) {
  return was_said(s, "rows") || was_said(s, "cols");
}

/* In eval a fixed size takes the place of the model's own range; a range beside it is another
 * matter. */
static int sizes_are_drawn(const cli_settings *s) {
  return s->task.min_size != 0 || s->task.max_size != 0 || was_said(s, "min-size") ||
         was_said(s, "max-size");
}

static int no_spectrum(const cli_settings *s) {
  return (s->traits & TRAIT_SYMMETRIC) == 0;
}

static int no_transform(const cli_settings *s) {
  return (s->traits & TRAIT_TRANSFORM) == 0;
}

static int no_noise(const cli_settings *s) {
  return s->task.symmetric_noise && s->task.noise == 0;
}

/* Signs lean to the positive where matrices are general, or symmetric of the semicircle law. */
static int signs_are_not_free(const cli_settings *s) {
  return s->trainer.sign_bias > 0 && (s->traits & TRAIT_GENERAL) == 0 &&
         strstr(s->task.distribution, "semicircle") == NULL;
}

static int not_cosine(const cli_settings *s) {
  return strcmp(s->optimizer.schedule, "cosine") != 0;
}

static int not_muon(const cli_settings *s) {
  return strcmp(s->optimizer.rule, "muon") != 0;
}

static int nothing_trains_on_the_set(const cli_settings *s) {
  return s->trainer.repeat_count > 0 && s->trainer.repeat_share == 0;
}

static int nothing_is_drawn_from_the_set(const cli_settings *s) {
  return s->sampler.repeat_count > 0 && s->sampler.repeat_share == 0;
}

static int no_spread(const cli_settings *s) {
  return s->trainer.target_spread == 0;
}

static int no_validation(const cli_settings *s) {
  return s->trainer.validate_every == 0;
}

static int no_decoder(const cli_settings *s) {
  return s->model.architecture == LAT_ARCHITECTURE_ENCODER;
}

static int no_encoder(const cli_settings *s) {
  return s->model.architecture == LAT_ARCHITECTURE_DECODER;
}

static int recurrent(const cli_settings *s) {
  return s->model.architecture == LAT_ARCHITECTURE_LSTM ||
         s->model.architecture == LAT_ARCHITECTURE_GRU;
}

static int not_recurrent(const cli_settings *s) {
  return !recurrent(s);
}

static int bilinear(const cli_settings *s) {
  return s->model.ffn == LAT_FFN_BILINEAR;
}

static int hashed(const cli_settings *s) {
  return s->model.ffn == LAT_FFN_HASHED;
}

static int not_hashed(const cli_settings *s) {
  return !hashed(s);
}

static int recurrent_alone(const cli_settings *s) {
  return recurrent(s) && !s->model.encoder_attention;
}

static int no_queries(const cli_settings *s) {
  return s->model.architecture != LAT_ARCHITECTURE_ENCODER;
}

static int encoder_once(const cli_settings *s) {
  return s->model.encoder_loop_layer > 0 && s->model.encoder_loops == 1;
}

static int decoder_once(const cli_settings *s) {
  return s->model.decoder_loop_layer > 0 && s->model.decoder_loops == 1;
}

static int not_beam(const cli_settings *s) {
  return s->decode.method != LAT_DECODE_BEAM;
}

static int not_sampled(const cli_settings *s) {
  return s->decode.method != LAT_DECODE_SAMPLE;
}

static int no_inverse(const cli_settings *s) {
  return s->evaluate.classic_inverse && (s->traits & TRAIT_INVERSE) == 0;
}

static int read_strictly(const cli_settings *s) {
  const char *encoding = s->tokenizer.output_encoding;
  return s->evaluate.accept_loose && strcmp(encoding, "p10") != 0 && strcmp(encoding, "p1000") != 0;
}

static int no_vectors(const cli_settings *s) {
  return s->evaluate.accept_zero && (s->traits & TRAIT_VECTORS) == 0;
}

static int one_candidate(const cli_settings *s) {
  return s->decode.candidates == 1;
}

/* Candidates are read as a solver reads them. */
static int reads_for_itself(const cli_settings *s) {
  return s->decode.candidates > 1 && (s->evaluate.accept_trailing || s->evaluate.accept_loose);
}

static int nothing_trails(const cli_settings *s) {
  return s->evaluate.accept_trailing && s->decode.grammar == 1;
}

static int judged_without(const cli_settings *s) {
  return s->decode.compare && (s->traits & TRAIT_NO_RESIDUAL) == 0;
}

/* Inverses, solutions, vectors and values are refined; sums and products are not. */
static int nothing_to_refine(const cli_settings *s) {
  return s->decode.refine > 0 &&
         (s->traits & (TRAIT_INVERSE | TRAIT_VECTORS | TRAIT_VALUES | TRAIT_SYSTEM)) == 0;
}

static int nothing_is_certified(const cli_settings *s) {
  return (s->decode.refine == 0 && !s->decode.fallback) ||
         (s->traits & (TRAIT_INVERSE | TRAIT_VECTORS | TRAIT_VALUES | TRAIT_SYSTEM)) == 0;
}

static int lists_names(const cli_settings *s) {
  return s->list;
}

static int tells_of_a_file(const cli_settings *s) {
  return s->operand_count > 0;
}

/* One option, and where it has no effect. */
typedef struct option_rule {
  const char *command; /* NULL: of every one that has the option */
  const char *option;
  int (*applies)(const cli_settings *settings);
  const char *why; /* behind the option's name */
} option_rule;

#define DRAWN "has no effect: sizes are drawn from --min-size to --max-size"
#define COSINE_ONLY "has no effect: it belongs to --schedule cosine"
#define MUON_ONLY "has no effect: it belongs to --optimizer muon"
#define BEAM_ONLY "has no effect: it belongs to --method beam"
#define DECODER_ONLY "has no effect: --architecture encoder has no decoder"
#define ENCODER_ONLY "has no effect: --architecture decoder has no encoder"
#define NO_BLOCK "has no effect: --architecture lstm and gru have no feed-forward blocks"
#define NO_ATTENTION                                                                               \
  "has no effect: --architecture lstm and gru attend only with --encoder-attention"
#define SAMPLE_ONLY "has no effect: it belongs to --method sample"
#define NO_SHARE "has no effect: --repeat-share is 0"

#define FROM_DATA "has no effect: --data brings the examples"

static const option_rule rules[] = {
    {"train", "encoder-from", starts_whole, "has no effect: --from brings all parameters"},
    {"train", "repeat-count", examples_are_there, FROM_DATA},
    {"train", "repeat-share", examples_are_there, FROM_DATA},
    {"train", "sign-bias", examples_are_there, FROM_DATA},
    {"train", "size-weights", examples_are_there, FROM_DATA},
    {"train", "task-weights", examples_are_there, FROM_DATA},
    {"train", "distribution-weights", examples_are_there, FROM_DATA},
    {"train", "validation-data", no_validation, "has no effect: --validate-every is 0"},
    {"eval", "seed", examples_are_there, FROM_DATA},
    {"eval", "stream", examples_are_there, FROM_DATA},
    {"eval", "coefficients", examples_are_there, FROM_DATA},
    {"eval", "range", examples_are_there, FROM_DATA},
    {"eval", "distribution", examples_are_there, FROM_DATA},
    {"eval", "noise", examples_are_there, FROM_DATA},
    {"eval", "symmetric-noise", examples_are_there, FROM_DATA},
    {"eval", "structure", examples_are_there, FROM_DATA},
    {"eval", "size", examples_are_there, FROM_DATA},
    {"eval", "rows", examples_are_there, FROM_DATA},
    {"eval", "cols", examples_are_there, FROM_DATA},
    {"eval", "min-size", examples_are_there, FROM_DATA},
    {"eval", "max-size", examples_are_there, FROM_DATA},
    {"eval", "rectangular", examples_are_there, FROM_DATA},
    {NULL, "transform", no_transform, "has no effect: only product and tproduct have transforms"},
    {NULL, "size", fixed_and_fixed, "stands for both --rows and --cols: give it or those"},
    {NULL, "size", sizes_are_drawn, DRAWN},
    {NULL, "rows", sizes_are_drawn, DRAWN},
    {NULL, "cols", sizes_are_drawn, DRAWN},
    {NULL, "distribution", no_spectrum, "has no effect: only symmetric matrices have a spectrum"},
    {NULL, "symmetric-noise", no_noise, "has no effect: --noise is 0"},
    {"train", "sign-bias", signs_are_not_free,
     "has no effect: only --distribution semicircle leaves the signs free"},
    {NULL, "period", not_cosine, COSINE_ONLY},
    {NULL, "period-multiplier", not_cosine, COSINE_ONLY},
    {NULL, "shrink", not_cosine, COSINE_ONLY},
    {NULL, "floor", not_cosine, COSINE_ONLY},
    {NULL, "muon-learning-rate", not_muon, MUON_ONLY},
    {NULL, "muon-momentum", not_muon, MUON_ONLY},
    {"train", "repeat-count", nothing_trains_on_the_set, NO_SHARE},
    {"sample", "repeat-count", nothing_is_drawn_from_the_set, NO_SHARE},
    {"train", "target-spread-examples", no_spread, "has no effect: --target-spread is 0"},
    {NULL, "validate-count", no_validation, "has no effect: --validate-every is 0"},
    {NULL, "decoder-layers", no_decoder, DECODER_ONLY},
    {NULL, "decoder-width", no_decoder, DECODER_ONLY},
    {NULL, "decoder-heads", no_decoder, DECODER_ONLY},
    {NULL, "decoder-loops", no_decoder, DECODER_ONLY},
    {NULL, "tied", no_decoder, DECODER_ONLY},
    {NULL, "cross-query-from-input", no_decoder, DECODER_ONLY},
    {NULL, "encoder-layers", no_encoder, ENCODER_ONLY},
    {NULL, "encoder-width", no_encoder, ENCODER_ONLY},
    {NULL, "encoder-heads", no_encoder, ENCODER_ONLY},
    {NULL, "encoder-loops", no_encoder, ENCODER_ONLY},
    {NULL, "cross-query-from-input", no_encoder, ENCODER_ONLY},
    {NULL, "encoder-loop-layer", no_encoder, ENCODER_ONLY},
    {NULL, "decoder-loop-layer", no_decoder, DECODER_ONLY},
    {NULL, "encoder-loop-layer", encoder_once, "has no effect: --encoder-loops is 1"},
    {NULL, "decoder-loop-layer", decoder_once, "has no effect: --decoder-loops is 1"},
    {NULL, "ffn-factor", recurrent, NO_BLOCK},
    {NULL, "activation", recurrent, NO_BLOCK},
    {NULL, "ffn", recurrent, NO_BLOCK},
    {NULL, "activation", hashed, "has no effect: --ffn hashed has none"},
    {NULL, "ffn-factor", hashed, "has no effect: --ffn hashed has no inner width"},
    {NULL, "ffn-hash-bits", not_hashed, "has no effect: it belongs to --ffn hashed"},
    {NULL, "activation", bilinear, "has no effect: --ffn bilinear has none"},
    {NULL, "heads", recurrent_alone, NO_ATTENTION},
    {NULL, "decoder-heads", recurrent_alone, NO_ATTENTION},
    {NULL, "attention-dropout", recurrent_alone, NO_ATTENTION},
    {NULL, "cross-query-from-input", recurrent_alone, NO_ATTENTION},
    {NULL, "encoder-heads", recurrent, "has no effect: recurrent encoders have no attention"},
    {NULL, "encoder-attention", not_recurrent,
     "has no effect: it belongs to --architecture lstm and gru"},
    {NULL, "query-per-number", no_queries, "has no effect: it belongs to --architecture encoder"},
    {NULL, "beam-width", not_beam, BEAM_ONLY},
    {NULL, "length-penalty", not_beam, BEAM_ONLY},
    {NULL, "temperature", not_sampled, SAMPLE_ONLY},
    {NULL, "decode-seed", not_sampled, SAMPLE_ONLY},
    {NULL, "classic-inverse", no_inverse, "has no effect: the model inverts nothing"},
    {NULL, "accept-trailing", nothing_trails,
     "has no effect: with --grammar nothing follows a complete matrix"},
    {NULL, "average", one_candidate, "has no effect: --candidates is 1"},
    {"eval", "candidates", reads_for_itself,
     "chooses among complete matrices: leave --accept-trailing and --accept-loose out"},
    {NULL, "accept-loose", read_strictly, "has no effect: it belongs to output in p10 or p1000"},
    {NULL, "accept-zero", no_vectors, "has no effect: the model's answers hold no vectors"},
    {"solve", "compare", judged_without, "has no effect: the task has a residual of its own"},
    {NULL, "refine", nothing_to_refine, "has no effect: answers of this task are not refined"},
    {"solve", "certify-tolerance", nothing_is_certified,
     "has no effect: without --refine or --fallback, or for this task, nothing is certified"},
    {"info", "list", tells_of_a_file, "lists the models that are known by name: it takes none"},
    {"info", "precision", lists_names, "has no effect on a list of names"},
    {"info", "threads", lists_names, "has no effect on a list of names"},
    {"info", "precision", tells_of_a_file, "has no effect on what a model's file holds"},
    {"info", "threads", tells_of_a_file, "has no effect on what a model's file holds"},
};

static int refuse(const cli_command *command, const char *option, const char *why) {
  return report_usage(command->name, "--%s %s", option, why);
}

static int check_rules(const cli_settings *settings, const cli_command *command,
                       const cli_option *option) {
  for (size_t i = 0; i < sizeof rules / sizeof *rules; ++i) {
    const option_rule *rule = &rules[i];
    int ours = rule->command == NULL || strcmp(rule->command, command->name) == 0;
    if (ours && strcmp(rule->option, option->name) == 0 && rule->applies(settings)) {
      return refuse(command, option->name, rule->why);
    }
  }
  return EXIT_DONE;
}

/* The option that was the last to write to a field; NULL where none did. */
static const cli_option *last_writer(const cli_settings *settings, size_t offset) {
  for (int32_t i = settings->said_count - 1; i >= 0 && offset != 0; --i) {
    const cli_option *option = settings->said[i].option;
    if (option->offset == offset || option->also == offset) {
      return option;
    }
  }
  return NULL;
}

/* An option all of whose fields others wrote to after it. */
static int check_overwritten(const cli_settings *settings, const cli_command *command,
                             const cli_option *option) {
  const cli_option *first = last_writer(settings, option->offset);
  const cli_option *second = last_writer(settings, option->also);
  if (first == option || second == option) {
    return EXIT_DONE;
  }
  char why[96];
  snprintf(why, sizeof why,
           second != NULL ? "has no effect: --%s and --%s come after it"
                          : "has no effect: --%s comes after it",
           first->name, second != NULL ? second->name : "");
  return refuse(command, option->name, why);
}

/* --from M --layers 3: what M is was settled when it was made. Only its task may be another. */
static int check_settled(const cli_settings *settings, const cli_command *command,
                         const said_option *given) {
  int settled = strcmp(given->option->name, "preset") == 0 || given->group == &group_encoding ||
                given->group == &group_model;
  return settings->from != NULL && settled
             ? refuse(command, given->option->name,
                      "has no effect: the model of --from has its encodings and architecture")
             : EXIT_DONE;
}

int options_check(const cli_settings *settings, const cli_command *command) {
  int outcome = EXIT_DONE;
  for (int32_t i = 0; i < settings->said_count && outcome == EXIT_DONE; ++i) {
    const said_option *given = &settings->said[i];
    outcome = check_settled(settings, command, given);
    if (outcome == EXIT_DONE) {
      outcome = check_overwritten(settings, command, given->option);
    }
    if (outcome == EXIT_DONE) {
      outcome = check_rules(settings, command, given->option);
    }
  }
  return outcome;
}
