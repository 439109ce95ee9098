/**
 * @file operator.h
 * @brief Square operators with structure: Kronecker products and sums, block diagonals, low-rank
 * updates. Products, solutions, eigenvalues and determinants follow from those of the parts, and
 * the whole matrix is never formed.
 *
 * @code
 * lat_operator *parts[2] = {NULL, NULL}, *product = NULL;
 * lat_operator_create_dense(&parts[0], ctx, &a);            // 40 x 40
 * lat_operator_create_dense(&parts[1], ctx, &b);            // 50 x 50
 * lat_operator_create_kronecker(&product, parts, 2);        // 2000 x 2000
 * lat_operator_solve(x, product, rhs, 1);                   // x, rhs: 2000 doubles
 * @endcode
 *
 * The rules (Potapczynski and others, "CoLA", 2023), for A with eigenvalues l_i and B with m_j,
 * both square: the eigenvalues of the Kronecker product A (x) B are l_i m_j and its inverse is A^-1
 * (x) B^-1; those of the Kronecker sum A (x) I + I (x) B are l_i + m_j; a low-rank update is solved
 * by the Woodbury formula and has its determinant by the determinant lemma.
 *
 * A leaf is a dense matrix answered by LAPACK, one answered by a model
 * (lat_operator_create_learned()), or a function of the host's, solved by conjugate gradients.
 * Where errors of the leaves are e in the sum of absolute values relative to the exact answer's,
 * that of a Kronecker product of two is at most 2 e + e^2, that of a block diagonal at most e: a
 * small model serves matrices larger than any that it was trained on, with a bound.
 *
 * Near the ends of the range of doubles matrices and vectors are multiplied by powers of two on the
 * way, which is exact: what a double can hold is computed, and what overflows is NUMERIC.
 *
 * An operator is immutable and may be used by any number of threads at once. It keeps its parts and
 * its context alive, so that handles may be freed in any order. Vectors are arrays of as many
 * doubles as the operator's size; several vectors lie one after the other.
 */
#ifndef LAT_OPERATOR_H
#define LAT_OPERATOR_H

#include <lat/matrix.h>
#include <lat/solver.h>

/** Opaque; see the file's description. */
typedef struct lat_operator lat_operator;

/**
 * The product of a host's operator and a vector: y = A x, both of @p size doubles. It must be
 * linear: solutions ask for products with multiples of vectors.
 * @return 0, or non-zero to end the call with CALLBACK. Called in the library's floating-point
 * environment, on the thread of the call.
 */
typedef int32_t lat_operator_function(double *y, const double *x, int64_t size, void *user);

/** Largest size of a dense leaf. */
#define LAT_OPERATOR_MAX_DENSE 4096

/** Most parts of an operator. */
#define LAT_OPERATOR_MAX_PARTS 4096

