/* Defaults of a command line, and the tables of options that several subcommands share. */
#include "settings.h"

#include <string.h>

void settings_init(cli_settings *settings) {
  memset(settings, 0, sizeof *settings);
  lat_context_options_init(&settings->context);
  lat_task_options_init(&settings->task);
  lat_tokenizer_options_init(&settings->tokenizer);
  lat_sampler_options_init(&settings->sampler);
  lat_model_options_init(&settings->model);
  lat_optimizer_options_init(&settings->optimizer);
  lat_trainer_options_init(&settings->trainer);
  lat_decode_options_init(&settings->decode);
  lat_evaluate_options_init(&settings->evaluate);
  settings->count = 1;
  settings->repeats = 5;
  settings->seconds = 1;
  settings->decoding = 1;
  settings->checkpoint_minutes = 10;
  settings->trainer.keep_best = 1;
  settings->decode.grammar = UNSAID;
  settings->evaluate.ceiling = UNSAID;
}

static const cli_option precision_options[] = {OPTION(OPTION_CHOICE, "precision", context.precision,
                                                      "auto|f32|bf16",
                                                      "arithmetic of the matrix products"),
                                               OPTIONS_END};
const option_group group_precision = {"Arithmetic", 0, precision_options};

static const cli_option context_options[] = {
    OPTION(OPTION_INT32, "threads", context.threads, "N", "threads to use (all processors)"),
    OPTION(OPTION_FLAG, "verbose", verbose, NULL, "also say what the library finds notable"),
    OPTIONS_END};
const option_group group_context = {"Machine", 0, context_options};

static const cli_option output_options[] = {
    OPTION(OPTION_FLAG, "json", json, NULL, "results as one JSON object a line"), OPTIONS_END};
const option_group group_output = {"Output", 0, output_options};

static const cli_option quiet_options[] = {OPTION(OPTION_FLAG, "quiet", quiet, NULL, "no progress"),
                                           OPTIONS_END};
const option_group group_quiet = {"Progress", 0, quiet_options};

static const cli_option task_options[] = {
    OPTION_NAMES("task", task_names, "NAME[:W],...", lat_task_builtin_name,
                 "a task, or several as a mixture with weights W"),
    OPTION(OPTION_TEXT, "preset", preset, "NAME",
           "a set of options, to which others add; 'lat --help' lists them"),
    OPTIONS_END};
const option_group group_task = {"Task", 0, task_options};

static const cli_option size_options[] = {
    OPTION_BOTH(OPTION_INT32, "size", task.rows, task.cols, "N", "square matrices"),
    OPTION(OPTION_INT32, "rows", task.rows, "M", "rows of an operand"),
    OPTION(OPTION_INT32, "cols", task.cols, "N", "columns of an operand (as many as rows)"),
    OPTION(OPTION_INT32, "min-size", task.min_size, "A", "sizes drawn per example from A (--size)"),
    OPTION(OPTION_INT32, "max-size", task.max_size, "B", "... to B (--size)"),
    OPTION(OPTION_FLAG, "rectangular", task.rectangular, NULL,
           "rows and columns drawn independently"),
    OPTION_WORDS("coefficients", task.coefficients, "NAME", "uniform gaussian",
                 "distribution of coefficients"),
    OPTION(OPTION_DOUBLE, "range", task.range, "X", "coefficients lie in +-X"),
    OPTION_WORDS("distribution", task.distribution, "D[:W],...",
                 "semicircle positive uniform gaussian laplace positive2 marcenko",
                 "spectra of symmetric matrices"),
    OPTION(OPTION_DOUBLE, "noise", task.noise, "S", "noise on the input, as a share"),
    OPTION(OPTION_FLAG, "symmetric-noise", task.symmetric_noise, NULL,
           "noise keeps symmetric matrices symmetric"),
    OPTION(OPTION_FLAG, "canonical", task.canonical, NULL,
           "matrices are moved to their canonical forms"),
    OPTION(OPTION_FLAG, "equilibrate", task.equilibrate, NULL,
           "canonical matrices have rows and columns scaled to sums of 1"),
    OPTION(OPTION_FLAG, "scratchpad", task.scratchpad, NULL,
           "intermediate results are written in front of answers"),
    OPTION_WORDS("structure", task.structure, "S[:W],...",
                 "dense diagonal identity zero integer sparse toeplitz circulant tridiagonal "
                 "kronecker block-diagonal lowrank-diagonal laplacian",
                 "matrices are turned into"),
    OPTION_WORDS("transform", task.transform, "NAME", "none log1p identity dct circulant",
                 "of product's A, or along the tubes of tproduct"),
    OPTIONS_END};
