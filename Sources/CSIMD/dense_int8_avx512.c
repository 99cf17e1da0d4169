#include "csimd_narrow.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")))
#define INLINE TARGET __attribute__((always_inline)) static inline
#define VECTOR_BYTES(inputs) (((inputs) + 3) / 4 * 64)
#define ROW_BYTES(inputs) (((inputs) + 63) / 64 * 64)

// Out of 0 ... 255 the nearest code: negative ones are zero, larger ones saturate, NaN is zero.
INLINE void encode_vector(const csimd_narrow_layer *layer, __m512 x, size_t i,
                          unsigned char *codes) {
  const __m512 factor = _mm512_loadu_ps(layer->input_factors + i);
  const __m512 offset = _mm512_loadu_ps(layer->input_offsets + i);
  const __m512 value = _mm512_max_ps(_mm512_fmadd_ps(x, factor, offset), _mm512_setzero_ps());
  const __m512i code = _mm512_cvtps_epi32(_mm512_min_ps(value, _mm512_set1_ps(255)));
  _mm_storeu_si128((__m128i *)(codes + i), _mm512_cvtepi32_epi8(code));
}

INLINE float encode_row(const csimd_narrow_layer *layer, const float *x, unsigned char *codes) {
  size_t i = 0;
  for (; i + 16 <= layer->inputs; i += 16)
    encode_vector(layer, _mm512_loadu_ps(x + i), i, codes);
  if (i < layer->inputs) {
    const __mmask16 rest = (__mmask16)((1u << (layer->inputs - i)) - 1);
    encode_vector(layer, _mm512_maskz_loadu_ps(rest, x + i), i, codes);
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
  __m512i sum[BLOCK_SUMS];
  for (int v = 0; v < V; v++) {
    const __m512i start = _mm512_loadu_si512(layer->starts + t->first + 16 * v);
    for (int r = 0; r < R; r++) sum[r * V + v] = start;
  }
  const unsigned char *codes = t->codes;
  for (size_t i = 0; i < layer->inputs; i += 4, codes += 4, panel += 128) {
    __m512i weights[8];
    for (int v = 0; v < V; v++)
      weights[v] = _mm512_loadu_si512(vector_at(panel, panel_bytes, v));
    for (int r = 0; r < R; r++) {
      int group;
      __builtin_memcpy(&group, codes + (size_t)r * row_bytes, 4);
      const __m512i input = _mm512_set1_epi32(group);
      for (int v = 0; v < V; v++)
        sum[r * V + v] = _mm512_dpbusd_epi32(sum[r * V + v], input, weights[v]);
    }
  }
  for (int v = 0; v < V; v++) {
    const size_t first = t->first + 16 * (size_t)v;
    const __mmask16 mask = lanes_of(layer, first);
    const __m512 scale = _mm512_loadu_ps(layer->scales + first);
    const __m512 bias = _mm512_maskz_loadu_ps(mask, t->bias + first);
    for (int r = 0; r < R; r++) {
      __m512 value = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum[r * V + v]), scale, bias);
      if (layer->relu) value = _mm512_max_ps(value, _mm512_setzero_ps());
      _mm512_mask_storeu_ps(t->y + (size_t)r * t->y_stride + first, mask, value);
    }
  }
}

TARGET void csimd_narrow_int8_avx512(const csimd_narrow_layer *layer, const float *x,
                                     size_t x_stride, size_t rows, const float *bias, float *y,
                                     size_t y_stride) {
  forward(layer, x, x_stride, rows, bias, y, y_stride);
}
#else
void csimd_narrow_int8_avx512(const csimd_narrow_layer *layer, const float *x, size_t x_stride,
                              size_t rows, const float *bias, float *y, size_t y_stride) {
  (void)layer, (void)x, (void)x_stride, (void)rows, (void)bias, (void)y, (void)y_stride;
  __builtin_trap();
}
#endif
