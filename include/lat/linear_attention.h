/**
 * @file linear_attention.h
 * @brief A stack of linear self-attention layers in double precision, without softmax,
 * normalisation or tokens: the model of theory, whose weights can be written down.
 *
 * @code
 * lat_linear *stack = NULL;
 * lat_linear_create(&stack, ctx, 1, 1, 11);                  // 1 layer, 1 head, width 11
 * lat_linear_set_descent(stack, &w0, 6.06, 10);              // a step of gradient descent
 * lat_linear_apply(z, stack, 11, 10);                        // 10 examples and a query
 * @endcode
 *
 * Rows of Z (tokens, width) are tokens. A layer computes
 *
 *     Z <- Z + sum_h (Z A_h C^T) C P_h + Z S
 *
 * where C are the first `context` rows of Z, those that act as keys and values, A_h (width, width)
 * holds the product of a head's query and key matrices, P_h that of its value and output matrices,
 * and S is a linear map of each token. Because nothing stands between the products, C^T C is formed
 * first and a layer costs (tokens + context) width^2 + 2 heads width^3 multiply-adds.
 *
 * A stack is written by one thread at a time (its parameters, lat_linear_set_descent()); any number
 * of threads may apply it and compute gradients meanwhile unwritten.
 */
#ifndef LAT_LINEAR_H
#define LAT_LINEAR_H

#include <lat/context.h>
#include <lat/matrix.h>

/** Opaque; see the file's description. */
typedef struct lat_linear lat_linear;

/** Matrices of a layer, for lat_linear_matrix(). */
enum {
  LAT_LINEAR_A = 0, /**< a head's: which keys a query attends to */
  LAT_LINEAR_P = 1, /**< a head's: what it adds */
  LAT_LINEAR_S = 2  /**< the layer's map of each token */
};

/** What lat_linear_fit() says of its data and its answer. @since 0.1 */
typedef struct lat_linear_certificate {
  size_t struct_size; /**< set by the init macro */
  int64_t features;   /**< d^2 (d + 1) / 2 of width d: numbers that the answer is linear in */
  int64_t rank;       /**< dimensions of them that the examples span */
  double lambda_min;  /**< smallest eigenvalue of the mean of features' outer products; 0 where rank
                           is below features, and there only: one that is too small for a double is
                           the least positive one, one that is too large is infinity */
  double lambda_max;  /**< the largest; likewise, 0 where rank is 0 */
  double residual;    /**< root mean square of what least squares leaves of the targets */
  double lost;        /**< share of the coefficients' norm that a stack of fewer heads than needed
                           cannot hold; 0 otherwise */
  int32_t unique; /**< 1: rank is features, so that all weights of least squares are one function,
                       on the data and off them; 0: the data leave the answer open */
  int32_t heads;  /**< heads that the fitted function needs */
} lat_linear_certificate;

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Creates a stack whose parameters are all zero, so that it leaves tokens as they are.
 * @param[out] out     the stack, to be freed with lat_linear_free(); NULL on failure
 * @param      ctx     the context, kept alive
 * @param      layers  1..4096
 * @param      heads   of each layer, 1..4096
 * @param      width   of a token, 1..4096
 * @return OK, ARGUMENT, MEMORY. @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_linear_create(lat_linear **out, lat_context *ctx,
                                                   int32_t layers, int32_t heads, int32_t width);

/** NULL is a no-op. @since 0.1 */
LAT_API void lat_linear_free(lat_linear *stack);

/** Number of parameters. @return number of parameters: layers (2 heads + 1) width^2. @since 0.1 */
LAT_API size_t lat_linear_size(const lat_linear *stack);

/** All parameters. @return the parameters, layer by layer: A_1, P_1, A_2, P_2, ..., S, each (width,
 * width), row-major. They may be written, and live as long as the stack. @since 0.1 */
LAT_API double *lat_linear_parameters(lat_linear *stack);

