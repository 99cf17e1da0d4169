#include "csimd_narrow.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512fp16")))
#define INLINE TARGET __attribute__((always_inline)) static inline
#define VECTOR_BYTES(inputs) (((inputs) + 1) / 2 * 64)
#define ROW_BYTES(inputs) (((inputs) + 31) / 32 * 64)

INLINE void encode_vector(__m512 x, __m512 factor, unsigned char *codes) {
  const __m256i halves = _mm512_cvtps_ph(_mm512_mul_ps(x, factor),
                                         _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  _mm256_storeu_si256((__m256i *)codes, halves);
}

// The larger of two magnitudes, in one instruction.
INLINE __m512 larger(__m512 largest, __m512 x) { return _mm512_range_ps(largest, x, 0b1011); }

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
INLINE void block(const task *t, const unsigned char *panel, const int R, const int P);

#include "dense_narrow_driver.h"

// Of each pair of lanes the sum. The sums of `a`'s pairs become the even lanes, those of `b`'s the
// odd ones: a panel's vectors hold its even and its odd outputs.
INLINE __m512h pair_sums(__m512h a, __m512h b) {
  const __mmask32 odd = 0xAAAAAAAA;
  const __m512i straight = _mm512_mask_blend_epi16(odd, (__m512i)a, (__m512i)b);
  const __m512i crossed = _mm512_mask_blend_epi16(odd, (__m512i)b, (__m512i)a);
  return _mm512_add_ph((__m512h)straight, (__m512h)_mm512_rol_epi32(crossed, 16));
}

// Equal runs of whole pairs, as few as the limit allows.
INLINE size_t run_inputs(size_t inputs) {
  const size_t runs = (inputs + CSIMD_F16_RUN_MAX - 1) / CSIMD_F16_RUN_MAX;
  return ((inputs + runs - 1) / runs + 1) / 2 * 2;
}

// Even lanes add the products of even inputs, odd lanes those of odd ones: a pair of inputs is
// broadcast as 32 bits, which is a load and no more; one of 16 bits would be a shuffle besides.
INLINE void block(const task *t, const unsigned char *panel, const int R, const int P) {
  const csimd_narrow_layer *layer = t->layer;
  const size_t row_bytes = ROW_BYTES(layer->inputs);
  const size_t panel_bytes = 2 * VECTOR_BYTES(layer->inputs);
  const int V = 2 * P;
  const size_t run = run_inputs(layer->inputs);
  __m512 total[BLOCK_SUMS];
  for (size_t i = 0; i < layer->inputs;) {
    const size_t end = layer->inputs - i < run ? layer->inputs : i + run;
    const bool is_first = i == 0;
    const unsigned char *codes = t->codes + 2 * i;
    __m512h sum[BLOCK_SUMS];
    for (int v = 0; v < V; v++)
      for (int r = 0; r < R; r++) sum[r * V + v] = _mm512_setzero_ph();
    for (; i < end; i += 2, codes += 4, panel += 128) {
      __m512h weights[8];
      for (int v = 0; v < V; v++)
        weights[v] = (__m512h)_mm512_loadu_si512(vector_at(panel, panel_bytes, v));
      for (int r = 0; r < R; r++) {
        int pair;
        __builtin_memcpy(&pair, codes + (size_t)r * row_bytes, 4);
        const __m512h input = (__m512h)_mm512_set1_epi32(pair);
        for (int v = 0; v < V; v++)
          sum[r * V + v] = _mm512_fmadd_ph(input, weights[v], sum[r * V + v]);
      }
    }
    for (int r = 0; r < R; r++)
      for (int v = 0; v < V; v += 2) {
        const __m512i halves = (__m512i)pair_sums(sum[r * V + v], sum[r * V + v + 1]);
        const __m512 sums[2] = {
            _mm512_cvtxph_ps((__m256h)_mm512_castsi512_si256(halves)),
            _mm512_cvtxph_ps((__m256h)_mm512_extracti64x4_epi64(halves, 1)),
        };
        for (int side = 0; side < 2; side++)
          total[r * V + v + side] =
              is_first ? sums[side] : _mm512_add_ps(total[r * V + v + side], sums[side]);
      }
  }
  for (int v = 0; v < V; v++) {
    const size_t first = t->first + 16 * (size_t)v;
    const __mmask16 mask = lanes_of(layer, first);
    const __m512 scale = _mm512_loadu_ps(layer->scales + first);
    const __m512 bias = _mm512_maskz_loadu_ps(mask, t->bias + first);
    for (int r = 0; r < R; r++) {
      const __m512 factor = _mm512_mul_ps(scale, _mm512_set1_ps(t->row_scales[r]));
      __m512 value = _mm512_fmadd_ps(total[r * V + v], factor, bias);
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