const option_group group_sizes = {"Matrices", GIVEN_SIZES, size_options};

#define ENCODINGS "p10 p1000 b1999 fp15 digit"

static const cli_option encoding_options[] = {
    OPTION_WORDS_BOTH("encoding", tokenizer.input_encoding, tokenizer.output_encoding, "E",
                      ENCODINGS, "both sides"),
    OPTION_WORDS("input-encoding", tokenizer.input_encoding, "E", ENCODINGS, "of the problem"),
    OPTION_WORDS("output-encoding", tokenizer.output_encoding, "E", ENCODINGS, "of the answer"),
    OPTION_BOTH(OPTION_INT32, "digits", tokenizer.input_digits, tokenizer.output_digits, "N",
                "significant digits, both sides (3)"),
    OPTION(OPTION_INT32, "input-digits", tokenizer.input_digits, "N", "of the problem (3)"),
    OPTION(OPTION_INT32, "output-digits", tokenizer.output_digits, "N", "of the answer (3)"),
    OPTION(OPTION_FLAG, "triangle", tokenizer.input_triangle, NULL,
           "symmetric problems as their upper triangle"),
    OPTIONS_END};
const option_group group_encoding = {"Encodings", 0, encoding_options};

static const cli_option model_options[] = {
    OPTION(
        OPTION_CHOICE, "architecture", model.architecture,
        "encoder-decoder|encoder|decoder|lstm|gru",
        "encoder: one pass gives all tokens of an answer; decoder: one causal stack over problem "
        "and answer; lstm, gru: recurrent encoder and decoder"),
    OPTION_BOTH(OPTION_INT32, "layers", model.encoder_layers, model.decoder_layers, "N",
                "of encoder and decoder"),
    OPTION_BOTH(OPTION_INT32, "width", model.encoder_width, model.decoder_width, "N", "of both"),
    OPTION_BOTH(OPTION_INT32, "heads", model.encoder_heads, model.decoder_heads, "N", "of both"),
    OPTION_BOTH(OPTION_INT32, "loops", model.encoder_loops, model.decoder_loops, "N",
                "times the layers are applied, of both"),
    OPTION(OPTION_INT32, "encoder-layers", model.encoder_layers, "N", "encoder alone"),
    OPTION(OPTION_INT32, "encoder-width", model.encoder_width, "N", "encoder alone"),
    OPTION(OPTION_INT32, "encoder-heads", model.encoder_heads, "N", "encoder alone"),
    OPTION(OPTION_INT32, "encoder-loops", model.encoder_loops, "N", "encoder alone"),
    OPTION(OPTION_INT32, "decoder-layers", model.decoder_layers, "N", "decoder alone"),
    OPTION(OPTION_INT32, "decoder-width", model.decoder_width, "N", "decoder alone"),
    OPTION(OPTION_INT32, "decoder-heads", model.decoder_heads, "N", "decoder alone"),
    OPTION(OPTION_INT32, "decoder-loops", model.decoder_loops, "N", "decoder alone"),
    OPTION(OPTION_INT32, "encoder-loop-layer", model.encoder_loop_layer, "K",
           "the layer that --encoder-loops repeats, from 1; 0: all"),
    OPTION(OPTION_INT32, "decoder-loop-layer", model.decoder_loop_layer, "K", "likewise"),
    OPTION(OPTION_FLAG, "copy-gate", model.copy_gate, NULL,
           "a gate behind layers with loops copies or changes each value"),
    OPTION(OPTION_INT32, "ffn-factor", model.ffn_factor, "N",
           "inner width of feed-forward blocks over the width"),
    OPTION(OPTION_CHOICE, "ffn", model.ffn, "plain|gated|bilinear|hashed",
           "feed-forward blocks: one product of x, two that are multiplied, or lookups in tables"),
    OPTION(OPTION_INT32, "ffn-hash-bits", model.ffn_hash_bits, "B",
           "values of a chunk of --ffn hashed, whose table has 2^B rows"),
    OPTION(OPTION_CHOICE, "norm", model.norm, "post|pre", "where LayerNorm stands"),
    OPTION(OPTION_CHOICE, "norm-kind", model.norm_kind, "layer|rms", "LayerNorm or RMSNorm"),
    OPTION(OPTION_CHOICE, "activation", model.activation, "relu|gelu", "of feed-forward blocks"),
    OPTION(OPTION_CHOICE, "positions", model.positions, "learned|sinusoidal",
           "embeddings of positions"),
    OPTION(OPTION_FLAG, "tied", model.tied, NULL, "projection shares the decoder's embeddings"),
    OPTION(OPTION_FLAG, "matrix-positions", model.matrix_positions, NULL,
           "embeddings of the entry's row and column"),
    OPTION(OPTION_FLAG, "factored", model.factored, NULL,
           "fp15: mantissa and exponent embeddings, added"),
    OPTION(OPTION_FLAG, "factored-head", model.factored_head, NULL,
           "fp15 answers: logits are a mantissa's score and an exponent's, added; with --factored "
           "or --no-tied"),
    OPTION(OPTION_FLAG, "cross-query-from-input", model.cross_query_from_input, NULL,
           "cross-attention's query is the layer's input"),
    OPTION(OPTION_FLAG, "encoder-attention", model.encoder_attention, NULL,
           "lstm, gru: the decoder attends to the encoder's output"),
    OPTION(OPTION_FLAG, "query-per-number", model.query_per_number, NULL,
           "encoder: one position a number, with a head for each of its tokens"),
    OPTION(OPTION_INT32, "max-positions", model.max_positions, "N",
           "longest sequence (what the task needs)"),
    OPTION(OPTION_CHOICE, "init", model.init, "random|fourier", "embeddings of numbers"),
    OPTION(OPTION_FLAG, "fourier", model.init, NULL, "the same as --init fourier"),
    OPTION(OPTION_DOUBLE, "dropout", model.dropout, "P", "while training"),
    OPTION(OPTION_DOUBLE, "attention-dropout", model.attention_dropout, "P",
           "of attention's weights while training"),
    OPTION(OPTION_UINT64, "model-seed", model.seed, "S", "of the initial parameters (--seed)"),
    OPTIONS_END};
