/**
 * @file model.h
 * @brief The encoder-decoder transformer: parameters, loss, gradients, files.
 *
 * @code
 * lat_model_options options;
 * lat_model_options_init(&options);
 * options.encoder_width = options.decoder_width = 128;
 * lat_model_create(&model, task, tokenizer, &options);
 * lat_gradients_create(&grads, model);
 * for (int64_t step = 0; step < steps; ++step) {
 *   lat_loss_sum sum;
 *   lat_loss_sum_init(&sum);
 *   lat_sampler_next(batch, draw, 64);
 *   lat_gradients_accumulate(grads, &sum, model, batch);
 *   lat_optimizer_step(optimizer, model, grads, &sum);
 * }
 * lat_model_save(model, "model.safetensors");
 * @endcode
 *
 * All parameters are one flat vector of f32, and so are the gradients; lat_model_tensor() names the
 * parts. A created model is trainable: one thread at a time. lat_model_freeze() or lat_model_load()
 * make it immutable: any number of threads. Models are reference counted.
 */
#ifndef LAT_MODEL_H
#define LAT_MODEL_H

#include <lat/batch.h>

/** Opaque; see the file's description. */
typedef struct lat_model lat_model;

/** Opaque: one gradient vector and the workspace to compute it. One thread at a time. */
typedef struct lat_gradients lat_gradients;

/** Which stacks of layers a model has. */
enum {
  LAT_ARCHITECTURE_ENCODER_DECODER = 0, /**< as the paper: the decoder writes the answer token by
                                           token, and attends to the encoder's output */
  LAT_ARCHITECTURE_ENCODER = 1, /**< an encoder alone: behind the problem stand query positions, one
                                  for each token of the answer, and one bidirectional pass gives all
                                  tokens at once */
  LAT_ARCHITECTURE_DECODER = 2, /**< a decoder alone: the answer stands behind the problem in one
                                   causal stack, and only the answer's tokens enter the loss */
  LAT_ARCHITECTURE_LSTM = 3,    /**< an encoder and a decoder whose layers are LSTMs in place of
                                   attention and feed-forward blocks. The decoder's states begin with
                                   linear maps of the encoder's output behind the last token */
  LAT_ARCHITECTURE_GRU = 4      /**< likewise of gated recurrent units */
};

/** Placement of LayerNorm. */
enum {
  LAT_NORM_POST = 0, /**< after each residual sum, as the paper */
  LAT_NORM_PRE = 1   /**< before each block, and once at the end (layer_norm_out) */
};

/** What normalises a token's vector. */
enum {
  LAT_NORM_KIND_LAYER = 0, /**< LayerNorm: gain (x - mean) / deviation + bias, as the paper */
  LAT_NORM_KIND_RMS = 1    /**< RMSNorm: gain x / root mean square, without mean and bias */
};

/** Activation of the feed-forward blocks. */
enum { LAT_RELU = 0, LAT_GELU = 1 /**< the exact one, x Phi(x) */ };

/** Feed-forward blocks, x to y = W2 h + b2, where [v g] = W1 x + b1 in two halves (Shazeer 2020);
 * or by lookups in tables, y = sum over chunks z_k of x of p(z_k) T_k[signs of z_k], with p the
 * product of sigma(2 |z_i|) (after "MemoryFormer", 2024). */
enum {
  LAT_FFN_PLAIN = 0,    /**< h = activation(W1 x + b1) */
  LAT_FFN_GATED = 1,    /**< h = v activation(g), elementwise */
  LAT_FFN_BILINEAR = 2, /**< h = v g */
  LAT_FFN_HASHED = 3    /**< tables of 2^ffn_hash_bits rows */
};

/** Position embeddings. */
enum { LAT_POSITIONS_LEARNED = 0, LAT_POSITIONS_SINUSOIDAL = 1 };

/** Initial embeddings of number symbols. */
enum {
  LAT_INIT_RANDOM = 0, /**< N(0, 1/width), as the paper */
  LAT_INIT_FOURIER =
      1 /**< random Fourier features of the number's value: 0.05 sqrt 2 cos(w v + b) */
};

