/**
 * @file mpi.h
 * @brief Training over the ranks of an MPI communicator: liblat_mpi, a library of its own.
 *
 * @code
 * lat_mpi *ranks = NULL;
 * MPI_Init(&argc, &argv);
 * lat_mpi_attach(&ranks, MPI_COMM_WORLD, &options);   // rank, ranks, shards, reduce, agree
 * lat_trainer_create(&trainer, model, NULL, &options);
 * lat_status status = lat_trainer_run(trainer);
 * lat_trainer_free(trainer);
 * lat_mpi_free(ranks);
 * MPI_Finalize();
 * @endcode
 *
 * Every function is called by all ranks of the communicator, from the thread that MPI was
 * initialised on: MPI_THREAD_FUNNELED, and MPI_Init(), suffice. What MPI refuses comes back as
 * CALLBACK with MPI's text in lat_mpi_last_error() or, from within a trainer, in lat_last_error();
 * what becomes of a rank that dies is the launcher's to say, which ends the job as a rule.
 *
 * An update sends 2 (R - 1) / R times the gradients from each of R ranks where R is a power of two,
 * which is the least that a sum on all ranks can do with; where it is not, up to log2(shards) times
 * as much on the way to the sum. Then the sum has the same bits at any number of ranks; with
 * lat_trainer_options.fast_reduce it is MPI_Allreduce().
 *
 * The library is built for one MPI, as binary interfaces differ.
 */
#ifndef LAT_MPI_H
#define LAT_MPI_H

#include <lat/model.h>
#include <lat/trainer.h>

/* A program that loads the library at run time may do without MPI's own header. */
#ifndef LAT_MPI_WITHOUT_MPI_H
#include <mpi.h>
#endif

/** Opaque: a duplicate of a communicator, and buffers. One thread at a time. */
typedef struct lat_mpi lat_mpi;

#ifdef __cplusplus
extern "C" {
#endif

#ifndef LAT_MPI_WITHOUT_MPI_H
/**
 * Connects a trainer to the ranks of @p communicator, which is duplicated: sets rank, ranks,
 * reduce, begin_reduce, agree and connection of @p options, and shards where it is 0 and
 * fast_reduce is off: to 8, more where there are more ranks, and never more than batch_size. The
 * handle must outlive the trainer.
 * @param options  NULL: none, for lat_mpi_sum()
 * @return OK, ARGUMENT, STATE (MPI is not initialised, or was finalised), LIMIT (more than 65,536
 * ranks), MEMORY, CALLBACK (MPI's error). @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_mpi_attach(lat_mpi **out, MPI_Comm communicator,
                                                lat_trainer_options *options);
#endif

/** lat_mpi_attach() of a communicator's Fortran handle: comm%mpi_val of mpi_f08, comm.py2f() of
 * mpi4py. @since 0.1 */
LAT_API LAT_NODISCARD lat_status lat_mpi_attach_fortran(lat_mpi **out, int32_t communicator,
                                                        lat_trainer_options *options);

/**
 * lat_mpi_attach() of MPI_COMM_WORLD by a program that does not know MPI: initialises MPI where
 * that was not done; then lat_mpi_free() finalises it. @return as lat_mpi_attach(). @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_mpi_start(lat_mpi **out, lat_trainer_options *options);

/**
 * How long a call waits for the other ranks: MPI itself waits for ever where a machine or a link is
 * gone and nothing tells it. After that, sums and agreements fail with CALLBACK. Messages may then
 * still be on their way, so that the process has to be ended, by lat_mpi_abort(). The time is that
 * of one call, and must leave room for what other ranks do meanwhile, such as rank 0's writing of a
 * checkpoint.
 * @param seconds  above 0; 0: for ever, the default
 * @return OK, ARGUMENT. @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_mpi_set_time_limit(lat_mpi *mpi, double seconds);

/** Frees the duplicate. NULL is a no-op. @since 0.1 */
LAT_API void lat_mpi_free(lat_mpi *mpi);

/** Ends all processes of the communicator, by MPI_Abort(). @since 0.1 */
LAT_API void lat_mpi_abort(lat_mpi *mpi, int32_t code);

/**
 * For a loop of one's own: sums gradients and losses over all ranks, between
 * lat_gradients_accumulate() and lat_optimizer_step(). The same bits on every rank, and whenever
 * the number of ranks is the same. @return OK, ARGUMENT, MEMORY, STATE (gradients that are mapped,
 * or an earlier sum failed), LIMIT (more than INT_MAX parameters a rank), CALLBACK. @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_mpi_sum(lat_mpi *mpi, lat_gradients *gradients,
                                             lat_loss_sum *sum);

/** The process's rank. @return the caller's rank. @since 0.1 */
LAT_API int32_t lat_mpi_rank(const lat_mpi *mpi);

/** Number of ranks. @return number of ranks. @since 0.1 */
LAT_API int32_t lat_mpi_ranks(const lat_mpi *mpi);

/** Bytes sent. @return bytes that this rank has sent for sums of gradients. @since 0.1 */
LAT_API int64_t lat_mpi_bytes_sent(const lat_mpi *mpi);

/** The thread's last message. @return what the calling thread's last failed call of this library
 * says; never NULL. @since 0.1 */
LAT_API const char *lat_mpi_last_error(void);

/** The MPI in use. @return name and version of the MPI that the library runs on. @since 0.1 */
LAT_API const char *lat_mpi_library(void);

#ifdef __cplusplus
}
#endif

#endif