const option_group group_model = {"Model", 0, model_options};

static const cli_option optimizer_options[] = {
    OPTION_WORDS("optimizer", optimizer.rule, "RULE", "adam adamw muon", "rule of the updates"),
    OPTION(OPTION_DOUBLE, "learning-rate", optimizer.learning_rate, "X", "highest learning rate"),
    OPTION_WORDS("schedule", optimizer.schedule, "NAME", "constant inverse-sqrt cosine",
                 "of the learning rate"),
    OPTION(OPTION_INT64, "warmup", optimizer.warmup, "N", "updates of linear warm-up"),
    OPTION(OPTION_INT64, "period", optimizer.period, "N", "cosine: updates of the first period"),
    OPTION(OPTION_DOUBLE, "period-multiplier", optimizer.period_multiplier, "X",
           "cosine: growth of the periods"),
    OPTION(OPTION_DOUBLE, "shrink", optimizer.shrink, "X",
           "cosine: the rate from a period to the next"),
    OPTION(OPTION_DOUBLE, "floor", optimizer.floor, "X", "cosine: lowest share of the rate"),
    OPTION(OPTION_DOUBLE, "beta1", optimizer.beta1, "X", "decay of the first moment"),
    OPTION(OPTION_DOUBLE, "beta2", optimizer.beta2, "X", "decay of the second moment"),
    OPTION(OPTION_DOUBLE, "epsilon", optimizer.epsilon, "X",
           "added to the root of the second moment"),
    OPTION(OPTION_DOUBLE, "weight-decay", optimizer.weight_decay, "X", "decoupled"),
    OPTION(OPTION_DOUBLE, "muon-learning-rate", optimizer.muon_learning_rate, "X",
           "of matrices in layers"),
    OPTION(OPTION_DOUBLE, "muon-momentum", optimizer.muon_momentum, "X", "of matrices in layers"),
    OPTION(OPTION_DOUBLE, "ema-decay", optimizer.ema_decay, "X",
           "of a moving average of the weights, which is validated and saved; 0: none"),
    OPTION(OPTION_DOUBLE, "clip-norm", optimizer.clip_norm, "X", "of the gradient; 0: none"),
    OPTIONS_END};
