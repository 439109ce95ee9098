# Instruction sets that compilers have learned late: gcc those of AVX512_BF16 and of Arm's BF16 with version 10, of AMX
# with 11. Without them the library lacks their kernels; which of its kernels run, the processor decides.
include(CheckCCompilerFlag)
include(CheckCSourceCompiles)
set(LAT_HAS_ARM_BF16 0)
set(LAT_HAS_AVX512_BF16 0)
set(LAT_HAS_AMX 0)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64|amd64")
  check_c_compiler_flag(-mavx512bf16 LAT_COMPILER_HAS_AVX512_BF16)
  check_c_compiler_flag(-mamx-bf16 LAT_COMPILER_HAS_AMX)
  if(LAT_COMPILER_HAS_AVX512_BF16)
    set(LAT_HAS_AVX512_BF16 1)
  endif()
  if(LAT_HAS_AVX512_BF16 AND LAT_COMPILER_HAS_AMX)
    set(LAT_HAS_AMX 1)
  endif()
endif()
if(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64|ARM64")
  set(LAT_ARM_BF16_OPTIONS -march=armv8.2-a+bf16)
  set(CMAKE_REQUIRED_FLAGS ${LAT_ARM_BF16_OPTIONS})
  check_c_source_compiles("
    #include <arm_neon.h>
    int main(void) {
      const bfloat16x8_t x = vreinterpretq_bf16_u16(vdupq_n_u16(0));
      return (int)vgetq_lane_f32(vbfdotq_f32(vdupq_n_f32(0), x, x), 0);
    }" LAT_COMPILER_HAS_ARM_BF16)
  unset(CMAKE_REQUIRED_FLAGS)
  if(LAT_COMPILER_HAS_ARM_BF16)
    set(LAT_HAS_ARM_BF16 1)
  endif()
endif()
# What a library for x86-64 uses at most, whatever the processor has: to measure and to test on one machine what another runs.
set(LAT_INSTRUCTION_LIMIT all CACHE STRING "Most of x86-64 that is used where it is there: all, avx512, avx2 or portable")
set(LAT_INSTRUCTION_LIMITS portable avx2 avx512 all)
set_property(CACHE LAT_INSTRUCTION_LIMIT PROPERTY STRINGS ${LAT_INSTRUCTION_LIMITS})
list(FIND LAT_INSTRUCTION_LIMITS "${LAT_INSTRUCTION_LIMIT}" LAT_INSTRUCTION_LEVEL)
if(LAT_INSTRUCTION_LEVEL LESS 0)
  message(FATAL_ERROR "LAT_INSTRUCTION_LIMIT is ${LAT_INSTRUCTION_LIMIT}, not one of ${LAT_INSTRUCTION_LIMITS}")
endif()
set(LAT_INSTRUCTIONS LATI_HAS_AVX512_BF16=${LAT_HAS_AVX512_BF16} LATI_HAS_AMX=${LAT_HAS_AMX}
                     LATI_HAS_ARM_BF16=${LAT_HAS_ARM_BF16} LATI_INSTRUCTION_LEVEL=${LAT_INSTRUCTION_LEVEL})
