/* The layout of every public structure, frozen for 64-bit machines: size, and offset and size of
 * each member. A member may only be added at the end: its line is added here, and SIZE changes. Any
 * other change breaks programs that are already built. */
#include <lat/lat.h>

#include <assert.h>
#include <stddef.h>

#define SIZE(structure, size)                                                                      \
  static_assert(sizeof(structure) == (size), #structure " has another size")
#define MEMBER(structure, member, offset, size)                                                    \
  static_assert(offsetof(structure, member) == (offset) &&                                         \
                    sizeof(((structure *)0)->member) == (size),                                    \
                #structure "." #member " has moved or changed")

/* Members after which a structure grows end where it ends: nothing hides in padding. */
#define LAST(structure, member)                                                                    \
  static_assert(offsetof(structure, member) + sizeof(((structure *)0)->member) ==                  \
                    sizeof(structure),                                                             \
                #structure " has padding after " #member)

SIZE(lat_context_options, 80);
MEMBER(lat_context_options, struct_size, 0, 8);
MEMBER(lat_context_options, threads, 8, 4);
MEMBER(lat_context_options, precision, 12, 4);
MEMBER(lat_context_options, allocate, 16, 8);
MEMBER(lat_context_options, release, 24, 8);
MEMBER(lat_context_options, allocate_user, 32, 8);
MEMBER(lat_context_options, log, 40, 8);
MEMBER(lat_context_options, log_user, 48, 8);
MEMBER(lat_context_options, log_level, 56, 4);
MEMBER(lat_context_options, reserved, 60, 4);
MEMBER(lat_context_options, parallel, 64, 8);
MEMBER(lat_context_options, parallel_user, 72, 8);

SIZE(lat_matrix, 24);
MEMBER(lat_matrix, data, 0, 8);
MEMBER(lat_matrix, rows, 8, 4);
MEMBER(lat_matrix, cols, 12, 4);
MEMBER(lat_matrix, ld, 16, 4);
MEMBER(lat_matrix, order, 20, 4);

SIZE(lat_task_options, 104);
MEMBER(lat_task_options, struct_size, 0, 8);
MEMBER(lat_task_options, name, 8, 8);
MEMBER(lat_task_options, rows, 16, 4);
MEMBER(lat_task_options, cols, 20, 4);
MEMBER(lat_task_options, min_size, 24, 4);
MEMBER(lat_task_options, max_size, 28, 4);
MEMBER(lat_task_options, rectangular, 32, 4);
MEMBER(lat_task_options, coefficients, 40, 8);
MEMBER(lat_task_options, range, 48, 8);
MEMBER(lat_task_options, distribution, 56, 8);
MEMBER(lat_task_options, noise, 64, 8);
MEMBER(lat_task_options, canonical, 72, 4);
MEMBER(lat_task_options, symmetric_noise, 76, 4);
MEMBER(lat_task_options, structure, 80, 8);
MEMBER(lat_task_options, transform, 88, 8);
MEMBER(lat_task_options, scratchpad, 96, 4);
MEMBER(lat_task_options, equilibrate, 100, 4);

SIZE(lat_task_functions, 168);
MEMBER(lat_task_functions, struct_size, 0, 8);
MEMBER(lat_task_functions, name, 8, 8);
MEMBER(lat_task_functions, letter, 16, 4);
MEMBER(lat_task_functions, degree, 20, 4);
MEMBER(lat_task_functions, scalable, 24, 4);
MEMBER(lat_task_functions, thread_safe, 28, 4);
MEMBER(lat_task_functions, input_shape, 32, 8);
MEMBER(lat_task_functions, output_shape, 40, 8);
MEMBER(lat_task_functions, draw, 48, 8);
MEMBER(lat_task_functions, answer, 56, 8);
MEMBER(lat_task_functions, residual, 64, 8);
MEMBER(lat_task_functions, canonicalize, 72, 8);
MEMBER(lat_task_functions, restore, 80, 8);
MEMBER(lat_task_functions, transform_size, 88, 4);
MEMBER(lat_task_functions, reserved, 92, 4);
MEMBER(lat_task_functions, operand_count, 96, 4);
MEMBER(lat_task_functions, result_count, 100, 4);
MEMBER(lat_task_functions, operand_max_rows, 104, 16);
MEMBER(lat_task_functions, operand_max_cols, 120, 16);
MEMBER(lat_task_functions, result_max_rows, 136, 16);
MEMBER(lat_task_functions, result_max_cols, 152, 16);

SIZE(lat_score_options, 24);
MEMBER(lat_score_options, struct_size, 0, 8);
MEMBER(lat_score_options, norm, 8, 4);
MEMBER(lat_score_options, classic_inverse, 12, 4);
MEMBER(lat_score_options, accept_zero, 16, 4);
MEMBER(lat_score_options, reserved, 20, 4);

SIZE(lat_score, 48);
MEMBER(lat_score, struct_size, 0, 8);
MEMBER(lat_score, residual, 8, 8);
MEMBER(lat_score, within_1pct, 16, 8);
MEMBER(lat_score, orthogonality, 24, 8);
MEMBER(lat_score, condition, 32, 8);
MEMBER(lat_score, ordered, 40, 4);
MEMBER(lat_score, exact, 44, 4);

SIZE(lat_tokenizer_options, 40);
MEMBER(lat_tokenizer_options, struct_size, 0, 8);
MEMBER(lat_tokenizer_options, input_encoding, 8, 8);
MEMBER(lat_tokenizer_options, output_encoding, 16, 8);
MEMBER(lat_tokenizer_options, input_digits, 24, 4);
MEMBER(lat_tokenizer_options, output_digits, 28, 4);
MEMBER(lat_tokenizer_options, input_triangle, 32, 4);
MEMBER(lat_tokenizer_options, reserved, 36, 4);

SIZE(lat_sampler_options, 112);
MEMBER(lat_sampler_options, struct_size, 0, 8);
MEMBER(lat_sampler_options, seed, 8, 8);
MEMBER(lat_sampler_options, stream, 16, 4);
MEMBER(lat_sampler_options, reserved, 20, 4);
MEMBER(lat_sampler_options, repeat_count, 24, 8);
MEMBER(lat_sampler_options, repeat_share, 32, 8);
MEMBER(lat_sampler_options, sign_bias, 40, 8);
MEMBER(lat_sampler_options, size_weights, 48, 8);
MEMBER(lat_sampler_options, task_weights, 56, 8);
MEMBER(lat_sampler_options, distribution_weights, 64, 8);
MEMBER(lat_sampler_options, first, 72, 8);
MEMBER(lat_sampler_options, block, 80, 8);
MEMBER(lat_sampler_options, stride, 88, 8);
MEMBER(lat_sampler_options, source, 96, 8);
MEMBER(lat_sampler_options, source_in_order, 104, 4);
MEMBER(lat_sampler_options, reserved2, 108, 4);

SIZE(lat_sequences, 24);
MEMBER(lat_sequences, tokens, 0, 8);
MEMBER(lat_sequences, offsets, 8, 8);
MEMBER(lat_sequences, count, 16, 8);

SIZE(lat_model_options, 144);
MEMBER(lat_model_options, struct_size, 0, 8);
MEMBER(lat_model_options, encoder_layers, 8, 4);
MEMBER(lat_model_options, encoder_width, 12, 4);
MEMBER(lat_model_options, encoder_heads, 16, 4);
MEMBER(lat_model_options, encoder_loops, 20, 4);
MEMBER(lat_model_options, decoder_layers, 24, 4);
MEMBER(lat_model_options, decoder_width, 28, 4);
MEMBER(lat_model_options, decoder_heads, 32, 4);
MEMBER(lat_model_options, decoder_loops, 36, 4);
MEMBER(lat_model_options, ffn_factor, 40, 4);
MEMBER(lat_model_options, norm, 44, 4);
MEMBER(lat_model_options, activation, 48, 4);
MEMBER(lat_model_options, positions, 52, 4);
MEMBER(lat_model_options, tied, 56, 4);
MEMBER(lat_model_options, matrix_positions, 60, 4);
MEMBER(lat_model_options, factored, 64, 4);
MEMBER(lat_model_options, cross_query_from_input, 68, 4);
MEMBER(lat_model_options, max_positions, 72, 4);
MEMBER(lat_model_options, init, 76, 4);
MEMBER(lat_model_options, dropout, 80, 8);
MEMBER(lat_model_options, seed, 88, 8);
MEMBER(lat_model_options, architecture, 96, 4);
MEMBER(lat_model_options, norm_kind, 100, 4);
MEMBER(lat_model_options, attention_dropout, 104, 8);
MEMBER(lat_model_options, copy_gate, 112, 4);
MEMBER(lat_model_options, encoder_loop_layer, 116, 4);
MEMBER(lat_model_options, decoder_loop_layer, 120, 4);
MEMBER(lat_model_options, encoder_attention, 124, 4);
MEMBER(lat_model_options, query_per_number, 128, 4);
MEMBER(lat_model_options, ffn, 132, 4);
MEMBER(lat_model_options, ffn_hash_bits, 136, 4);
MEMBER(lat_model_options, factored_head, 140, 4);

SIZE(lat_loss_sum, 48);
MEMBER(lat_loss_sum, struct_size, 0, 8);
MEMBER(lat_loss_sum, loss, 8, 8);
MEMBER(lat_loss_sum, tokens, 16, 8);
MEMBER(lat_loss_sum, correct_tokens, 24, 8);
MEMBER(lat_loss_sum, examples, 32, 8);
MEMBER(lat_loss_sum, correct_examples, 40, 8);

SIZE(lat_tensor, 48);
MEMBER(lat_tensor, struct_size, 0, 8);
MEMBER(lat_tensor, name, 8, 8);
MEMBER(lat_tensor, offset, 16, 8);
MEMBER(lat_tensor, size, 24, 8);
MEMBER(lat_tensor, rank, 32, 4);
MEMBER(lat_tensor, shape, 36, 8);
MEMBER(lat_tensor, reserved, 44, 4);

SIZE(lat_optimizer_options, 136);
MEMBER(lat_optimizer_options, struct_size, 0, 8);
MEMBER(lat_optimizer_options, rule, 8, 8);
MEMBER(lat_optimizer_options, schedule, 16, 8);
MEMBER(lat_optimizer_options, learning_rate, 24, 8);
MEMBER(lat_optimizer_options, beta1, 32, 8);
MEMBER(lat_optimizer_options, beta2, 40, 8);
MEMBER(lat_optimizer_options, epsilon, 48, 8);
MEMBER(lat_optimizer_options, weight_decay, 56, 8);
MEMBER(lat_optimizer_options, muon_learning_rate, 64, 8);
MEMBER(lat_optimizer_options, muon_momentum, 72, 8);
MEMBER(lat_optimizer_options, clip_norm, 80, 8);
MEMBER(lat_optimizer_options, warmup, 88, 8);
MEMBER(lat_optimizer_options, period, 96, 8);
MEMBER(lat_optimizer_options, period_multiplier, 104, 8);
MEMBER(lat_optimizer_options, shrink, 112, 8);
MEMBER(lat_optimizer_options, floor, 120, 8);
MEMBER(lat_optimizer_options, ema_decay, 128, 8);

SIZE(lat_decode_options, 104);
MEMBER(lat_decode_options, struct_size, 0, 8);
MEMBER(lat_decode_options, method, 8, 4);
MEMBER(lat_decode_options, grammar, 12, 4);
MEMBER(lat_decode_options, beam_width, 16, 4);
MEMBER(lat_decode_options, max_tokens, 20, 4);
MEMBER(lat_decode_options, length_penalty, 24, 8);
MEMBER(lat_decode_options, temperature, 32, 8);
MEMBER(lat_decode_options, seed, 40, 8);
MEMBER(lat_decode_options, tolerance, 48, 8);
MEMBER(lat_decode_options, scaling, 56, 4);
MEMBER(lat_decode_options, compare, 60, 4);
MEMBER(lat_decode_options, refine, 64, 4);
MEMBER(lat_decode_options, fallback, 68, 4);
MEMBER(lat_decode_options, certify_tolerance, 72, 8);
MEMBER(lat_decode_options, candidates, 80, 4);
MEMBER(lat_decode_options, average, 84, 4);
MEMBER(lat_decode_options, cancel, 88, 8);
MEMBER(lat_decode_options, cancel_user, 96, 8);

SIZE(lat_linear_certificate, 64);
MEMBER(lat_linear_certificate, struct_size, 0, 8);
MEMBER(lat_linear_certificate, features, 8, 8);
MEMBER(lat_linear_certificate, rank, 16, 8);
MEMBER(lat_linear_certificate, lambda_min, 24, 8);
MEMBER(lat_linear_certificate, lambda_max, 32, 8);
MEMBER(lat_linear_certificate, residual, 40, 8);
MEMBER(lat_linear_certificate, lost, 48, 8);
MEMBER(lat_linear_certificate, unique, 56, 4);
MEMBER(lat_linear_certificate, heads, 60, 4);

SIZE(lat_report, 96);
MEMBER(lat_report, struct_size, 0, 8);
MEMBER(lat_report, residual, 8, 8);
MEMBER(lat_report, tolerance, 16, 8);
MEMBER(lat_report, orthogonality, 24, 8);
MEMBER(lat_report, log_probability, 32, 8);
MEMBER(lat_report, scale, 40, 8);
MEMBER(lat_report, verdict, 48, 4);
MEMBER(lat_report, tokens, 52, 4);
MEMBER(lat_report, source, 56, 4);
MEMBER(lat_report, refine_steps, 60, 4);
MEMBER(lat_report, residual_before, 64, 8);
MEMBER(lat_report, error_bound, 72, 8);
MEMBER(lat_report, candidates, 80, 4);
MEMBER(lat_report, candidate, 84, 4);
MEMBER(lat_report, averaged, 88, 4);
MEMBER(lat_report, reserved, 92, 4);

SIZE(lat_observation, 104);
MEMBER(lat_observation, struct_size, 0, 8);
MEMBER(lat_observation, index, 8, 8);
MEMBER(lat_observation, task, 16, 8);
MEMBER(lat_observation, input, 24, 8);
MEMBER(lat_observation, target, 32, 8);
MEMBER(lat_observation, prediction, 40, 8);
MEMBER(lat_observation, tokens, 48, 8);
MEMBER(lat_observation, token_count, 56, 8);
MEMBER(lat_observation, residual, 64, 8);
MEMBER(lat_observation, orthogonality, 72, 8);
MEMBER(lat_observation, condition, 80, 8);
MEMBER(lat_observation, verdict, 88, 4);
MEMBER(lat_observation, candidates, 92, 4);
MEMBER(lat_observation, input_count, 96, 4);
MEMBER(lat_observation, result_count, 100, 4);

SIZE(lat_diagnosis, 168);
MEMBER(lat_diagnosis, struct_size, 0, 8);
MEMBER(lat_diagnosis, count, 8, 8);
MEMBER(lat_diagnosis, failed, 16, 8);
MEMBER(lat_diagnosis, values, 24, 32);
MEMBER(lat_diagnosis, norms, 56, 32);
MEMBER(lat_diagnosis, orthogonality, 88, 32);
MEMBER(lat_diagnosis, threshold, 120, 8);
MEMBER(lat_diagnosis, sorted, 128, 8);
MEMBER(lat_diagnosis, auc, 136, 8);
MEMBER(lat_diagnosis, right_98, 144, 8);
MEMBER(lat_diagnosis, failed_2, 152, 8);
MEMBER(lat_diagnosis, criterion, 160, 4);
MEMBER(lat_diagnosis, reserved, 164, 4);

SIZE(lat_evaluate_options, 160);
MEMBER(lat_evaluate_options, struct_size, 0, 8);
MEMBER(lat_evaluate_options, count, 8, 8);
MEMBER(lat_evaluate_options, seed, 16, 8);
MEMBER(lat_evaluate_options, stream, 24, 4);
MEMBER(lat_evaluate_options, reserved, 28, 4);
MEMBER(lat_evaluate_options, first, 32, 8);
MEMBER(lat_evaluate_options, batch_size, 40, 4);
MEMBER(lat_evaluate_options, norm, 44, 4);
MEMBER(lat_evaluate_options, classic_inverse, 48, 4);
MEMBER(lat_evaluate_options, accept_trailing, 52, 4);
MEMBER(lat_evaluate_options, ceiling, 56, 4);
MEMBER(lat_evaluate_options, task, 64, 8);
MEMBER(lat_evaluate_options, decode, 72, 8);
MEMBER(lat_evaluate_options, progress, 80, 8);
MEMBER(lat_evaluate_options, user, 88, 8);
MEMBER(lat_evaluate_options, accept_loose, 96, 4);
MEMBER(lat_evaluate_options, accept_zero, 100, 4);
MEMBER(lat_evaluate_options, tolerances, 104, 32);
MEMBER(lat_evaluate_options, observe, 136, 8);
MEMBER(lat_evaluate_options, diagnose, 144, 4);
MEMBER(lat_evaluate_options, reserved2, 148, 4);
MEMBER(lat_evaluate_options, source, 152, 8);

SIZE(lat_accuracy, 152);
MEMBER(lat_accuracy, struct_size, 0, 8);
MEMBER(lat_accuracy, label, 8, 32);
MEMBER(lat_accuracy, count, 40, 8);
MEMBER(lat_accuracy, accuracy, 48, 32);
MEMBER(lat_accuracy, ceiling, 80, 32);
MEMBER(lat_accuracy, exact, 112, 8);
MEMBER(lat_accuracy, well_formed, 120, 8);
MEMBER(lat_accuracy, within_1pct, 128, 8);
MEMBER(lat_accuracy, certified, 136, 8);
MEMBER(lat_accuracy, candidates, 144, 8);

SIZE(lat_progress, 128);
MEMBER(lat_progress, struct_size, 0, 8);
MEMBER(lat_progress, examples, 8, 8);
MEMBER(lat_progress, updates, 16, 8);
MEMBER(lat_progress, tokens, 24, 8);
MEMBER(lat_progress, loss, 32, 8);
MEMBER(lat_progress, learning_rate, 40, 8);
MEMBER(lat_progress, gradient_norm, 48, 8);
MEMBER(lat_progress, seconds, 56, 8);
MEMBER(lat_progress, examples_per_second, 64, 8);
MEMBER(lat_progress, accuracy, 72, 8);
MEMBER(lat_progress, exact, 80, 8);
MEMBER(lat_progress, validated, 88, 4);
MEMBER(lat_progress, checkpointed, 92, 4);
MEMBER(lat_progress, best_accuracy, 96, 8);
MEMBER(lat_progress, best_exact, 104, 8);
MEMBER(lat_progress, best_examples, 112, 8);
MEMBER(lat_progress, since_best, 120, 8);

SIZE(lat_trainer_options, 264);
MEMBER(lat_trainer_options, struct_size, 0, 8);
MEMBER(lat_trainer_options, directory, 8, 8);
MEMBER(lat_trainer_options, seed, 16, 8);
MEMBER(lat_trainer_options, batch_size, 24, 4);
MEMBER(lat_trainer_options, accumulation, 28, 4);
MEMBER(lat_trainer_options, repeat_count, 32, 8);
MEMBER(lat_trainer_options, repeat_share, 40, 8);
MEMBER(lat_trainer_options, sign_bias, 48, 8);
MEMBER(lat_trainer_options, max_examples, 56, 8);
MEMBER(lat_trainer_options, max_seconds, 64, 8);
MEMBER(lat_trainer_options, until_exact, 72, 8);
MEMBER(lat_trainer_options, until_accuracy, 80, 8);
MEMBER(lat_trainer_options, validate_every, 88, 8);
MEMBER(lat_trainer_options, validate_count, 96, 8);
MEMBER(lat_trainer_options, checkpoint_every, 104, 8);
MEMBER(lat_trainer_options, report_every, 112, 8);
MEMBER(lat_trainer_options, progress, 120, 8);
MEMBER(lat_trainer_options, user, 128, 8);
MEMBER(lat_trainer_options, size_weights, 136, 8);
MEMBER(lat_trainer_options, task_weights, 144, 8);
MEMBER(lat_trainer_options, distribution_weights, 152, 8);
MEMBER(lat_trainer_options, target_spread, 160, 8);
MEMBER(lat_trainer_options, target_spread_examples, 168, 8);
MEMBER(lat_trainer_options, checkpoint_seconds, 176, 8);
MEMBER(lat_trainer_options, keep_best, 184, 4);
MEMBER(lat_trainer_options, keep_checkpoints, 188, 4);
MEMBER(lat_trainer_options, patience, 192, 4);
MEMBER(lat_trainer_options, split_optimizer, 196, 4);
MEMBER(lat_trainer_options, rank, 200, 4);
MEMBER(lat_trainer_options, ranks, 204, 4);
MEMBER(lat_trainer_options, shards, 208, 4);
MEMBER(lat_trainer_options, fast_reduce, 212, 4);
MEMBER(lat_trainer_options, reduce, 216, 8);
MEMBER(lat_trainer_options, agree, 224, 8);
MEMBER(lat_trainer_options, connection, 232, 8);
MEMBER(lat_trainer_options, source, 240, 8);
MEMBER(lat_trainer_options, validation_source, 248, 8);
MEMBER(lat_trainer_options, begin_reduce, 256, 8);

SIZE(lat_reduction, 88);
MEMBER(lat_reduction, struct_size, 0, 8);
MEMBER(lat_reduction, shards, 8, 8);
MEMBER(lat_reduction, rank, 16, 4);
MEMBER(lat_reduction, ranks, 20, 4);
MEMBER(lat_reduction, parts, 24, 4);
MEMBER(lat_reduction, any_order, 28, 4);
MEMBER(lat_reduction, values, 32, 8);
MEMBER(lat_reduction, count, 40, 8);
MEMBER(lat_reduction, sums, 48, 8);
MEMBER(lat_reduction, sum_count, 56, 4);
MEMBER(lat_reduction, reserved, 60, 4);
MEMBER(lat_reduction, message, 64, 8);
MEMBER(lat_reduction, offset, 72, 8);
MEMBER(lat_reduction, owned, 80, 8);

SIZE(lat_agreement, 48);
MEMBER(lat_agreement, struct_size, 0, 8);
MEMBER(lat_agreement, rank, 8, 4);
MEMBER(lat_agreement, ranks, 12, 4);
MEMBER(lat_agreement, rows, 16, 8);
MEMBER(lat_agreement, size, 24, 8);
MEMBER(lat_agreement, message, 32, 8);
MEMBER(lat_agreement, offsets, 40, 8);

LAST(lat_context_options, parallel_user);
LAST(lat_matrix, order);
LAST(lat_task_options, equilibrate);
LAST(lat_task_functions, result_max_cols);
LAST(lat_score_options, reserved);
LAST(lat_score, exact);
LAST(lat_tokenizer_options, reserved);
LAST(lat_sampler_options, reserved2);
LAST(lat_sequences, count);
LAST(lat_model_options, factored_head);
LAST(lat_loss_sum, correct_examples);
LAST(lat_tensor, reserved);
LAST(lat_optimizer_options, ema_decay);
LAST(lat_decode_options, cancel_user);
LAST(lat_report, reserved);
LAST(lat_evaluate_options, source);
LAST(lat_observation, result_count);
LAST(lat_diagnosis, reserved);
LAST(lat_accuracy, candidates);
LAST(lat_linear_certificate, heads);
LAST(lat_progress, since_best);
LAST(lat_reduction, owned);
LAST(lat_agreement, offsets);
LAST(lat_trainer_options, begin_reduce);

/* Constants, which are compiled into programs. */
#define VALUE(name, value) static_assert((name) == (value), #name " has another value")

VALUE(LAT_OK, 0);
VALUE(LAT_ERROR_ARGUMENT, -1);
VALUE(LAT_ERROR_SHAPE, -2);
VALUE(LAT_ERROR_STATE, -3);
VALUE(LAT_ERROR_MEMORY, -4);
VALUE(LAT_ERROR_IO, -5);
VALUE(LAT_ERROR_FORMAT, -6);
VALUE(LAT_ERROR_UNSUPPORTED, -7);
VALUE(LAT_ERROR_NUMERIC, -8);
VALUE(LAT_ERROR_CANCELLED, -9);
VALUE(LAT_ERROR_CALLBACK, -10);
VALUE(LAT_ERROR_LIMIT, -11);
VALUE(LAT_ERROR_NOT_FOUND, -12);
VALUE(LAT_ERROR_INTERNAL, -13);
VALUE(LAT_PRECISION_AUTO, 0);
VALUE(LAT_PRECISION_F32, 1);
VALUE(LAT_PRECISION_BF16, 2);
VALUE(LAT_LOG_ERROR, 1);
VALUE(LAT_LOG_WARNING, 2);
VALUE(LAT_LOG_INFO, 3);
VALUE(LAT_LOG_DEBUG, 4);
VALUE(LAT_ROW_MAJOR, 0);
VALUE(LAT_COLUMN_MAJOR, 1);
VALUE(LAT_INPUT, 0);
VALUE(LAT_OUTPUT, 1);
VALUE(LAT_TOKEN_DIMENSION, 28);
VALUE(LAT_TOKEN_EOS, 0);
VALUE(LAT_TOKEN_PAD, 1);
VALUE(LAT_TOKEN_LETTER, 2);
VALUE(LAT_TOKEN_NUMBER, 128);
VALUE(LAT_MAX_DIMENSION, 100);
VALUE(LAT_MAX_OPERANDS, 4);
VALUE(LAT_MESSAGE_SIZE, 256);
VALUE(LAT_LINEAR_A, 0);
VALUE(LAT_LINEAR_P, 1);
VALUE(LAT_LINEAR_S, 2);
VALUE(LAT_OPERATOR_MAX_DENSE, 4096);
VALUE(LAT_OPERATOR_MAX_PARTS, 4096);
VALUE(LAT_TASK_REJECT, 1);
VALUE(LAT_NORM_L1, 0);
VALUE(LAT_NORM_MAX, 1);
VALUE(LAT_NORM_FROBENIUS2, 2);
VALUE(LAT_ARCHITECTURE_ENCODER_DECODER, 0);
VALUE(LAT_ARCHITECTURE_ENCODER, 1);
VALUE(LAT_ARCHITECTURE_DECODER, 2);
VALUE(LAT_ARCHITECTURE_LSTM, 3);
VALUE(LAT_ARCHITECTURE_GRU, 4);
VALUE(LAT_NORM_POST, 0);
VALUE(LAT_NORM_PRE, 1);
VALUE(LAT_NORM_KIND_LAYER, 0);
VALUE(LAT_NORM_KIND_RMS, 1);
VALUE(LAT_FFN_PLAIN, 0);
VALUE(LAT_FFN_GATED, 1);
VALUE(LAT_FFN_BILINEAR, 2);
VALUE(LAT_FFN_HASHED, 3);
VALUE(LAT_RELU, 0);
VALUE(LAT_GELU, 1);
VALUE(LAT_POSITIONS_LEARNED, 0);
VALUE(LAT_POSITIONS_SINUSOIDAL, 1);
VALUE(LAT_INIT_RANDOM, 0);
VALUE(LAT_INIT_FOURIER, 1);
VALUE(LAT_VERDICT_WITHIN, 0);
VALUE(LAT_DECODE_GREEDY, 0);
VALUE(LAT_DECODE_BEAM, 1);
VALUE(LAT_DECODE_SAMPLE, 2);
VALUE(LAT_VERDICT_OUTSIDE, 1);
VALUE(LAT_VERDICT_UNDECODABLE, 2);
VALUE(LAT_VERDICT_UNKNOWN, 3);
VALUE(LAT_VERDICT_CERTIFIED, 4);
VALUE(LAT_VERDICT_NO_ANSWER, 5);
VALUE(LAT_SOURCE_MODEL, 0);
VALUE(LAT_SOURCE_REFINED, 1);
VALUE(LAT_SOURCE_LAPACK, 2);
VALUE(LAT_TOLERANCES, 4);
VALUE(LAT_CRITERION_NONE, 0);
VALUE(LAT_CRITERION_VECTORS, 1);
VALUE(LAT_CRITERION_INPUT, 2);

/* Types that cross the boundary on their own. */
static_assert(sizeof(lat_status) == 4 && (lat_status)-1 < 0,
              "lat_status is not a signed 32-bit number");
