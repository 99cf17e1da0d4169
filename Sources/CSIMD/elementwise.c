#include "csimd_elementwise.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "csimd_cpu.h"

// In double precision and with the exponential of a negative number only: no overflow, and the
// result is the correctly rounded one but for rare ties.
void csimd_sigmoid(float *values, size_t count) {
  for (size_t i = 0; i < count; i++) {
    const double x = values[i], e = exp(-fabs(x));
    values[i] = (float)((x < 0 ? e : 1) / (1 + e));
  }
}

// ln(y) for y = 2^k * m, m from sqrt(1/2) to sqrt(2), as k * ln(2) + 2 * artanh((m - 1) / (m + 1))
// in double precision. Eight terms leave an error of 1e-13, so that the result is the correctly
// rounded one but for rare ties. Only operations that IEEE 754 defines, and none fused: vectors of
// any width give the same bits.
__attribute__((always_inline)) static inline void log1p_values(float *values, size_t count) {
  const uint32_t root_half = 0x3F3504F3;
  for (size_t i = 0; i < count; i++) {
    const float x = values[i], y = 1 + (x > 0 ? x : 0);
    uint32_t bits;
    memcpy(&bits, &y, 4);
    const int32_t k = (int32_t)(bits - root_half) >> 23;
    bits -= (uint32_t)k << 23;
    float m;
    memcpy(&m, &bits, 4);
    const double s = ((double)m - 1) / ((double)m + 1), q = s * s;
    double series = q * (1.0 / 15) + 1.0 / 13;
    series = series * q + 1.0 / 11;
    series = series * q + 1.0 / 9;
    series = series * q + 1.0 / 7;
    series = series * q + 1.0 / 5;
    series = series * q + 1.0 / 3;
    series = series * q + 1;
    const float logarithm = (float)(k * 0x1.62e42fefa39efp-1 + 2 * s * series);
    values[i] = y <= FLT_MAX ? logarithm : y;
  }
}

#if defined(__x86_64__)
__attribute__((target("avx512f,avx512dq,avx512vl"))) static void log1p_avx512(float *values,
                                                                             size_t count) {
  log1p_values(values, count);
}
__attribute__((target("avx2"))) static void log1p_avx2(float *values, size_t count) {
  log1p_values(values, count);
}
#endif

static void log1p_contiguous(float *values, size_t count) {
#if defined(__x86_64__)
  if (csimd_cpu_has_avx512()) return log1p_avx512(values, count);
  if (csimd_cpu_has_avx2()) return log1p_avx2(values, count);
#endif
  log1p_values(values, count);
}

void csimd_log1p_positive(float *values, size_t stride, size_t count) {
  if (stride == 1) return log1p_contiguous(values, count);
  float part[64];
  for (size_t start = 0; start < count; start += 64) {
    const size_t left = count - start, some = left < 64 ? left : 64;
    for (size_t i = 0; i < some; i++) part[i] = values[(start + i) * stride];
    log1p_contiguous(part, some);
    for (size_t i = 0; i < some; i++) values[(start + i) * stride] = part[i];
  }
}
