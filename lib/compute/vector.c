#include "compute/vector.h"

#include "compute/processor.h"

const lati_vector *lati_vector_best(void) {
#if defined(__x86_64__)
  const lati_processor *processor = lati_processor_here();
  if (processor->avx512) {
    return &lati_vector_avx512;
  }
  if (processor->avx2) {
    return &lati_vector_avx2;
  }
  return &lati_vector_portable;
#elif defined(__aarch64__)
  return &lati_vector_neon;
#else
  return &lati_vector_portable;
#endif
}
