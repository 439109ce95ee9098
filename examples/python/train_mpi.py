"""A training loop over the ranks of mpi4py's communicator: liblat_mpi through ctypes.

    mpirun -n 2 python3 train_mpi.py RUN_FOLDER [EXAMPLES]

mpi4py has to be of the MPI that liblat_mpi was built for.
"""

import ctypes
import sys

from mpi4py import MPI

import lat

ranks = ctypes.CDLL("liblat_mpi.so.1")
ranks.lat_mpi_last_error.restype = ctypes.c_char_p
handle = ctypes.c_void_p()


def connect(options):
    """Sets rank, ranks, shards and what connects them in a lat_trainer_options."""
    communicator = ctypes.c_int32(MPI.COMM_WORLD.py2f())
    if ranks.lat_mpi_attach_fortran(ctypes.byref(handle), communicator, ctypes.byref(options)) != 0:
        raise RuntimeError(ranks.lat_mpi_last_error().decode())


context = lat.Context(threads=1)
model = lat.Model(lat.Task("transpose", context, rows=2), context=context,
                  encoder_width=64, encoder_heads=4, decoder_width=64, decoder_heads=4)
examples = int(sys.argv[2]) if len(sys.argv) > 2 else 6400
end = lat.train(model, {"learning_rate": 1e-3}, connect=connect, directory=sys.argv[1], max_examples=examples,
                validate_every=3200, validate_count=200)
if MPI.COMM_WORLD.rank == 0:
    print(f"{MPI.COMM_WORLD.size} ranks, {end.examples} examples: {end.exact:.1f} % exact")
ranks.lat_mpi_free(handle)