#ifdef __cplusplus
extern "C" {
#endif

/**
 * A dense matrix. It is factorised here, once; a singular one has products and eigenvalues still.
 * Singular is one whose elimination meets a pivot that is zero; one that rounding keeps from it is
 * solved like any that is ill-conditioned.
 * @param[out] out  the operator, to be freed with lat_operator_free(); NULL on failure
 * @param      ctx  the context
 * @param      a    square, copied
 * @return OK, ARGUMENT, SHAPE (not square, or larger than LAT_OPERATOR_MAX_DENSE), NUMERIC
 * (non-finite, or a pivot overflows), MEMORY. @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_operator_create_dense(lat_operator **out, lat_context *ctx,
                                                           const lat_matrix *a);

/**
 * A dense matrix about which a model is asked once, here. A solver of task `inverse` or
 * `syminverse` gives what solutions are computed with, one of `eigenvalues` the eigenvalues and
 * with them the determinant. Products, and whatever the model was not asked for, are the matrix's
 * own.
 * @param[out] out     the operator; NULL on failure
 * @param[out] report  what the solver says of its answer; may be NULL
 * @param      solver  its model's context becomes the operator's; used during this call only
 * @param      a       as lat_solver_solve() takes it
 * @return OK also for a wrong answer: read the report; as lat_solver_solve(), and UNSUPPORTED for
 * other tasks. @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_operator_create_learned(lat_operator **out, lat_report *report,
                                                             lat_solver *solver,
                                                             const lat_matrix *a);

/** A diagonal matrix. @param diagonal @p size doubles, copied. @return OK, ARGUMENT, NUMERIC,
 * MEMORY. @since 0.1 */
LAT_API LAT_NODISCARD lat_status lat_operator_create_diagonal(lat_operator **out, lat_context *ctx,
                                                              const double *diagonal, int64_t size);

/** The symmetric tridiagonal matrix with @p diagonal on the diagonal and @p neighbour beside it;
 * one of size 1 has no neighbours. Its eigenvalues are
 * diagonal + 2 neighbour cos(k pi / (size + 1)), k = 1..size, and its determinant has a closed
 * form. Whether it is singular is decided exactly. @return OK, ARGUMENT, NUMERIC, MEMORY. @since
 * 0.1 */
LAT_API LAT_NODISCARD lat_status lat_operator_create_tridiagonal(lat_operator **out,
                                                                 lat_context *ctx, double diagonal,
                                                                 double neighbour, int64_t size);

/** The circulant matrix with entries column[(i - j) mod size]. Its eigenvalues are the discrete
 * Fourier transform of @p column, computed here in size^2 steps; one within rounding of zero, 4 m
 * eps times the sum of the column's absolute values, m of which are not zero, is zero, and the
 * matrix is singular. @return OK, ARGUMENT, NUMERIC, MEMORY. @since 0.1 */
LAT_API LAT_NODISCARD lat_status lat_operator_create_circulant(lat_operator **out, lat_context *ctx,
                                                               const double *column, int64_t size);

/**
 * An operator that only a function of the host's knows. Solutions are those of
 * lat_operator_conjugate_gradients() to 1e-12, so it must be symmetric and positive definite where
 * they are wanted; eigenvalues form the matrix and are given up to size 1000.
 * @param[out] out       the operator; NULL on failure
 * @param      ctx       the context
 * @param      function  the product; must be safe to call from any thread that uses the operator
 * @param      user      passed to @p function; may be NULL
 * @param      size      of the operator
 * @return OK, ARGUMENT, MEMORY. @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_operator_create_function(lat_operator **out, lat_context *ctx,
                                                              lat_operator_function *function,
                                                              void *user, int64_t size);

/** The Kronecker product of @p count operators of one context: entry (i n + k, j n + l) of A (x) B
 * is a_ij b_kl, where n is B's size. @return OK, ARGUMENT, LIMIT (size above 2^31 - 1), MEMORY.
 * @since 0.1 */
LAT_API LAT_NODISCARD lat_status lat_operator_create_kronecker(lat_operator **out,
                                                               lat_operator *const *parts,
                                                               int32_t count);

/** The Kronecker sum A (x) I + I (x) B of two or more operators. It is solved in the eigenvectors
 * of its parts where all of them are dense and symmetric, or diagonal; by conjugate gradients where
 * they are symmetric otherwise. In eigenvectors it is singular where an eigenvalue is within
 * rounding of zero: the sum, over the parts, of eps |m_j| for diagonal ones and n eps max |m| for
 * dense ones of size n with eigenvalues m. @return as lat_operator_create_kronecker(), and NUMERIC
 * (a part's eigenvalue overflows). @since 0.1 */
LAT_API LAT_NODISCARD lat_status lat_operator_create_kronecker_sum(lat_operator **out,
                                                                   lat_operator *const *parts,
                                                                   int32_t count);

/** The operators as blocks along the diagonal. @return as lat_operator_create_kronecker(). @since
 * 0.1 */
LAT_API LAT_NODISCARD lat_status lat_operator_create_block_diagonal(lat_operator **out,
                                                                    lat_operator *const *parts,
                                                                    int32_t count);

/**
 * A low-rank update, base + U V^T. Its eigenvalues are c and those of V^T U, plus c, where the base
 * is diagonal with the one value c; otherwise the matrix is formed for them, up to size 1000.
 * @param[out] out   the operator; NULL on failure
 * @param      base  often a diagonal
 * @param      u     (size, rank), rank 1..LAT_OPERATOR_MAX_DENSE; copied
 * @param      v     (size, rank), copied
 * @return OK, ARGUMENT, SHAPE, NUMERIC (non-finite), MEMORY, and what solving with the base
 * returns but for NUMERIC: an update of a base that is singular, or otherwise not solved, has
 * products and eigenvalues only. @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_operator_create_low_rank(lat_operator **out,
                                                              lat_operator *base,
                                                              const lat_matrix *u,
                                                              const lat_matrix *v);

/** Gives up the caller's reference. NULL is a no-op. @since 0.1 */
LAT_API void lat_operator_free(lat_operator *op);

/** Size of an operator. @return the number of rows, which is that of columns. @since 0.1 */
LAT_API int64_t lat_operator_size(const lat_operator *op);

/** y_i = A x_i for @p count vectors; @p y may be @p x. @return OK, ARGUMENT, LIMIT (size count
 * above 2^31 - 1), NUMERIC (non-finite), CALLBACK, MEMORY. @since 0.1 */
LAT_API LAT_NODISCARD lat_status lat_operator_apply(double *y, const lat_operator *op,
                                                    const double *x, int64_t count);

/** A x_i = b_i for @p count vectors; @p x may be @p b. @return OK, ARGUMENT, LIMIT, NUMERIC
 * (non-finite, singular, or no convergence), UNSUPPORTED (see lat_operator_create_kronecker_sum()),
 * CALLBACK, MEMORY. @since 0.1 */
LAT_API LAT_NODISCARD lat_status lat_operator_solve(double *x, const lat_operator *op,
                                                    const double *b, int64_t count);

/**
 * All eigenvalues, ascending by real part, then by imaginary part.
 * @param[out] real       as many as the operator's size
 * @param[out] imaginary  likewise; NULL where all are real
 * @param      op         the operator
 * @return OK, ARGUMENT, NUMERIC (@p imaginary is NULL and an eigenvalue is not real, or one
 * overflows), LIMIT (the matrix would have to be formed, and is larger than 1000), MEMORY. @since
 * 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_operator_eigenvalues(double *real, double *imaginary,
                                                          const lat_operator *op);

/**
 * The logarithm of |det A|, which itself would overflow.
 * @param[out] logarithm  minus infinity for an operator that is known to be singular, by the rules
 * of its leaves
 * @param[out] sign       of det A: 1, 0 or -1
 * @param      op         the operator
 * @return OK, ARGUMENT, NUMERIC (an update of a base that is singular, or otherwise not solved; an
 * eigenvalue overflows), LIMIT, MEMORY. @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_operator_log_determinant(double *logarithm, int32_t *sign,
                                                              const lat_operator *op);

/**
 * Solves A x = b by preconditioned conjugate gradients, for symmetric positive definite A; only
 * products with A are asked for. b and x are multiplied by a power of two meanwhile, so that
 * squares of large and small ones are no concern.
 * @param[in,out] x            the first guess, and the solution
 * @param[out]    steps        steps taken; may be NULL
 * @param[out]    residual     |b - A x| / |b| in Euclidean norm, computed from its definition at
 * the end; may be NULL
 * @param         a            the operator
 * @param         precondition its solve() stands for A^-1, such as a block diagonal's; symmetric
 *                             positive definite; NULL: none
 * @param         b            right-hand side
 * @param         tolerance    of the residual, above 0
 * @param         max_steps    1 or more
 * @return OK, ARGUMENT, NUMERIC (not reached in so many steps, an x that overflows, or an operator
 * that is not positive definite: x is the last iterate, and steps and residual are set), what
 * products with A and solutions with the preconditioner return. @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_operator_conjugate_gradients(
    double *x, int32_t *steps, double *residual, const lat_operator *a,
    const lat_operator *precondition, const double *b, double tolerance, int32_t max_steps);

#ifdef __cplusplus
}
#endif

#endif
