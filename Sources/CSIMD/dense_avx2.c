#include "csimd_dense.h"

#if defined(__x86_64__)
#include <immintrin.h>

// A panel is walked in strips of 16 outputs: 6 rows x 2 vectors of 8 are twelve accumulators.
#define TARGET __attribute__((target("avx2,fma")))
#define INLINE TARGET __attribute__((always_inline)) static inline

INLINE void block(const float *x, size_t x_stride, const float *strip, const float *bias,
                  size_t width, size_t inputs, bool relu, float *y, size_t y_stride, size_t outputs,
                  const int R) {
  __m256 low[6], high[6];
  const __m256 low_bias = _mm256_loadu_ps(bias), high_bias = _mm256_loadu_ps(bias + 8);
  for (int r = 0; r < R; r++) low[r] = low_bias, high[r] = high_bias;
  const float *w = strip;
  for (size_t i = 0; i < inputs; i++, w += width) {
    const __m256 low_weights = _mm256_loadu_ps(w), high_weights = _mm256_loadu_ps(w + 8);
    for (int r = 0; r < R; r++) {
      const __m256 input = _mm256_broadcast_ss(x + (size_t)r * x_stride + i);
      low[r] = _mm256_fmadd_ps(input, low_weights, low[r]);
      high[r] = _mm256_fmadd_ps(input, high_weights, high[r]);
    }
  }
  const __m256 zero = _mm256_setzero_ps();
  for (int r = 0; r < R; r++) {
    if (relu) low[r] = _mm256_max_ps(low[r], zero), high[r] = _mm256_max_ps(high[r], zero);
    float *out = y + (size_t)r * y_stride;
    if (outputs >= 16) {
      _mm256_storeu_ps(out, low[r]);
      _mm256_storeu_ps(out + 8, high[r]);
    } else {
      float part[16];
      _mm256_storeu_ps(part, low[r]);
      _mm256_storeu_ps(part + 8, high[r]);
      for (size_t o = 0; o < outputs; o++) out[o] = part[o];
    }
  }
}

TARGET static void strip_rows(const float *x, size_t x_stride, size_t rows, const float *strip,
                              const float *bias, size_t width, size_t inputs, bool relu, float *y,
                              size_t y_stride, size_t outputs) {
  for (; rows >= 6; rows -= 6, x += 6 * x_stride, y += 6 * y_stride)
    block(x, x_stride, strip, bias, width, inputs, relu, y, y_stride, outputs, 6);
  switch (rows) {
    case 5: block(x, x_stride, strip, bias, width, inputs, relu, y, y_stride, outputs, 5); break;
    case 4: block(x, x_stride, strip, bias, width, inputs, relu, y, y_stride, outputs, 4); break;
    case 3: block(x, x_stride, strip, bias, width, inputs, relu, y, y_stride, outputs, 3); break;
    case 2: block(x, x_stride, strip, bias, width, inputs, relu, y, y_stride, outputs, 2); break;
    case 1: block(x, x_stride, strip, bias, width, inputs, relu, y, y_stride, outputs, 1); break;
    default: break;
  }
}

TARGET static float single_output(const float *x, const float *w, float bias, size_t inputs) {
  __m256 low = _mm256_setzero_ps(), high = _mm256_setzero_ps();
  size_t i = 0;
  for (; i + 16 <= inputs; i += 16) {
    low = _mm256_fmadd_ps(_mm256_loadu_ps(x + i), _mm256_loadu_ps(w + i), low);
    high = _mm256_fmadd_ps(_mm256_loadu_ps(x + i + 8), _mm256_loadu_ps(w + i + 8), high);
  }
  float parts[16];
  _mm256_storeu_ps(parts, low);
  _mm256_storeu_ps(parts + 8, high);
  for (size_t j = 0; i < inputs; i++, j++) parts[j] = __builtin_fmaf(x[i], w[i], parts[j]);
  for (int half = 8; half > 0; half /= 2)
    for (int j = 0; j < half; j++) parts[j] += parts[j + half];
  return bias + parts[0];
}

TARGET void csimd_dense_forward_avx2(const float *x, size_t x_stride, size_t rows,
                                     const float *packed, const float *bias, size_t inputs,
                                     size_t outputs, bool relu, float *y, size_t y_stride) {
  if (outputs == 1) {
    for (size_t r = 0; r < rows; r++) {
      float value = single_output(x + r * x_stride, packed, *bias, inputs);
      y[r * y_stride] = relu && !(value > 0) ? 0 : value;
    }
    return;
  }
  for (size_t first = 0; first < outputs; first += CSIMD_DENSE_PANEL) {
    size_t left = outputs - first;
    size_t width = left >= CSIMD_DENSE_PANEL ? CSIMD_DENSE_PANEL : (left + 15) / 16 * 16;
    for (size_t strip = 0; strip < width; strip += 16)
      strip_rows(x, x_stride, rows, packed + strip, bias + first + strip, width, inputs, relu,
                 y + first + strip, y_stride, left - strip);
    packed += width * inputs;
  }
}
#else
void csimd_dense_forward_avx2(const float *x, size_t x_stride, size_t rows, const float *packed,
                              const float *bias, size_t inputs, size_t outputs, bool relu, float *y,
                              size_t y_stride) {
  (void)x, (void)x_stride, (void)rows, (void)packed, (void)bias, (void)inputs, (void)outputs,
      (void)relu;
  (void)y, (void)y_stride;
  __builtin_trap();
}
#endif
