#include "csimd_cross.h"

// One body for every instruction set: the compiler turns the 16 parts into its vectors.
__attribute__((always_inline)) static inline void cross_layer(const float *x0, const float *x,
                                                              const float *w, const float *b,
                                                              size_t width, size_t stride,
                                                              size_t rows, float *y) {
  for (size_t r = 0; r < rows; r++, x0 += stride, x += stride, y += stride) {
    float parts[16] = {0};
    size_t i = 0;
    for (; i + 16 <= width; i += 16)
      for (int j = 0; j < 16; j++) parts[j] = __builtin_fmaf(x[i + j], w[i + j], parts[j]);
    for (int j = 0; i + j < width; j++) parts[j] = __builtin_fmaf(x[i + j], w[i + j], parts[j]);
    for (int half = 8; half > 0; half /= 2)
      for (int j = 0; j < half; j++) parts[j] += parts[j + half];
    const float product = parts[0];
    for (size_t k = 0; k < width; k++) y[k] = __builtin_fmaf(x0[k], product, b[k]) + x[k];
  }
}

#define VARIANT(name, attribute)                                                                  \
  attribute void csimd_cross_layer_##name(const float *x0, const float *x, const float *w,        \
                                          const float *b, size_t width, size_t stride,            \
                                          size_t rows, float *y) {                                \
    cross_layer(x0, x, w, b, width, stride, rows, y);                                             \
  }

VARIANT(portable, )
#if defined(__x86_64__)
VARIANT(avx2, __attribute__((target("avx2,fma"))))
#else
VARIANT(avx2, )
#endif
