#include "compute/processor.h"

#include <pthread.h>
#include <stdint.h>

static lati_processor processor;
static pthread_once_t processor_asked = PTHREAD_ONCE_INIT;

#if LATI_HAS_ARM_BF16 && defined(__linux__)
#include <sys/auxv.h>
#ifndef HWCAP2_BF16
#define HWCAP2_BF16 (1UL << 14)
#endif
#elif LATI_HAS_ARM_BF16 && defined(__APPLE__)
#include <sys/sysctl.h>
#endif

#if defined(__x86_64__)

#include <cpuid.h>
#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>
#endif

/* LAT_INSTRUCTION_LIMIT of the build. */
enum { PORTABLE, AVX2, AVX512, ALL };
static const int limit = LATI_INSTRUCTION_LEVEL;

/* Bits of XCR0 that say which registers the system saves: vectors of 256 and 512 bits, tiles. */
#define SAVED_AVX UINT64_C(0x06)
#define SAVED_AVX512 UINT64_C(0xe6)
#define SAVED_TILES UINT64_C(0x60000)

typedef struct leaf {
  uint32_t eax, ebx, ecx, edx;
} leaf;

static leaf cpuid(uint32_t number, uint32_t part) {
  leaf l = {0};
  __get_cpuid_count(number, part, &l.eax, &l.ebx, &l.ecx, &l.edx);
  return l;
}

static uint64_t saved_registers(void) {
  const uint32_t os_saves = UINT32_C(1) << 27;
  if ((cpuid(1, 0).ecx & os_saves) == 0) {
    return 0;
  }
  uint32_t low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (uint64_t)high << 32 | low;
}

static int has(uint32_t word, int bit) {
  return (int)(word >> bit & 1);
}

static void ask_processor(void) {
  const leaf basic = cpuid(1, 0), wide = cpuid(7, 0), more = cpuid(7, 1), vendor = cpuid(0, 0);
  const uint64_t saved = saved_registers();
  processor.avx2 =
      limit >= AVX2 && (saved & SAVED_AVX) == SAVED_AVX && has(basic.ecx, 12) && has(wide.ebx, 5);
  processor.avx512 = limit >= AVX512 && (saved & SAVED_AVX512) == SAVED_AVX512 && processor.avx2 &&
                     has(wide.ebx, 16) && has(wide.ebx, 17) && has(wide.ebx, 30) &&
                     has(wide.ebx, 31);
  processor.bf16_dot = LATI_HAS_AVX512_BF16 && limit >= ALL && processor.avx512 && has(more.eax, 5);
  processor.bf16_tiles = LATI_HAS_AMX && processor.bf16_dot &&
                         (saved & SAVED_TILES) == SAVED_TILES && has(wide.edx, 22) &&
                         has(wide.edx, 24);
  processor.is_amd = vendor.ebx == signature_AMD_ebx && vendor.ecx == signature_AMD_ecx;
}

int lati_processor_permit_tiles(void) {
#if defined(__linux__)
  enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 };
  return syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
#else
  return 0;
#endif
}

#else

/* Of 64-bit Arm the vectors are part of the base, products of bf16 an extension. */
static void ask_processor(void) {
#if LATI_HAS_ARM_BF16 && defined(__linux__)
  processor.bf16_dot = (getauxval(AT_HWCAP2) & HWCAP2_BF16) != 0;
#elif LATI_HAS_ARM_BF16 && defined(__APPLE__)
  int has = 0;
  size_t size = sizeof has;
  processor.bf16_dot = sysctlbyname("hw.optional.arm.FEAT_BF16", &has, &size, NULL, 0) == 0 && has;
#endif
}

int lati_processor_permit_tiles(void) {
  return 0;
}

#endif

const lati_processor *lati_processor_here(void) {
  pthread_once(&processor_asked, ask_processor);
  return &processor;
}
