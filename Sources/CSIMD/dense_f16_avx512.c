#include "csimd_narrow.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512fp16")))
#define INLINE TARGET __attribute__((always_inline)) static inline
#define VECTOR 32
#define PANEL_BYTES(inputs) (64 * (inputs))
#define ROW_BYTES(inputs) (((inputs) + 15) / 16 * 64)

// Each code stands twice in a 32-bit word, since a broadcast of 32 bits is a load and no more, one
// of 16 bits a shuffle besides.
INLINE float encode_row(const csimd_narrow_layer *layer, const float *x, unsigned char *codes) {
  __m512 largest = _mm512_setzero_ps();
  for (size_t i = 0; i < layer->inputs; i += 16) {
    const size_t left = layer->inputs - i;
    const __mmask16 mask = left >= 16 ? 0xFFFF : (__mmask16)((1u << left) - 1);
    largest = _mm512_max_ps(largest, _mm512_abs_ps(_mm512_maskz_loadu_ps(mask, x + i)));
  }
  // The power of two below the largest value; rows of zeros, of tiny values, of infinity keep
  // theirs.
  const float top = _mm512_reduce_max_ps(largest);
  unsigned bits;
  __builtin_memcpy(&bits, &top, 4);
  const unsigned exponent = bits >> 23;
  const bool is_plain = exponent > 1 && exponent < 253;
  const unsigned down = is_plain ? (254 - exponent) << 23 : 127u << 23;
  const unsigned up = is_plain ? exponent << 23 : 127u << 23;
  float factor, scale;
  __builtin_memcpy(&factor, &down, 4);
  __builtin_memcpy(&scale, &up, 4);
  for (size_t i = 0; i < layer->inputs; i += 16) {
    const size_t left = layer->inputs - i;
    const __mmask16 mask = left >= 16 ? 0xFFFF : (__mmask16)((1u << left) - 1);
    const __m512 value = _mm512_mul_ps(_mm512_maskz_loadu_ps(mask, x + i), _mm512_set1_ps(factor));
    const __m512i half = _mm512_cvtepu16_epi32(
        _mm512_cvtps_ph(value, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
    _mm512_storeu_si512(codes + 4 * i, _mm512_or_si512(half, _mm512_slli_epi32(half, 16)));
  }
  return scale;
}

typedef struct task task;
INLINE void block(const task *t, const unsigned char *panel, const unsigned char *next,
                  const int R, const int V);

#include "dense_narrow_driver.h"

INLINE __m512 low_half(__m512h sum) { return _mm512_cvtxph_ps(_mm512_castph512_ph256(sum)); }

INLINE __m512 high_half(__m512h sum) {
  return _mm512_cvtxph_ps((__m256h)_mm512_extracti64x4_epi64((__m512i)sum, 1));
}

INLINE void block(const task *t, const unsigned char *panel, const unsigned char *next,
                  const int R, const int V) {
  const csimd_narrow_layer *layer = t->layer;
  const size_t row_bytes = ROW_BYTES(layer->inputs);
  const size_t width = 64 * (size_t)(V < 4 ? V : 4);
  __m512 total[6][8][2];
  for (size_t i = 0; i < layer->inputs;) {
    const size_t end = layer->inputs - i < CSIMD_F16_RUN ? layer->inputs : i + CSIMD_F16_RUN;
    const bool is_first = i == 0;
    const unsigned char *codes = t->codes + 4 * i;
    __m512h sum[6][8];
    for (int v = 0; v < V; v++)
      for (int r = 0; r < R; r++) sum[r][v] = _mm512_setzero_ph();
    for (; i < end; i++, codes += 4, panel += width, next += width) {
      __m512h weights[8];
      for (int v = 0; v < V; v++)
        weights[v] = (__m512h)_mm512_loadu_si512(v < 4 ? panel + 64 * v : next + 64 * (v - 4));
      for (int r = 0; r < R; r++) {
        int twice;
        __builtin_memcpy(&twice, codes + (size_t)r * row_bytes, 4);
        const __m512h input = (__m512h)_mm512_set1_epi32(twice);
        for (int v = 0; v < V; v++) sum[r][v] = _mm512_fmadd_ph(input, weights[v], sum[r][v]);
      }
    }
    for (int r = 0; r < R; r++)
      for (int v = 0; v < V; v++) {
        const __m512 low = low_half(sum[r][v]), high = high_half(sum[r][v]);
        total[r][v][0] = is_first ? low : _mm512_add_ps(total[r][v][0], low);
        total[r][v][1] = is_first ? high : _mm512_add_ps(total[r][v][1], high);
      }
  }
  for (int v = 0; v < V; v++)
    for (int half = 0; half < 2; half++) {
      const size_t first = t->first + 32 * (size_t)v + 16 * (size_t)half;
      if (first >= layer->outputs) break;
      const size_t left = layer->outputs - first;
      const __mmask16 mask = left >= 16 ? 0xFFFF : (__mmask16)((1u << left) - 1);
      const __m512 scale = _mm512_loadu_ps(layer->scales + first);
      const __m512 bias = _mm512_maskz_loadu_ps(mask, t->bias + first);
      for (int r = 0; r < R; r++) {
        const __m512 factor = _mm512_mul_ps(scale, _mm512_set1_ps(t->row_scales[r]));
        __m512 value = _mm512_fmadd_ps(total[r][v][half], factor, bias);
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
