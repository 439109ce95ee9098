/**
 * @file optimizer.h
 * @brief One update of the parameters: clipping, the rule (Adam, AdamW, Muon), the learning rate's
 * schedule.
 *
 * Schedules, with t the number of updates done and W = warmup: for t < W the rate rises linearly
 * from 1e-7 to learning_rate; then "constant"; "inverse-sqrt": learning_rate sqrt(W / t); "cosine":
 * from learning_rate to floor x learning_rate over a period of `period` updates, periods growing by
 * `period_multiplier` and the rate shrinking by `shrink`, though not below the floor, from one to
 * the next.
 *
 * Muon: M = momentum M + G, U = G + momentum M; the matrix P (out, in) becomes P - rate (s O +
 * decay P), O near U's orthogonal factor by three Newton-Schulz steps (singular values of
 * 0.65 to 1.15), s = sqrt(max(1, out / in)).
 * The matrices are those inside layers, q_lin, k_lin and v_lin each on its own.
 *
 * The average, with n updates done before: keep average + (1 - keep) parameters, keep =
 * min(ema_decay, n / (n + 9)).
 */
#ifndef LAT_OPTIMIZER_H
#define LAT_OPTIMIZER_H

#include <lat/model.h>

/** Opaque: moments and step count. One thread at a time. */
typedef struct lat_optimizer lat_optimizer;

/** Options of lat_optimizer_create(). @since 0.1 */
typedef struct lat_optimizer_options {
  size_t struct_size; /**< set by the init macro */
  const char *rule;   /**< "adam" (default), "adamw", or "muon": Muon on the layers' matrices, AdamW
                         on the rest */
  const char *schedule; /**< "constant" (default), "inverse-sqrt" or "cosine" */
  double learning_rate; /**< default 1e-4 */
  double beta1;         /**< default 0.9 */
  double beta2;         /**< default 0.999 */
  double epsilon;      /**< 1e-16 .. 1, default 1e-8. Squares of gradients below 1e-18 count as 0 on
                          x86 (floating-point state, context.h) */
  double weight_decay; /**< decoupled (adamw, muon); default 0 */
  double
      muon_learning_rate;   /**< rate of Muon's matrices, follows the same schedule; default 0.02 */
  double muon_momentum;     /**< Nesterov momentum; default 0.95 */
  double clip_norm;         /**< the gradient's L2 norm is clipped to this; 0: not; default 5 */
  int64_t warmup;           /**< updates of linear warm-up; default 0 */
  int64_t period;           /**< cosine: updates of the first period; default 0 */
  double period_multiplier; /**< default 1 */
  double shrink;            /**< default 1 */
  double floor;             /**< lowest rate over learning_rate, 0..1; default 0 */
  double ema_decay;         /**< an exponential moving average of the parameters is kept beside them
                               that decays by this an update, 0..0.9999999 (0.999 averages about
                               the last 1,000), and by less in the first updates, see the file's
                               description; 0 (default): none */
} lat_optimizer_options;

#ifdef __cplusplus
extern "C" {
#endif

/** The function behind lat_optimizer_options_init(), which passes the caller's sizeof. @since 0.1
 */
LAT_API void lat_optimizer_options_init_sized(lat_optimizer_options *options, size_t size);
/** Fills a lat_optimizer_options with the defaults. @since 0.1 */
#define lat_optimizer_options_init(options)                                                        \
  lat_optimizer_options_init_sized((options), sizeof *(options))

/** Creates an optimizer for @p model, which must be trainable. @return OK, ARGUMENT, NOT_FOUND,
 * STATE, MEMORY. @since 0.1 */
LAT_API LAT_NODISCARD lat_status lat_optimizer_create(lat_optimizer **out, lat_model *model,
                                                      const lat_optimizer_options *options);

/** NULL is a no-op. @since 0.1 */
LAT_API void lat_optimizer_free(lat_optimizer *optimizer);

/**
 * Divides the gradients by sum->tokens, clips, updates the model, sets gradients and @p sum to
 * zero.
 * @return OK, NUMERIC (a gradient is not finite: nothing was changed), ARGUMENT (sum->tokens < 1),
 * STATE. @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_optimizer_step(lat_optimizer *optimizer, lat_model *model,
                                                    lat_gradients *gradients, lat_loss_sum *sum);

/**
 * Exchanges the model's parameters and their average, so that the average can be evaluated or
 * saved; the next call brings the parameters of training back, which lat_optimizer_step() needs. A
 * trainer does this by itself.
 * @return OK, STATE (ema_decay is 0; the model is not trainable), ARGUMENT. @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_optimizer_swap_average(lat_optimizer *optimizer,
                                                            lat_model *model);

/**
 * Writes the checkpoint of a training loop of one's own: one file, replaced atomically, that holds
 * model and optimizer. What else a loop needs to go on it keeps itself: the position of its sampler
 * (lat_sampler_seek()) and, with dropout, its gradients' (lat_gradients_seek()); both follow from
 * lat_optimizer_updates(). The file can be loaded as a model as well, and is then the average where
 * there is one.
 * @return OK, ARGUMENT, STATE (frozen, mapped), IO, MEMORY. @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_optimizer_save(const lat_optimizer *optimizer,
                                                    const lat_model *model, const char *path);

/**
 * Parameters, moments, average and number of updates from a file of lat_optimizer_save(), or the
 * checkpoint of a trainer's run; learning rates and other numbers of the optimizer's options stay
 * as they are. Training goes on with the bits that it would have had. On failure model and
 * optimizer are as they were.
 * @return OK, ARGUMENT (the file's model has another task, tokenizer or architecture), FORMAT (not
 * such a file, damaged, or of a rule with other tensors, or an average where this one has none),
 * STATE, IO, MEMORY. @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_optimizer_load(lat_optimizer *optimizer, lat_model *model,
                                                    const char *path);

/** Updates done. @return number of updates done. @since 0.1 */
LAT_API int64_t lat_optimizer_updates(const lat_optimizer *optimizer);

/** Next learning rate. @return the learning rate that the next update will use. @since 0.1 */
LAT_API double lat_optimizer_learning_rate(const lat_optimizer *optimizer);

/** Norm of the last gradient. @return the L2 norm of the mean gradient before clipping, at the last
 * update; 0 before. @since 0.1 */
LAT_API double lat_optimizer_gradient_norm(const lat_optimizer *optimizer);

#ifdef __cplusplus
}
#endif

#endif
