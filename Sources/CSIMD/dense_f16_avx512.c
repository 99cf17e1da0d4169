#include "csimd_narrow.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512fp16")))
#define INLINE TARGET __attribute__((always_inline)) static inline
#define VECTOR 16
#define PANEL_BYTES(inputs) (((inputs) + 1) / 2 * 64)
#define ROW_BYTES(inputs) (((inputs) + 31) / 32 * 64)

INLINE void encode_vector(__m512 x, __m512 factor, unsigned char *codes) {
  const __m256i halves = _mm512_cvtps_ph(_mm512_mul_ps(x, factor),
                                         _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  _mm256_storeu_si256((__m256i *)codes, halves);
}

INLINE __m512 larger(__m512 largest, __m512 x) { return _mm512_max_ps(largest, _mm512_abs_ps(x)); }

// Four maxima at a time: one would wait for itself.
INLINE float largest_magnitude(const float *x, size_t count) {
  __m512 largest[4] = {_mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps(),
                       _mm512_setzero_ps()};
  size_t i = 0;
  for (; i + 64 <= count; i += 64)
    for (int v = 0; v < 4; v++) largest[v] = larger(largest[v], _mm512_loadu_ps(x + i + 16 * v));
  for (; i + 16 <= count; i += 16) largest[0] = larger(largest[0], _mm512_loadu_ps(x + i));
  const __mmask16 rest = (__mmask16)((1u << (count - i)) - 1);
  largest[1] = larger(largest[1], _mm512_maskz_loadu_ps(rest, x + i));
  return _mm512_reduce_max_ps(
      _mm512_max_ps(_mm512_max_ps(largest[0], largest[1]), _mm512_max_ps(largest[2], largest[3])));
}

INLINE float encode_row(const csimd_narrow_layer *layer, const float *x, unsigned char *codes) {
  const float top = largest_magnitude(x, layer->inputs);
  // The power of two below the largest value; rows of zeros, of tiny values, of infinity keep
  // theirs.
  unsigned bits;
  __builtin_memcpy(&bits, &top, 4);
  const unsigned exponent = bits >> 23;
  const bool is_plain = exponent > 1 && exponent < 253;
  const unsigned down = is_plain ? (254 - exponent) << 23 : 127u << 23;
  const unsigned up = is_plain ? exponent << 23 : 127u << 23;
  float factor, scale;
  __builtin_memcpy(&factor, &down, 4);
  __builtin_memcpy(&scale, &up, 4);
  const __m512 factors = _mm512_set1_ps(factor);
  size_t i = 0;
  for (; i + 16 <= layer->inputs; i += 16)
    encode_vector(_mm512_loadu_ps(x + i), factors, codes + 2 * i);
  if (i < layer->inputs) {
    const __mmask16 rest = (__mmask16)((1u << (layer->inputs - i)) - 1);
    encode_vector(_mm512_maskz_loadu_ps(rest, x + i), factors, codes + 2 * i);
  }
  return scale;
}

typedef struct task task;
INLINE void block(const task *t, const unsigned char *panel, const unsigned char *next,
                  const int R, const int V);

#include "dense_narrow_driver.h"

// Of each pair of lanes the sum, in float32.
INLINE __m512 pair_sums(__m512h sum) {
  const __m512h swapped = (__m512h)_mm512_rol_epi32((__m512i)sum, 16);
  const __m256i halves = _mm512_cvtepi32_epi16((__m512i)_mm512_add_ph(sum, swapped));
  return _mm512_cvtxph_ps((__m256h)halves);
}

// Even lanes add the products of even inputs, odd lanes those of odd ones: a pair of inputs is
// broadcast as 32 bits, which is a load and no more; one of 16 bits would be a shuffle besides.
INLINE void block(const task *t, const unsigned char *panel, const unsigned char *next,
                  const int R, const int V) {
  const csimd_narrow_layer *layer = t->layer;
  const size_t row_bytes = ROW_BYTES(layer->inputs);
  const size_t width = 64 * (size_t)(V < 4 ? V : 4);
  __m512 total[6][8];
  for (size_t i = 0; i < layer->inputs;) {
    const size_t end = layer->inputs - i < CSIMD_F16_RUN ? layer->inputs : i + CSIMD_F16_RUN;
    const bool is_first = i == 0;
    const unsigned char *codes = t->codes + 2 * i;
    __m512h sum[6][8];
    for (int v = 0; v < V; v++)
      for (int r = 0; r < R; r++) sum[r][v] = _mm512_setzero_ph();
    for (; i < end; i += 2, codes += 4, panel += width, next += width) {
      __m512h weights[8];
      for (int v = 0; v < V; v++)
        weights[v] = (__m512h)_mm512_loadu_si512(v < 4 ? panel + 64 * v : next + 64 * (v - 4));
      for (int r = 0; r < R; r++) {
        int pair;
        __builtin_memcpy(&pair, codes + (size_t)r * row_bytes, 4);
        const __m512h input = (__m512h)_mm512_set1_epi32(pair);
        for (int v = 0; v < V; v++) sum[r][v] = _mm512_fmadd_ph(input, weights[v], sum[r][v]);
      }
    }
    for (int r = 0; r < R; r++)
      for (int v = 0; v < V; v++) {
        const __m512 sums = pair_sums(sum[r][v]);
        total[r][v] = is_first ? sums : _mm512_add_ps(total[r][v], sums);
      }
  }
  for (int v = 0; v < V; v++) {
    const size_t first = t->first + 16 * (size_t)v;
    const size_t left = layer->outputs - first;
    const __mmask16 mask = left >= 16 ? 0xFFFF : (__mmask16)((1u << left) - 1);
    const __m512 scale = _mm512_loadu_ps(layer->scales + first);
    const __m512 bias = _mm512_maskz_loadu_ps(mask, t->bias + first);
    for (int r = 0; r < R; r++) {
      const __m512 factor = _mm512_mul_ps(scale, _mm512_set1_ps(t->row_scales[r]));
      __m512 value = _mm512_fmadd_ps(total[r][v], factor, bias);
      if (layer->relu) value = _mm512_max_ps(value, _mm512_setzero_ps());
      _mm512_mask_storeu_ps(t->y + (size_t)r * t->y_stride + first, mask, value);
    }
  }
}

TARGET void csimd_narrow_f16_avx512(const csimd_narrow_layer *layer, const float *x,
                                    size_t x_stride, size_t rows, const float *bias, float *y,
                                    size_t y_stride) {
  forward(layer, x, x_stride, rows, bias, y, y_stride);
}
#else
void csimd_narrow_f16_avx512(const csimd_narrow_layer *layer, const float *x, size_t x_stride,
                             size_t rows, const float *bias, float *y, size_t y_stride) {
  (void)layer, (void)x, (void)x_stride, (void)rows, (void)bias, (void)y, (void)y_stride;
  __builtin_trap();
}
#endif