/** Options of lat_model_create(): the architecture. @since 0.1 */
typedef struct lat_model_options {
  size_t struct_size;     /**< set by the init macro */
  int32_t encoder_layers; /**< 1..64; default 1 */
  int32_t encoder_width;  /**< 1..4096; default 256 */
  int32_t encoder_heads;  /**< divides the width; default 8 */
  int32_t encoder_loops;  /**< times the stack of layers is applied with the same weights (universal
                               transformer); default 1 */
  int32_t decoder_layers; /**< as encoder_layers */
  int32_t decoder_width;  /**< as encoder_width; may differ from it */
  int32_t decoder_heads;  /**< divides decoder_width; default 8 */
  int32_t decoder_loops;  /**< as encoder_loops */
  int32_t ffn_factor;     /**< inner width of feed-forward blocks over the width; default 4 */
  int32_t norm;           /**< LAT_NORM_POST (default) or LAT_NORM_PRE */
  int32_t activation;     /**< LAT_RELU (default) or LAT_GELU */
  int32_t positions;      /**< LAT_POSITIONS_LEARNED (default) or LAT_POSITIONS_SINUSOIDAL */
  int32_t tied; /**< 1 (default): the output projection is the decoder's embedding matrix */
  int32_t matrix_positions; /**< 1: row and column embeddings are added to the tokens of matrix
                               entries, in the encoder those of the token, in the decoder those of
                               the token to predict; row 0 of either table elsewhere; default
                               0 */
  int32_t factored;         /**< 1: an FP15 symbol's embedding is the sum of its mantissa's and its
                               exponent's; default 0 */
  int32_t cross_query_from_input; /**< 1: cross-attention's query is the layer's input instead of
                                     the output of the self-attention block, as in the reference's
                                     published weights; default 0 */
  int32_t
      max_positions; /**< longest sequence, framing included; 0 (default): what the task needs */
  int32_t init;      /**< LAT_INIT_RANDOM (default) or LAT_INIT_FOURIER */
  double dropout; /**< on embeddings and on each block's output while training, 0..0.9; default 0 */
  uint64_t seed;  /**< of the initial parameters and of dropout; default 0 */
  int32_t architecture;     /**< LAT_ARCHITECTURE_ENCODER_DECODER (default), or
                               LAT_ARCHITECTURE_ENCODER: the decoder's options are then not used,
                               tied becomes 0, and the output encoding must give every number the
                               same length (p10 does not), or LAT_ARCHITECTURE_DECODER: the encoder's
                               options are not used, or LAT_ARCHITECTURE_LSTM or
                               LAT_ARCHITECTURE_GRU: ffn_factor and activation are not used, nor are
                               heads without encoder_attention */
  int32_t norm_kind;        /**< LAT_NORM_KIND_LAYER (default) or LAT_NORM_KIND_RMS */
  double attention_dropout; /**< on the weights of attention while training, 0..0.9; default 0 */
  int32_t copy_gate; /**< 1: layers of a stack with loops end with a gate that decides, for every
                        value, between what the layer makes of it and a copy of what it was (not
                        together with cross_query_from_input); default 0 */
  int32_t encoder_loop_layer; /**< 0 (default): encoder_loops repeats the stack of layers; k: layer
                                 k alone, from 1 */
  int32_t decoder_loop_layer; /**< as encoder_loop_layer */
  int32_t
      encoder_attention; /**< LSTM and GRU: 1: behind the recurrent block of each of the decoder's
                            layers a block attends to the encoder's output; default 0 */
  int32_t query_per_number; /**< an encoder alone: 1: one query position for each number of the
                               answer, of which a head each gives the number's tokens (p1000: sign,
                               mantissa, exponent); default 0: one for each token */
  int32_t ffn; /**< LAT_FFN_PLAIN (default), LAT_FFN_GATED or LAT_FFN_BILINEAR, in which activation
                  is not used; ffn_factor is the width of each half; or LAT_FFN_HASHED, which uses
                  neither */
  int32_t ffn_hash_bits; /**< values of a chunk of LAT_FFN_HASHED, which divide the width, 1..8;
                            default 4 */
  int32_t factored_head; /**< 1: the logit of an FP15 symbol of an answer is the sum of two scores,
                            its mantissa's and its exponent's; an exponent has two of these, one for
                            mantissas up to 315 in size and one for larger ones. Needs factored
                            unless tied is 0; default 0 */
} lat_model_options;

