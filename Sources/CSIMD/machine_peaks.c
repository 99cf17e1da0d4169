#include "csimd_peaks.h"

#include "csimd_cpu.h"

#define CHAINS 20

#if defined(__x86_64__)
#include <immintrin.h>

// Twenty chains hide the latency of any of the instructions; the empty assembly keeps the compiler
// from taking the loop apart.
#define PEAK(NAME, TARGETS, TYPE, START, STEP, OPERATIONS)                               \
  __attribute__((target(TARGETS), noinline)) static size_t NAME(size_t rounds) {         \
    TYPE sum[CHAINS];                                                                    \
    const TYPE x = START;                                                                \
    _Pragma("unroll") for (int i = 0; i < CHAINS; i++) sum[i] = x;                       \
    for (size_t round = 0; round < rounds; round++) {                                    \
      _Pragma("unroll") for (int i = 0; i < CHAINS; i++) sum[i] = STEP;                  \
      _Pragma("unroll") for (int i = 0; i < CHAINS; i++) __asm__ volatile("" : "+v"(sum[i])); \
    }                                                                                    \
    return rounds * CHAINS * (OPERATIONS);                                               \
  }

PEAK(f32_avx2, "avx2,fma", __m256, _mm256_set1_ps(1e-20f), _mm256_fmadd_ps(x, x, sum[i]), 16)
PEAK(f32_avx512, "avx512f", __m512, _mm512_set1_ps(1e-20f), _mm512_fmadd_ps(x, x, sum[i]), 32)
PEAK(bf16_avx512, "avx512f,avx512bf16", __m512, _mm512_set1_ps(1e-20f),
     _mm512_dpbf16_ps(sum[i], (__m512bh)x, (__m512bh)x), 64)
PEAK(f16_avx512, "avx512f,avx512fp16", __m512h, _mm512_set1_ph((_Float16)0.001f),
     _mm512_fmadd_ph(x, x, sum[i]), 64)
PEAK(int8_avx512, "avx512f,avx512vnni", __m512i, _mm512_set1_epi8(1),
     _mm512_dpbusd_epi32(sum[i], x, x), 128)

size_t csimd_peak_f32(size_t rounds) {
  if (csimd_cpu_has_avx512()) return f32_avx512(rounds);
  return csimd_cpu_has_avx2() ? f32_avx2(rounds) : 0;
}
size_t csimd_peak_bf16(size_t rounds) { return csimd_cpu_has_bf16() ? bf16_avx512(rounds) : 0; }
size_t csimd_peak_f16(size_t rounds) { return csimd_cpu_has_f16() ? f16_avx512(rounds) : 0; }
size_t csimd_peak_int8(size_t rounds) { return csimd_cpu_has_int8() ? int8_avx512(rounds) : 0; }
#elif defined(__aarch64__)
#include <arm_neon.h>

size_t csimd_peak_f32(size_t rounds) {
  float32x4_t sum[CHAINS];
  const float32x4_t x = vdupq_n_f32(1e-20f);
  _Pragma("unroll") for (int i = 0; i < CHAINS; i++) sum[i] = x;
  for (size_t round = 0; round < rounds; round++) {
    _Pragma("unroll") for (int i = 0; i < CHAINS; i++) sum[i] = vfmaq_f32(sum[i], x, x);
    _Pragma("unroll") for (int i = 0; i < CHAINS; i++) __asm__ volatile("" : "+w"(sum[i]));
  }
  return rounds * CHAINS * 8;
}
size_t csimd_peak_bf16(size_t rounds) { return (void)rounds, 0; }
size_t csimd_peak_f16(size_t rounds) { return (void)rounds, 0; }
size_t csimd_peak_int8(size_t rounds) { return (void)rounds, 0; }
#else
size_t csimd_peak_f32(size_t rounds) { return (void)rounds, 0; }
size_t csimd_peak_bf16(size_t rounds) { return (void)rounds, 0; }
size_t csimd_peak_f16(size_t rounds) { return (void)rounds, 0; }
size_t csimd_peak_int8(size_t rounds) { return (void)rounds, 0; }
#endif
