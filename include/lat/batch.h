/**
 * @file batch.h
 * @brief Examples as tokens, ragged: sequences end to end plus offsets, no padding; and the sampler
 * that draws them.
 *
 * @code
 * lat_sampler *draw = NULL; lat_batch *batch = NULL;
 * lat_sampler_create(&draw, task, tokenizer, NULL);
 * lat_batch_create(&batch, tokenizer);
 * lat_sampler_next(batch, draw, 64);
 * @endcode
 *
 * Example i of a stream is a pure function of (seed, stream, i) and the options, whatever thread
 * draws it; position and resuming are one number. A batch or sampler is used by one thread at a
 * time.
 */
#ifndef LAT_BATCH_H
#define LAT_BATCH_H

#include <lat/task.h>
#include <lat/tokenizer.h>

/** Opaque; grows to the largest batch it has held. */
typedef struct lat_batch lat_batch;

/** Opaque. */
typedef struct lat_sampler lat_sampler;

/** Options of lat_sampler_create(). @since 0.1 */
typedef struct lat_sampler_options {
  size_t struct_size;   /**< set by the init macro */
  uint64_t seed;        /**< default 0 */
  uint32_t stream;      /**< independent streams of one seed: 0 training, 1 validation, 2 test, ...;
                           below 2^30 */
  int32_t reserved;     /**< 0 */
  int64_t repeat_count; /**< two-set sampling: size N of the fixed set; 0 (default): fresh examples
                           only */
  double repeat_share;  /**< probability in 0..1 that an example comes from the fixed set */
  double sign_bias; /**< probability in 0..1 that an example's coefficients, as they are drawn, are
                       made positive three times in four: a curriculum. Answers that hang on
                       products of signs (eigenvalues from 3 x 3 on) give no hint of them under
                       symmetric signs. Ignored by custom tasks and by spectra other than
                       "semicircle". Default 0 */
  const char *size_weights;         /**< shares of sizes over the examples of the stream, read by
                                       lat_sampler_create(): "NAME[:W],NAME[:W]...[@EXAMPLES];..." gives
                                       weights (1 where left out) at these numbers of examples (0 where left
                                       out of the first), linear in between, as "3:0.5,4:0.5@0;5@500000":
                                       names are sizes in the task's min_size..max_size, of which those
                                       that are not named have no share. NULL (default): as the task says */
  const char *task_weights;         /**< likewise the tasks of a mixture, by name */
  const char *distribution_weights; /**< likewise spectra of symmetric matrices, by name */
  uint64_t first; /**< index in the stream of the sampler's first example; default 0 */
  int64_t block;  /**< the sampler's example i is example first + (i / block) stride + i % block of
                     the stream, so that several samplers share a stream out among them; 0
                     (default): example first + i */
  int64_t stride; /**< at least block; ignored where block is 0 */
  const lat_batch *source; /**< examples of the host's own, with their answers, to be taken instead
                              of drawn ones; of a mixture's tasks, with their letters. All of them
                              come once before any comes again, in an order that is new each time
                              and a pure function of seed and stream. Operands must be written as
                              lat_batch_append_operands() does; a canonical task's must be in their
                              canonical forms. Borrowed: it must not change, and must outlive the
                              sampler. Options of drawing do not go with it. NULL (default):
                              examples are drawn */
  int32_t source_in_order; /**< 1: in the order of the source; default 0 */
  int32_t reserved2;       /**< 0 */
} lat_sampler_options;

/** Tokens of one side of a batch, end to end. Sequence i is tokens[offsets[i]] ..
 * tokens[offsets[i+1] - 1]. */
typedef struct lat_sequences {
  const int32_t *tokens;  /**< borrowed; valid until the batch changes */
  const int64_t *offsets; /**< count + 1 of them */
  int64_t count;          /**< number of sequences */
} lat_sequences;

