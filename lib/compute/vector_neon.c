/* Arm with Advanced SIMD (NEON), which all of the 64-bit ones have. */
#include "compute/simd_neon.h"
#include "compute/vector.h"

#include <math.h>
#include <string.h>

#define TABLE lati_vector_neon
#define TABLE_NAME "neon"

#include "compute/vector_kernels.h"
