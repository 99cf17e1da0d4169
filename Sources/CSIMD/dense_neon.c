#include "csimd_dense.h"

#if defined(__aarch64__)
#include <arm_neon.h>

// 4 rows x 16 outputs are sixteen of the 32 vector registers.
static inline __attribute__((always_inline)) void block(const float *x, size_t x_stride,
                                                        const float *strip, const float *bias,
                                                        size_t width, size_t inputs, bool relu,
                                                        float *y, size_t y_stride, size_t outputs,
                                                        const int R) {
  float32x4_t sum[4][4];
  for (int v = 0; v < 4; v++)
    for (int r = 0; r < R; r++) sum[r][v] = vld1q_f32(bias + 4 * v);
  const float *w = strip;
  for (size_t i = 0; i < inputs; i++, w += width) {
    float32x4_t weights[4];
    for (int v = 0; v < 4; v++) weights[v] = vld1q_f32(w + 4 * v);
    for (int r = 0; r < R; r++) {
      const float32x4_t input = vdupq_n_f32(x[(size_t)r * x_stride + i]);
      for (int v = 0; v < 4; v++) sum[r][v] = vfmaq_f32(sum[r][v], input, weights[v]);
    }
  }
  for (int r = 0; r < R; r++) {
    float part[16];
    for (int v = 0; v < 4; v++)
      vst1q_f32(part + 4 * v, relu ? vmaxq_f32(sum[r][v], vdupq_n_f32(0)) : sum[r][v]);
    for (size_t o = 0; o < 16 && o < outputs; o++) y[(size_t)r * y_stride + o] = part[o];
  }
}

void csimd_dense_forward_neon(const float *x, size_t x_stride, size_t rows, const float *packed,
                              const float *bias, size_t inputs, size_t outputs, bool relu, float *y,
                              size_t y_stride) {
  if (outputs == 1) {
    csimd_dense_forward_portable(x, x_stride, rows, packed, bias, inputs, outputs, relu, y,
                                 y_stride);
    return;
  }
  for (size_t first = 0; first < outputs; first += CSIMD_DENSE_PANEL) {
    size_t left = outputs - first;
    size_t width = left >= CSIMD_DENSE_PANEL ? CSIMD_DENSE_PANEL : (left + 15) / 16 * 16;
    for (size_t strip = 0; strip < width; strip += 16) {
      size_t r = 0;
      float *out = y + first + strip;
      for (; r + 4 <= rows; r += 4)
        block(x + r * x_stride, x_stride, packed + strip, bias + first + strip, width, inputs, relu,
              out + r * y_stride, y_stride, left - strip, 4);
      for (; r < rows; r++)
        block(x + r * x_stride, x_stride, packed + strip, bias + first + strip, width, inputs, relu,
              out + r * y_stride, y_stride, left - strip, 1);
    }
    packed += width * inputs;
  }
}
#else
void csimd_dense_forward_neon(const float *x, size_t x_stride, size_t rows, const float *packed,
                              const float *bias, size_t inputs, size_t outputs, bool relu, float *y,
                              size_t y_stride) {
  (void)x, (void)x_stride, (void)rows, (void)packed, (void)bias, (void)inputs, (void)outputs,
      (void)relu;
  (void)y, (void)y_stride;
  __builtin_trap();
}
#endif
