#include <math.h>

#include "csimd_dense.h"

static float single_output(const float *x, const float *w, float bias, size_t inputs) {
  float parts[16] = {0};
  for (size_t i = 0; i < inputs; i++) parts[i % 16] = fmaf(x[i], w[i], parts[i % 16]);
  for (int half = 8; half > 0; half /= 2)
    for (int j = 0; j < half; j++) parts[j] += parts[j + half];
  return bias + parts[0];
}

// One row and one strip of 16 outputs at a time; the compiler may use what vectors there are.
static void strip_row(const float *x, const float *strip, const float *bias, size_t width,
                      size_t inputs, bool relu, float *y, size_t outputs) {
  float sum[16];
  for (int o = 0; o < 16; o++) sum[o] = bias[o];
  const float *w = strip;
  for (size_t i = 0; i < inputs; i++, w += width)
    for (int o = 0; o < 16; o++) sum[o] = fmaf(x[i], w[o], sum[o]);
  for (size_t o = 0; o < 16 && o < outputs; o++) y[o] = relu && !(sum[o] > 0) ? 0 : sum[o];
}

void csimd_dense_forward_portable(const float *x, size_t x_stride, size_t rows, const float *packed,
                                  const float *bias, size_t inputs, size_t outputs, bool relu,
                                  float *y, size_t y_stride) {
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
      for (size_t r = 0; r < rows; r++)
        strip_row(x + r * x_stride, packed + strip, bias + first + strip, width, inputs, relu,
                  y + r * y_stride + first + strip, left - strip);
    packed += width * inputs;
  }
}