/** Sums over the tokens of batches, so that they add up across batches and processes. Fill with
 * lat_loss_sum_init() first. @since 0.1 */
typedef struct lat_loss_sum {
  size_t struct_size;       /**< set by the init macro */
  double loss;              /**< sum of cross-entropies, in nats */
  int64_t tokens;           /**< target tokens, each sequence's closing EOS included */
  int64_t correct_tokens;   /**< tokens whose largest logit is the target's (teacher forcing) */
  int64_t examples;         /**< examples */
  int64_t correct_examples; /**< examples all of whose tokens are correct */
} lat_loss_sum;

/** One named tensor of the flat parameter vector, row-major. @since 0.1 */
typedef struct lat_tensor {
  size_t struct_size; /**< set by the init macro */
  const char *name;   /**< such as "encoder.layers.0.ffn.lin1.weight"; lives as long as the model */
  size_t offset;      /**< of its first element in the flat vector */
  size_t size;        /**< number of elements */
  int32_t rank;       /**< 1 or 2 */
  int32_t shape[2];   /**< (out, in) for matrices; shape[1] is 1 for vectors */
  int32_t reserved;   /**< 0 */
} lat_tensor;

#ifdef __cplusplus
extern "C" {
#endif

/** The function behind lat_model_options_init(), which passes the caller's sizeof. @since 0.1 */
LAT_API void lat_model_options_init_sized(lat_model_options *options, size_t size);
/** Fills a lat_model_options with the defaults. @since 0.1 */
#define lat_model_options_init(options) lat_model_options_init_sized((options), sizeof *(options))

/** The function behind lat_loss_sum_init(), which passes the caller's sizeof. @since 0.1 */
LAT_API void lat_loss_sum_init_sized(lat_loss_sum *sum, size_t size);
/** Fills a lat_loss_sum with zeros. @since 0.1 */
#define lat_loss_sum_init(sum) lat_loss_sum_init_sized((sum), sizeof *(sum))

/**
 * Adds another sum, of other batches, another thread or another process.
 * @return OK, ARGUMENT (NULL, or not initialised). @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_loss_sum_add(lat_loss_sum *sum, const lat_loss_sum *other);

/** The function behind lat_tensor_init(), which passes the caller's sizeof. @since 0.1 */
LAT_API void lat_tensor_init_sized(lat_tensor *tensor, size_t size);
/** Fills a lat_tensor with zeros. @since 0.1 */
#define lat_tensor_init(tensor) lat_tensor_init_sized((tensor), sizeof *(tensor))

/**
 * Creates a trainable model with initial parameters; keeps references to @p task and @p tokenizer.
 * @return OK, ARGUMENT (message states value and limit), LIMIT, MEMORY. @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_model_create(lat_model **out, lat_task *task,
                                                  lat_tokenizer *tokenizer,
                                                  const lat_model_options *options);

/**
 * Loads a model, frozen, from a safetensors file: a saved model, or the checkpoint of a run, of
 * which the parameters are taken, or their average where it keeps one.
 * @param custom  the task of a model that was trained on a custom task, matched by name; else NULL
 * @return OK, IO, FORMAT (message names the place), NOT_FOUND (a custom task is needed), LIMIT,
 * MEMORY. @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_model_load(lat_model **out, lat_context *ctx, const char *path,
                                                lat_task *custom);

/**
 * lat_model_load() of a file's bytes that lie in memory, such as a program's own resources. They
 * are copied and may go afterwards.
 * @param size  bytes there
 * @return as lat_model_load(). @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_model_load_memory(lat_model **out, lat_context *ctx,
                                                       const void *data, size_t size,
                                                       lat_task *custom);

/**
 * lat_model_load() for programs that look at models, or store them otherwise, and do not have their
 * custom tasks: configuration, tensors and parameters are there, and lat_model_save_as() writes the
 * same model. A custom task that the file names is a placeholder of that name: what draws, answers
 * or solves it is a STATE error. A mixture's placeholders have letters of their own, not the
 * tasks'.
 * @return as lat_model_load(), without NOT_FOUND for custom tasks. @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_model_inspect(lat_model **out, lat_context *ctx,
                                                   const char *path);

/**
 * Where models are installed.
 * @return the folder of installed models: share/lat/models below the prefix that the library lies
 * in, wherever that has been moved; otherwise the one that it was configured for. It need not
 * exist.
 * @since 0.1
 */
LAT_API const char *lat_model_folder(void);

/**
 * Finds the file NAME.safetensors in a list of folders.
 * @param[out] path   its path, "" on failure
 * @param capacity    bytes available there
 * @param folders     folders to look in, in order, with ':' between them; NULL: lat_model_folder()
 * @param name        1..243 bytes without '/'
 * @return OK, NOT_FOUND (message names the folders and the models in them), ARGUMENT, LIMIT (the
 * path is longer than @p capacity), MEMORY. @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_model_find(char *path, size_t capacity, const char *folders,
                                                const char *name);

/**
 * Names the models of a list of folders, each name once, in alphabetical order.
 * @param[out] name  name of model @p index, "" on failure
 * @param capacity   bytes available there; 256 are always enough
 * @param folders    as in lat_model_find()
 * @param index      from 0
 * @return OK, NOT_FOUND (there are not so many), ARGUMENT, LIMIT (the name is longer), MEMORY.
 * @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_model_name(char *name, size_t capacity, const char *folders,
                                                int32_t index);

/**
 * lat_model_load() of the file that lat_model_find() finds. @return as either. @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_model_load_named(lat_model **out, lat_context *ctx,
                                                      const char *folders, const char *name,
                                                      lat_task *custom);

/**
 * Saves the model as safetensors, atomically: a temporary file beside @p path, flushed, then
 * renamed. A symbolic link is followed: the file that it leads to is replaced or created. Devices,
 * pipes and folders are never replaced (IO). Everything needed to use it (task, encodings,
 * architecture, provenance) is in the metadata under "lat.config".
 * @return OK, IO (an existing file at @p path is untouched), STATE (mapped), MEMORY. @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_model_save(const lat_model *model, const char *path);

/**
 * As lat_model_save(), with a choice of how parameters are stored.
 * @param storage  "f32" (NULL too): every bit of them; "bf16": rounded to 8 significant bits, half
 * the size; "f16": to 11 significant bits, half the size, for parameters below 65520. Each is read
 * by lat_model_load(), and F64 as well.
 * @return as lat_model_save(), and ARGUMENT (another storage), NUMERIC (message names a parameter
 * that the storage does not hold: not finite, or beyond 3.39e38 in bf16, 65504 in f16). @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_model_save_as(const lat_model *model, const char *path,
                                                   const char *storage);

/**
 * The bytes that lat_model_save_as() writes, in memory.
 * @param[out] size  bytes of the file; set also on LIMIT
 * @param data       where they go; NULL asks for the size alone
 * @param capacity   bytes available there
 * @param storage    as in lat_model_save_as()
 * @return OK, LIMIT (capacity is smaller than the file: nothing was written), and as
 * lat_model_save_as() without IO. @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_model_save_memory(size_t *size, const lat_model *model,
                                                       void *data, size_t capacity,
                                                       const char *storage);

/** Makes a trainable copy of a model. @return OK, ARGUMENT, STATE (mapped), MEMORY. @since 0.1 */
LAT_API LAT_NODISCARD lat_status lat_model_clone(lat_model **out, const lat_model *model);

/**
 * Creates a trainable model of another task, a larger size above all, that starts from the
 * parameters of @p from and has its tokenizer. Embeddings of dimensions, rows and columns are
 * tables for all sizes up to ::LAT_MAX_DIMENSION and are copied whole. Learned positions are those
 * of the same entry (row, column, token of its number) when both tasks are built-in and of one
 * size, and the common ones otherwise; further ones have the initial values of lat_model_create():
 * N(0, 1/width), from the options' seed.
 * @param options  NULL: those of @p from. Others must describe the same tensors (layers, widths,
 * norm, ...). max_positions 0: what the task needs, and no fewer than @p from has
 * @return as lat_model_create(), and ARGUMENT (message names the tensor that does not match), STATE
 * (@p from is mapped). @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_model_create_from(lat_model **out, const lat_model *from,
                                                       lat_task *task,
                                                       const lat_model_options *options);

/**
 * Copies a part of another model's parameters, so that what an encoder has learned about inputs
 * serves a model that writes its answers otherwise (transfer learning; Yosinski et al. 2014).
 * Tensors are matched by name and of equal shapes; of tables of learned positions, rows as in
 * lat_model_create_from(). The rest stays as it is. An optimizer of the model keeps its moments and
 * its average, which are of the parameters before. Names and shapes are compared, not what else the
 * models are made of: heads, activation, norm.
 * @param model   trainable
 * @param from    may be frozen; its task may be another
 * @param prefix  of the tensors' names: "encoder.", "decoder.layers.0."; NULL or "": all
 * @return OK; ARGUMENT (message names the tensor that has no match or another shape; no tensor has
 * the prefix; the models write what the part reads as different tokens); STATE (@p model is frozen,
 * either is mapped); MEMORY. Nothing is copied then, but for MEMORY. @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_model_copy_parameters(lat_model *model, const lat_model *from,
                                                           const char *prefix);

/** Makes the model immutable and shareable between threads. No-op on a frozen model. @return OK,
 * ARGUMENT, STATE (mapped). @since 0.1 */
LAT_API LAT_NODISCARD lat_status lat_model_freeze(lat_model *model);

/** Gives up the caller's reference. NULL is a no-op. @since 0.1 */
LAT_API void lat_model_free(lat_model *model);

/** The model's task. @return the model's task; borrowed, lives as long as the model. @since 0.1 */
LAT_API lat_task *lat_model_task(const lat_model *model);

/** The model's tokenizer. @return the model's tokenizer; borrowed, lives as long as the model.
 * @since 0.1 */
LAT_API lat_tokenizer *lat_model_tokenizer(const lat_model *model);

/**
 * The model's metadata.
 * @return the model's metadata as one JSON object: task, tokenizer, model, library, training; lives
 * as long as the model. @since 0.1
 */
LAT_API const char *lat_model_config(const lat_model *model);

/**
 * The model's options as they took effect, max_positions among them.
 * @param[out] options  filled by lat_model_options_init() first; filled up to its struct_size
 * @return OK, ARGUMENT (NULL, or not initialised). @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_model_get_options(lat_model_options *options,
                                                       const lat_model *model);

/** Number of parameters. @return number of parameters: the flat vector's length. @since 0.1 */
LAT_API size_t lat_model_parameter_count(const lat_model *model);

/** Number of tensors. @return number of named tensors. @since 0.1 */
LAT_API int32_t lat_model_tensor_count(const lat_model *model);

/** Describes tensor @p index. @param[out] out  filled by lat_tensor_init() first. @return OK,
 * ARGUMENT.
 * @since 0.1 */
LAT_API LAT_NODISCARD lat_status lat_model_tensor(lat_tensor *out, const lat_model *model,
                                                  int32_t index);

/** All parameters. @return the flat parameter vector, read only; lives as long as the model. @since
 * 0.1 */
LAT_API const float *lat_model_parameters(const lat_model *model);

/**
 * Lends the flat parameter vector for writing. Until lat_model_commit() any other use of the model
 * is a STATE error.
 * @return OK, STATE (frozen, or already mapped). @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_model_map(float **parameters, lat_model *model);

/** Takes the parameters back and repacks them for the kernels. @return OK, STATE (not mapped),
 * NUMERIC (a parameter is not finite; the model stays mapped). @since 0.1 */
LAT_API LAT_NODISCARD lat_status lat_model_commit(lat_model *model);

/**
 * Adds the batch's loss to @p sum, dropout off (validation); on failure the sum is unchanged.
 * @return OK, ARGUMENT (empty batch, missing target, a sum that was not initialised), LIMIT (a
 * sequence longer than max_positions), STATE, NUMERIC (the loss is not finite), MEMORY. @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_model_loss(lat_loss_sum *sum, const lat_model *model,
                                                const lat_batch *batch);

/**
 * Logits under teacher forcing: one row per target token and closing EOS, sequence after sequence.
 * @param[out] logits  (target tokens + examples) x output vocabulary, row-major
 * @param capacity     floats available
 * @return as lat_model_loss(), and LIMIT (capacity is too small). @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_model_logits(float *logits, size_t capacity,
                                                  const lat_model *model, const lat_batch *batch);

/** Creates a zero gradient vector for @p model. @return OK, ARGUMENT, STATE (mapped), MEMORY.
 * @since 0.1 */
LAT_API LAT_NODISCARD lat_status lat_gradients_create(lat_gradients **out, const lat_model *model);

/** NULL is a no-op. @since 0.1 */
LAT_API void lat_gradients_free(lat_gradients *gradients);

/** Sets the gradients to zero, mapped ones too. lat_optimizer_step() does so after use. @since 0.1
 */
LAT_API void lat_gradients_zero(lat_gradients *gradients);

/**
 * Lends the flat gradient vector, laid out as the parameters, for reading and writing: to add it up
 * over processes, to clip or to change it. Until lat_gradients_commit() accumulating and a step are
 * STATE errors.
 * @param[out] values  lat_gradients_size() floats; NULL on failure
 * @return OK, ARGUMENT, STATE (already mapped), MEMORY. @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_gradients_map(float **values, lat_gradients *gradients);

/** Takes the gradient vector back; the pointer is no longer valid. What is not finite is found by
 * lat_optimizer_step(). @return OK, ARGUMENT, STATE (not mapped). @since 0.1 */
LAT_API LAT_NODISCARD lat_status lat_gradients_commit(lat_gradients *gradients);

/** The gradient vector's length. @return its length. @since 0.1 */
LAT_API size_t lat_gradients_size(const lat_gradients *gradients);

/**
 * From now on dropout draws as in call number @p pass of lat_gradients_accumulate(), counted from
 * 0, so that a loop that was stopped goes on as if it had not been; without dropout there is
 * nothing to go on with. What is dropped follows from the model's seed, the pass, the example's
 * number in its batch and the place in the example; so ranks of a loop that shares a batch out want
 * a pass each. NULL is a no-op. @since 0.1
 */
LAT_API void lat_gradients_seek(lat_gradients *gradients, uint64_t pass);

/**
 * From now on a target mantissa stands for a normal distribution over mantissas of the same sign
 * and exponent in the loss of lat_gradients_accumulate(), so that near misses cost less (label
 * smoothing in the order of numbers). Losses of lat_model_loss() stay as they are.
 * @param width  standard deviation in units of the mantissa's last digit, 0..100; 0: none, as at
 * first
 * @return OK, ARGUMENT (width; the output's encoding is p10, whose mantissas are several tokens),
 * MEMORY. @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_gradients_set_target_spread(lat_gradients *gradients,
                                                                 double width);

/**
 * Adds the gradient of the SUM of the batch's token losses (the mean's is it over sum.tokens), and
 * the loss to @p sum. A large batch goes through the model in parts whose activations fit a
 * processor's caches, so that memory does not grow with it; threads take parts side by side, each
 * with activations of its own. The bits do not depend on the machine or its threads.
 * @return as lat_model_loss(), and NUMERIC when the loss is not finite: @p sum is then unchanged
 * and the gradients are to be set to zero before they are used again, and likewise after MEMORY.
 * @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_gradients_accumulate(lat_gradients *gradients,
                                                          lat_loss_sum *sum, const lat_model *model,
                                                          const lat_batch *batch);

#ifdef __cplusplus
}
#endif

#endif
