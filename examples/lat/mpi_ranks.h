/* lat train under an MPI launcher: liblat_mpi, loaded at run time. Without a launcher there is one
 * rank, the first, and nothing to settle. */
#ifndef MPI_RANKS_H
#define MPI_RANKS_H

#include "settings.h"

/* True when an MPI launcher started this process. */
int ranks_launched(void);

/* Initialises MPI where a launcher wants it, before anything can fail that the other ranks would
 * wait for. On ranks above 0 standard error is held back from now on, so that what all ranks have
 * to say is said once. An exit code. */
int ranks_open(void);

/* Connects the trainer's options with the other ranks, and gives this one its share of processors
 * where --threads was not said. An exit code. */
int ranks_attach(cli_settings *settings);

/* What became of this rank's preparations, told to the others: the exit code of all, that of the
 * first rank that failed, whose standard error is shown. */
int ranks_settle(int outcome);

/* Standard error is held no longer. */
void ranks_release_output(void);

int ranks_are_first(void); /* true for rank 0 */

/* Ends the processes of all ranks, where they cannot be reached any more. */
void ranks_abort(void);

/* MPI is finalised. */
void ranks_close(void);

#endif