/**
 * One matrix of a layer, as a view that may be written.
 * @param[out] out    (width, width), row-major; lives as long as the stack
 * @param      stack  the stack
 * @param      layer  from 0
 * @param      head   from 0; not read for LAT_LINEAR_S
 * @param      which  LAT_LINEAR_...
 * @return OK, ARGUMENT. @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_linear_matrix(lat_matrix *out, lat_linear *stack,
                                                   int32_t layer, int32_t head, int32_t which);

/**
 * Runs all layers.
 * @param[in,out] z        (tokens, width), row-major
 * @param         stack    the stack
 * @param         tokens   rows, 1 or more
 * @param         context  rows that act as keys, the first ones: 0..tokens
 * @return OK, ARGUMENT, NUMERIC (a value that is not finite goes in, or comes out: then z is as it
 * was), MEMORY. @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_linear_apply(double *z, const lat_linear *stack,
                                                  int64_t tokens, int64_t context);

/**
 * Gradients of a loss of the stack's output.
 * @param[in,out] d_parameters  as lat_linear_parameters(): the gradient is added; NULL: not wanted
 * @param[out]    d_z           (tokens, width): of the input; NULL: not wanted
 * @param         stack         the stack
 * @param         z             (tokens, width): the input
 * @param         d_out         (tokens, width): the loss's gradient of the output
 * @param         tokens        as lat_linear_apply()
 * @param         context       likewise
 * @return OK, ARGUMENT, NUMERIC, MEMORY. @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_linear_gradient(double *d_parameters, double *d_z,
                                                     const lat_linear *stack, const double *z,
                                                     const double *d_out, int64_t tokens,
                                                     int64_t context);

/**
 * Writes weights that make each layer a step of gradient descent on the least squares of its
 * context (von Oswald and others, "Transformers learn in-context by gradient descent", 2023). A
 * token is (x, y); the first head of each layer gets the weights, all other matrices become zero.
 * From L(W) = sum_i |W x_i - y_i|^2 / (2 examples) and W0, a layer's dW = -rate grad L(W0) turns
 * y_i into y_i - dW x_i, and a query (x, -W0 x) into (x, -(W0 + dW) x); the next layer goes on from
 * there.
 * @param stack     of width cols + rows of @p w0
 * @param w0        the first W, (outputs, inputs)
 * @param rate      of descent
 * @param examples  in a context, 1 or more
 * @return OK, ARGUMENT, SHAPE, NUMERIC. @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_linear_set_descent(lat_linear *stack, const lat_matrix *w0,
                                                        double rate, int64_t examples);

/** The function behind lat_linear_certificate_init(). @since 0.1 */
LAT_API void lat_linear_certificate_init_sized(lat_linear_certificate *certificate, size_t size);
/** Fills a lat_linear_certificate with zeros. @since 0.1 */
#define lat_linear_certificate_init(certificate)                                                   \
  lat_linear_certificate_init_sized((certificate), sizeof *(certificate))

/**
 * Learns a layer from examples by least squares, and tells whether they determine it (Yau and
 * others, "Learning Linear Attention in Polynomial Time", 2024). The last token of an example is
 * its query; heads shall add y to the last values of it. What heads add is linear in the products
 * of (C^T C)_jk, j <= k, and the query's values, so the least squares are over those features, by
 * orthogonal triangles of blocks of examples; heads are made of the solution of least norm by its
 * singular vectors, the largest first. Time is of order examples features^2, memory of order
 * 4096 features; one thread. Keys, queries and targets are multiplied by a power of two each, which
 * is exact: their sizes do not matter where doubles hold the heads.
 * @param[out] stack        of one layer and width 1..19; its S becomes zero; unchanged on failure
 * @param[out] certificate  filled up to its struct_size; NULL: not wanted
 * @param      z            (examples, tokens, width)
 * @param      y            (examples, outputs)
 * @param      examples     1 or more; fewer than features leave the answer open
 * @param      tokens       as lat_linear_apply()
 * @param      context      likewise
 * @param      outputs      1..width
 * @return OK, ARGUMENT, LIMIT (width), NUMERIC (non-finite, or heads that doubles do not hold),
 * MEMORY. @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_linear_fit(lat_linear *stack,
                                                lat_linear_certificate *certificate,
                                                const double *z, const double *y, int64_t examples,
                                                int64_t tokens, int64_t context, int32_t outputs);

#ifdef __cplusplus
}
#endif

#endif