#ifdef __cplusplus
extern "C" {
#endif

/** Creates an empty batch. @return OK, ARGUMENT, MEMORY. @since 0.1 */
LAT_API LAT_NODISCARD lat_status lat_batch_create(lat_batch **out, lat_tokenizer *tokenizer);

/** NULL is a no-op. @since 0.1 */
LAT_API void lat_batch_free(lat_batch *batch);

/** Empties the batch, keeping its memory. @since 0.1 */
LAT_API void lat_batch_clear(lat_batch *batch);

/**
 * Appends one example of the caller's, one matrix on each side as it is written. @p output may be
 * NULL for inference: the target is then empty.
 * @param letter  task letter to put in front of both sides, or 0
 * @return as lat_tokenizer_encode(); the batch is unchanged on failure. @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_batch_append(lat_batch *batch, int32_t letter,
                                                  const lat_matrix *input,
                                                  const lat_matrix *output);

/**
 * Appends one example of a task of any number of operands, written as the task says.
 * @param letter   task letter to put in front of both sides, or 0
 * @param task     not a mixture, but one of its components
 * @param results  NULL for inference: the target is then empty
 * @return as lat_tokenizer_encode(), and ARGUMENT (a count is not the task's), SHAPE (the task does
 * not take the operands, or answers with others), STATE (mixture); the batch is unchanged on
 * failure.
 * @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_batch_append_operands(
    lat_batch *batch, int32_t letter, const lat_task *task, const lat_matrix *operands,
    int32_t operand_count, const lat_matrix *results, int32_t result_count);

/** Size of a batch. @return number of examples. @since 0.1 */
LAT_API int64_t lat_batch_size(const lat_batch *batch);

/** The side's sequences without the framing EOS, borrowed until the batch changes. @return OK,
 * ARGUMENT (NULL, no such side). @since 0.1 */
LAT_API LAT_NODISCARD lat_status lat_batch_sequences(lat_sequences *out, const lat_batch *batch,
                                                     int32_t side);

/**
 * The doubles behind example @p index, before rounding (noise included on the input side), as they
 * are written: a row-major view, borrowed, valid until the batch changes. @return OK, ARGUMENT,
 * STATE (no output was given; several matrices, written one after the other). @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_batch_matrix(lat_matrix *out, const lat_batch *batch,
                                                  int32_t side, int64_t index);

/** Matrices of an example. @return number of operands (input side) or results of example @p index;
 * 0 where there is no such example, or no output was given. @since 0.1 */
LAT_API int32_t lat_batch_operand_count(const lat_batch *batch, int32_t side, int64_t index);

/** Operand, or result, @p operand of example @p index, as lat_batch_matrix(). Its ld is more than
 * its columns where operands are written side by side. @return OK, ARGUMENT, STATE (no output was
 * given).
 * @since 0.1 */
LAT_API LAT_NODISCARD lat_status lat_batch_operand(lat_matrix *out, const lat_batch *batch,
                                                   int32_t side, int64_t index, int32_t operand);

/** Component of a mixture. @return which component of a mixture example @p index came from; 0
 * otherwise. @since 0.1 */
LAT_API int32_t lat_batch_component(const lat_batch *batch, int64_t index);

/** The function behind lat_sampler_options_init(), which passes the caller's sizeof. @since 0.1 */
LAT_API void lat_sampler_options_init_sized(lat_sampler_options *options, size_t size);
/** Fills a lat_sampler_options with the defaults. @since 0.1 */
#define lat_sampler_options_init(options)                                                          \
  lat_sampler_options_init_sized((options), sizeof *(options))

/** Creates a sampler; keeps references to task and tokenizer. @return OK, ARGUMENT, MEMORY. @since
 * 0.1 */
LAT_API LAT_NODISCARD lat_status lat_sampler_create(lat_sampler **out, lat_task *task,
                                                    lat_tokenizer *tokenizer,
                                                    const lat_sampler_options *options);

/** NULL is a no-op. @since 0.1 */
LAT_API void lat_sampler_free(lat_sampler *sampler);

/**
 * Replaces the batch's contents by the next @p count examples and advances the position. Draws on
 * the context's threads unless a custom task forbids it.
 * @return OK, ARGUMENT, MEMORY, CALLBACK, NUMERIC (1,000 draws in a row were rejected). @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_sampler_next(lat_batch *batch, lat_sampler *sampler,
                                                  int64_t count);

/** Position in the stream. @return number of the next example, counted from 0 in the sampler's own
 * part of the stream, see lat_sampler_options.block. @since 0.1 */
LAT_API uint64_t lat_sampler_position(const lat_sampler *sampler);

/** Moves to example @p index of the sampler's part of the stream. @since 0.1 */
LAT_API void lat_sampler_seek(lat_sampler *sampler, uint64_t index);

#ifdef __cplusplus
}
#endif

#endif
