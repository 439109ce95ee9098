/**
 * @file context.h
 * @brief What a host lends the library: memory, threads, a log, and the precision of arithmetic.
 *
 * @code
 * lat_context_options options;
 * lat_context_options_init(&options);
 * options.threads = 2;
 * lat_context *ctx = NULL;
 * lat_status status = lat_context_create(&ctx, &options);
 * ...
 * lat_context_free(ctx);
 * @endcode
 *
 * A context is immutable once created and may be used from any number of threads at once; contexts
 * with different options live side by side. It is reference counted: objects created from it keep
 * it alive, so handles may be freed in any order.
 *
 * The context owns one team of worker threads. A call that finds the team busy with another
 * thread's work does its work on the calling thread alone; results are the same bits at any number
 * of threads, so this shows only in time. Workers are started at the first parallel call; a child
 * process made by fork() starts its own. A host with threads of its own lends them instead
 * (lat_context_options.parallel).
 *
 * Floating-point state: the library computes in the default environment (round to nearest, no
 * traps, and flush-to-zero in passes through a model and updates of its parameters alone, on x86)
 * and gives the caller's back on return. The host's functions that are
 * told something or asked for memory (log, progress, allocate, release) are called in the state
 * that the thread had when it called the library, and what they change in it stays changed. A
 * custom task's functions compute for the library and are called in the default environment, on
 * whichever thread.
 */
#ifndef LAT_CONTEXT_H
#define LAT_CONTEXT_H

#include <lat/status.h>

/** Opaque; see the file's description. */
typedef struct lat_context lat_context;

/** Arithmetic of the matrix products (lat_context_options.precision). Weights are always kept in
 * f32. */
enum {
  LAT_PRECISION_AUTO = 0, /**< bf16 products where the processor makes them pay, else f32 */
  LAT_PRECISION_F32 = 1,  /**< f32 throughout */
  LAT_PRECISION_BF16 =
      2 /**< bf16 operands, f32 accumulation; UNSUPPORTED where the processor has none */
};

/** Severity of a log line. */
enum { LAT_LOG_ERROR = 1, LAT_LOG_WARNING = 2, LAT_LOG_INFO = 3, LAT_LOG_DEBUG = 4 };

/** Receives one whole line without its line end. May be called from any thread that uses the
 * context. */
typedef void lat_log_function(int32_t level, const char *line, void *user);

/**
 * Allocates @p size > 0 bytes aligned to @p alignment (a power of two, at most 4096); NULL when it
 * cannot. Called from any thread that uses the context, and from the context's own.
 */
typedef void *lat_allocate_function(size_t size, size_t alignment, void *user);

/** Releases what the allocate function returned; @p size and @p alignment are those it was asked
 * for. */
typedef void lat_release_function(void *memory, size_t size, size_t alignment, void *user);

/** One share of a parallel loop of the library's, number @p index of @p loop. */
typedef void lat_loop_function(void *loop, int32_t index);

/**
 * Calls body(loop, i) once for each i = 0 .. count - 1, on threads of the host's, any number of
 * them at once and in any order, and returns when all calls have returned: a parallel for. Bodies
 * share out the loop's work among themselves as they run, so that one which begins late finds less
 * or nothing to do, and may wait for one that began before, so that none must be held up until
 * another returns; what is left when the function returns, because it called too few of them, the
 * calling thread does. Called from any thread that uses the context, in the floating-point state
 * that it called the library with. Bodies compute in the library's state and give the thread's own
 * back. They call nothing of the host's but the allocator and a custom task's
 * functions, and must not be left other than by returning.
 */
typedef void lat_parallel_function(lat_loop_function *body, void *loop, int32_t count, void *user);

/** Options of lat_context_create(); fill with lat_context_options_init() first. @since 0.1 */
typedef struct lat_context_options {
  size_t struct_size; /**< set by the init macro */
  int32_t threads;    /**< threads a call may use, 1..256; 0: the processors that the process may
                         run on, and no more than its control group's quota pays for (cgroup's
                         cpu.max) */
  int32_t precision;  /**< LAT_PRECISION_...; default AUTO */
  lat_allocate_function *allocate; /**< with release: the allocator; both NULL: the C library's */
  lat_release_function *release;   /**< gives back what allocate returned */
  void *allocate_user;             /**< passed to both */
  lat_log_function *log;           /**< NULL (default): silent */
  void *log_user;                  /**< passed to log */
  int32_t log_level;               /**< most verbose level passed on; 0: LAT_LOG_INFO */
  int32_t reserved;                /**< 0 */
  lat_parallel_function *parallel; /**< the host's threads carry out parallel loops, `threads` of
                                      them at most, and the context starts none; results are the
                                      same bits. NULL (default): threads of the context's own */
  void *parallel_user;             /**< passed to parallel */
} lat_context_options;

#ifdef __cplusplus
extern "C" {
#endif

/** The function behind lat_context_options_init(), which passes the caller's sizeof. @since 0.1 */
LAT_API void lat_context_options_init_sized(lat_context_options *options, size_t size);
/** Fills a lat_context_options with the defaults. @since 0.1 */
#define lat_context_options_init(options)                                                          \
  lat_context_options_init_sized((options), sizeof *(options))

/**
 * Creates a context.
 * @param[out] out      the context, to be freed with lat_context_free(); NULL on failure
 * @param      options  NULL for the defaults
 * @return OK, ARGUMENT, UNSUPPORTED (precision), MEMORY. @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_context_create(lat_context **out,
                                                    const lat_context_options *options);

/** Gives up the caller's reference. NULL is a no-op. @since 0.1 */
LAT_API void lat_context_free(lat_context *ctx);

/** Threads in use. @return the number of threads a call may use. @since 0.1 */
LAT_API int32_t lat_context_threads(const lat_context *ctx);

/** Precision in use. @return LAT_PRECISION_F32 or LAT_PRECISION_BF16: what AUTO was resolved to.
 * @since 0.1 */
LAT_API int32_t lat_context_precision(const lat_context *ctx);

/** Kernels in use. @return name of the kernels that carry out the products, such as "f32-blis";
 * static storage.
 * @since 0.1 */
LAT_API const char *lat_context_kernels(const lat_context *ctx);

/**
 * Measures what matrix products reach with the context's threads and precision, in floating-point
 * operations a second; a product of m x k and k x n takes 2 m n k.
 * @param[out] ceiling   the best rate of the multiply-add instruction behind the products (FMA, the
 *                       bf16 dot product, the tile product) with its operands in the first-level
 *                       cache; NULL: not measured
 * @param[out] products  the best rate of a linear layer's three products in training (forward, and
 *                       both gradients) at the shape; NULL: not measured
 * @param      ctx       the context; its team should be idle
 * @param      tokens    rows of the layer's input, 1..2^24
 * @param      out       outputs of the layer, 1..2^20
 * @param      in        inputs of the layer, 1..2^20
 * @param      seconds   time for each of both, 0..60; two runs are the least
 * @return OK, ARGUMENT, MEMORY. @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_context_measure(double *ceiling, double *products,
                                                     const lat_context *ctx, int64_t tokens,
                                                     int32_t out, int32_t in, double seconds);

#ifdef __cplusplus
}
#endif

#endif
