/* x86 with AVX-512 F, DQ, BW and VL. */
#include "compute/simd_avx512.h"
#include "compute/vector.h"

#include <math.h>
#include <string.h>

#define TABLE lati_vector_avx512
#define TABLE_NAME "avx512"

#include "compute/vector_kernels.h"