const option_group group_optimizer = {"Optimizer", 0, optimizer_options};

static const cli_option run_options[] = {
    OPTION(OPTION_TEXT, "out", output, "DIR",
           "folder of the run's files: models, checkpoint, options, log (needed)"),
    OPTION(OPTION_TEXT, "from", from, "MODEL",
           "start from a saved model's parameters, with its task, encodings and architecture; "
           "--task and the options under Matrices make it another task"),
    OPTION(OPTION_TEXT, "encoder-from", encoder_from, "MODEL",
           "copy the parameters of a saved model's encoder, of the same layers and input encoding"),
    OPTION(OPTION_FLAG, "resume", resume, NULL,
           "continue the run in DIR with the options it had; limits, goals, intervals may be given "
           "anew"),
    OPTION_BOTH(OPTION_UINT64, "seed", trainer.seed, model.seed, "S",
                "of examples and initial parameters"),
    OPTION(OPTION_INT64, "examples", trainer.max_examples, "N",
           "stop after N in all, over resumes; 0: never"),
    OPTION(OPTION_DOUBLE, "minutes", minutes, "M", "stop after M minutes of this call; 0: never"),
    OPTION(OPTION_DOUBLE, "until-exact", trainer.until_exact, "P",
           "stop when P % of a validation are exact; 0: never"),
    OPTION(OPTION_DOUBLE, "until-accuracy", trainer.until_accuracy, "P",
           "stop when P % of a validation are right within 5 %; 0: never"),
    OPTIONS_END};
const option_group group_run = {"Run", 0, run_options};

