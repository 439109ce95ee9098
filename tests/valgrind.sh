#!/bin/sh
# Unit tests under valgrind, which sees what BLIS, not instrumented, reads past its operands, and
# memory that nobody wrote. Runs the programs that tests/run.sh builds.
set -eu
cd "$(dirname "$0")/.."
sh cmake/dependencies.sh build test ci

# Those of the quick label that take it less than half a minute. Left out are the others, and floating:
# valgrind rounds one way only.
programs='base/test_base_alloc base/test_base_context base/test_base_json base/test_base_json_read
base/test_base_options base/test_base_random base/test_base_status compute/test_symbols compute/test_vector
infer/test_infer_attend infer/test_infer_grammar linalg/test_matrix linalg/test_spectra
task/test_task_answer task/test_task_batch task/test_task_custom task/test_task_memory
task/test_task_mixture task/test_task_options tokenizer/test_decimal tokenizer/test_encodings
train/test_schedule transformer/test_safetensors'

# valgrind knows no AVX-512 and tells the program so; BLIS, left to choose, then takes kernels that
# valgrind can run. A forced BLIS_ARCH_TYPE=skx would die here. BLIS keeps its pools for ever.
unset BLIS_ARCH_TYPE
export LOCPATH="$PWD/build-test/tests/locale" CK_FORK=no
for program in $programs; do
  echo "build-test/tests/unit/$program"
done | xargs -n 1 -P "$(nproc)" valgrind -q --error-exitcode=1 --leak-check=full \
  --errors-for-leak-kinds=definite --show-leak-kinds=definite
