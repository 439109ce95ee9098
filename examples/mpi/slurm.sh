#!/bin/sh
#SBATCH --job-name=lat
#SBATCH --ntasks=16
#SBATCH --cpus-per-task=4
#SBATCH --time=04:00:00
#SBATCH --signal=USR1@120
#SBATCH --requeue
# A run that outlives its allocation: 120 seconds before the end every rank gets SIGUSR1, the run writes a checkpoint and
# stops, and the job is queued again; the next allocation, of any number of tasks, goes on.
#   sbatch examples/mpi/slurm.sh RUN_FOLDER OPTIONS_OF_LAT_TRAIN...
set -u
run=$1
shift
[ ! -e "$run/checkpoint.safetensors" ] || set -- --resume
srun lat train --out "$run" --threads "${SLURM_CPUS_PER_TASK:-1}" "$@" && exit 0
[ ! -e "$run/checkpoint.safetensors" ] || scontrol requeue "$SLURM_JOB_ID"