static const cli_option training_options[] = {
    OPTION(OPTION_TEXT, "data", data, "FILE",
           "train on a file's examples, as 'lat sample --json' writes them"),
    OPTION(OPTION_TEXT, "validation-data", validation_data, "FILE",
           "likewise validate on the first of a file's"),
    OPTION(OPTION_INT32, "batch-size", trainer.batch_size, "N", "examples a batch"),
    OPTION(OPTION_INT32, "accumulation", trainer.accumulation, "N", "batches an update"),
    OPTION(
        OPTION_INT32, "shards", trainer.shards, "N",
        "parts that a batch's gradients are summed in, alike at any number of processes; 0: one"),
    OPTION(OPTION_FLAG, "fast-reduce", trainer.fast_reduce, NULL,
           "MPI: sum gradients in any order, with bits that depend on the number of processes"),
    OPTION(OPTION_FLAG, "split-optimizer", trainer.split_optimizer, NULL,
           "MPI: each process keeps the moments of its part of the parameters alone"),
    OPTION(OPTION_DOUBLE, "rank-timeout", rank_timeout, "S",
           "MPI: end the job when other processes have not answered for S seconds; 0: never"),
    OPTION(OPTION_INT64, "repeat-count", trainer.repeat_count, "N",
           "two-set sampling: size of the fixed set (0: fresh examples only)"),
    OPTION(OPTION_DOUBLE, "repeat-share", trainer.repeat_share, "P",
           "probability that an example comes from it"),
    OPTION(OPTION_DOUBLE, "sign-bias", trainer.sign_bias, "P",
           "share of examples with mostly positive coefficients"),
    OPTION(OPTION_DOUBLE, "target-spread", trainer.target_spread, "X",
           "targets are normal distributions over mantissas, of X last digits"),
    OPTION(OPTION_INT64, "target-spread-examples", trainer.target_spread_examples, "N",
           "examples over which that narrows to nothing; 0: it stays"),
    OPTION(OPTION_TEXT, "size-weights", trainer.size_weights, "TEXT",
           "shares of sizes over the run, linear between points: '3:0.5,4:0.5@0;5@500000'"),
    OPTION(OPTION_TEXT, "task-weights", trainer.task_weights, "TEXT",
           "likewise of a mixture's tasks"),
    OPTION(OPTION_TEXT, "distribution-weights", trainer.distribution_weights, "TEXT",
           "likewise of spectra"),
    OPTION(OPTION_INT64, "validate-every", trainer.validate_every, "N",
           "examples between validations; 0: none"),
    OPTION(OPTION_INT64, "validate-count", trainer.validate_count, "N",
           "fresh examples a validation"),
    OPTION(OPTION_INT64, "checkpoint-every", trainer.checkpoint_every, "N",
           "examples between checkpoints; 0: by the clock and at the end"),
    OPTION(OPTION_DOUBLE, "checkpoint-minutes", checkpoint_minutes, "M",
           "a checkpoint also when the last one is so old; 0: not"),
    OPTION(OPTION_FLAG, "best", trainer.keep_best, NULL,
           "keep the model of the best validation as best.safetensors"),
    OPTION(OPTION_INT32, "patience", trainer.patience, "N",
           "stop after N validations without a better one; 0: never"),
    OPTION(OPTION_INT32, "keep", trainer.keep_checkpoints, "N",
           "also keep the last N checkpoints, as checkpoint-EXAMPLES.safetensors"),
    OPTION(OPTION_INT64, "report-every", trainer.report_every, "N",
           "updates between lines of the log"),
    OPTIONS_END};
const option_group group_training = {"Training", 0, training_options};

static const cli_option decoding_options[] = {
    OPTION(OPTION_CHOICE, "method", decode.method, "greedy|beam|sample", "how tokens are chosen"),
    OPTION(OPTION_FLAG, "grammar", decode.grammar, NULL,
           "only well-formed matrices (solve: on; eval: off, as the paper)"),
    OPTION(OPTION_INT32, "beam-width", decode.beam_width, "N", "hypotheses that are kept"),
    OPTION(OPTION_DOUBLE, "length-penalty", decode.length_penalty, "X", "of beams"),
    OPTION(OPTION_DOUBLE, "temperature", decode.temperature, "X", "of sampling"),
    OPTION(OPTION_UINT64, "decode-seed", decode.seed, "S", "of sampling"),
    OPTION(OPTION_INT32, "max-tokens", decode.max_tokens, "N",
           "longest answer (the model's limit)"),
    OPTION(OPTION_INT32, "candidates", decode.candidates, "K",
           "answers decoded while none is right, of which the best stays"),
    OPTION(OPTION_FLAG, "average", decode.average, NULL,
           "with candidates, also their mean where it is better (on; --no-average)"),
    OPTIONS_END};
const option_group group_decoding = {"Decoding", 0, decoding_options};
