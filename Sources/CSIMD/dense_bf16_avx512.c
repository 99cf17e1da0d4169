#include "csimd_narrow.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")))
#define INLINE TARGET __attribute__((always_inline)) static inline
#define VECTOR_BYTES(inputs) (((inputs) + 1) / 2 * 64)
#define ROW_BYTES(inputs) (((inputs) + 31) / 32 * 64)

INLINE void encode_vector(__m512 x, unsigned char *codes) {
  _mm256_storeu_si256((__m256i *)codes, (__m256i)_mm512_cvtneps_pbh(x));
}

INLINE float encode_row(const csimd_narrow_layer *layer, const float *x, unsigned char *codes) {
  size_t i = 0;
  for (; i + 16 <= layer->inputs; i += 16) encode_vector(_mm512_loadu_ps(x + i), codes + 2 * i);
  if (i < layer->inputs) {
    const __mmask16 rest = (__mmask16)((1u << (layer->inputs - i)) - 1);
    encode_vector(_mm512_maskz_loadu_ps(rest, x + i), codes + 2 * i);
  }
  return 1;
}

typedef struct task task;
INLINE void block(const task *t, const unsigned char *panel, const int R, const int P);

#include "dense_narrow_driver.h"

INLINE void block(const task *t, const unsigned char *panel, const int R, const int P) {
  const csimd_narrow_layer *layer = t->layer;
  const size_t row_bytes = ROW_BYTES(layer->inputs);
  const size_t panel_bytes = 2 * VECTOR_BYTES(layer->inputs);
  const int V = 2 * P;
  __m512 sum[BLOCK_SUMS];
  for (int v = 0; v < V; v++)
    for (int r = 0; r < R; r++) sum[r * V + v] = _mm512_setzero_ps();
  const unsigned char *codes = t->codes;
  for (size_t i = 0; i < layer->inputs; i += 2, codes += 4, panel += 128) {
    __m512bh weights[8];
    for (int v = 0; v < V; v++)
      weights[v] = (__m512bh)_mm512_loadu_si512(vector_at(panel, panel_bytes, v));
    for (int r = 0; r < R; r++) {
      int pair;
      __builtin_memcpy(&pair, codes + (size_t)r * row_bytes, 4);
      const __m512bh input = (__m512bh)_mm512_set1_epi32(pair);
      for (int v = 0; v < V; v++)
        sum[r * V + v] = _mm512_dpbf16_ps(sum[r * V + v], input, weights[v]);
    }
  }
  for (int v = 0; v < V; v++) {
    const size_t first = t->first + 16 * (size_t)v;
    const __mmask16 mask = lanes_of(layer, first);
    const __m512 scale = _mm512_loadu_ps(layer->scales + first);
    const __m512 bias = _mm512_maskz_loadu_ps(mask, t->bias + first);
    for (int r = 0; r < R; r++) {
      __m512 value = _mm512_fmadd_ps(sum[r * V + v], scale, bias);
      if (layer->relu) value = _mm512_max_ps(value, _mm512_setzero_ps());
      _mm512_mask_storeu_ps(t->y + (size_t)r * t->y_stride + first, mask, value);
    }
  }
}

TARGET void csimd_narrow_bf16_avx512(const csimd_narrow_layer *layer, const float *x,
                                     size_t x_stride, size_t rows, const float *bias, float *y,
                                     size_t y_stride) {
  forward(layer, x, x_stride, rows, bias, y, y_stride);
}
#else
void csimd_narrow_bf16_avx512(const csimd_narrow_layer *layer, const float *x, size_t x_stride,
                              size_t rows, const float *bias, float *y, size_t y_stride) {
  (void)layer, (void)x, (void)x_stride, (void)rows, (void)bias, (void)y, (void)y_stride;
  __builtin_trap();
}
#endif
