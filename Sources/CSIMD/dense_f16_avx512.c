#include "csimd_narrow.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512fp16")))
#define INLINE TARGET __attribute__((always_inline)) static inline
#define VECTOR_BYTES(inputs) (((inputs) + 1) / 2 * 64)
#define ROW_BYTES(inputs) (((inputs) + 31) / 32 * 64)

INLINE void encode_vector(__m512 x, unsigned char *codes) {
  const __m256i halves = _mm512_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  _mm256_storeu_si256((__m256i *)codes, halves);
}

// The larger of two magnitudes, in one instruction.
INLINE __m512 larger(__m512 largest, __m512 x) { return _mm512_range_ps(largest, x, 0b1011); }

INLINE __mmask16 rest_mask(size_t count, size_t i) { return (__mmask16)((1u << (count - i)) - 1); }

// Encodes a row as it is. Returns its largest magnitude; four maxima at a time, since one would
// wait for itself.
INLINE float encode_unscaled(const float *x, size_t count, unsigned char *codes) {
  __m512 largest[4] = {_mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps(),
                       _mm512_setzero_ps()};
  size_t i = 0;
  for (; i + 64 <= count; i += 64)
    for (int v = 0; v < 4; v++) {
      const __m512 part = _mm512_loadu_ps(x + i + 16 * v);
      largest[v] = larger(largest[v], part);
      encode_vector(part, codes + 2 * i + 32 * v);
    }
  for (; i + 16 <= count; i += 16) {
    const __m512 part = _mm512_loadu_ps(x + i);
    largest[0] = larger(largest[0], part);
    encode_vector(part, codes + 2 * i);
  }
  if (i < count) {
    const __m512 part = _mm512_maskz_loadu_ps(rest_mask(count, i), x + i);
    largest[1] = larger(largest[1], part);
    encode_vector(part, codes + 2 * i);
  }
  return _mm512_reduce_max_ps(
      _mm512_max_ps(_mm512_max_ps(largest[0], largest[1]), _mm512_max_ps(largest[2], largest[3])));
}

INLINE void encode_scaled(const float *x, size_t count, float factor, unsigned char *codes) {
  const __m512 factors = _mm512_set1_ps(factor);
  size_t i = 0;
  for (; i + 16 <= count; i += 16)
    encode_vector(_mm512_mul_ps(_mm512_loadu_ps(x + i), factors), codes + 2 * i);
  if (i < count) {
    const __m512 part = _mm512_maskz_loadu_ps(rest_mask(count, i), x + i);
    encode_vector(_mm512_mul_ps(part, factors), codes + 2 * i);
  }
}

INLINE float encode_row(const csimd_narrow_layer *layer, const float *x, unsigned char *codes) {
  const float top = encode_unscaled(x, layer->inputs, codes);
  if (top >= CSIMD_F16_UNSCALED_MIN && top < CSIMD_F16_UNSCALED_MAX) return 1;
  // The power of two below the largest value; rows of zeros, of tiny values, of infinity keep
  // theirs.
  unsigned bits;
  __builtin_memcpy(&bits, &top, 4);
  const unsigned exponent = bits >> 23;
  if (exponent < 2 || exponent > 252) return 1;
  const unsigned down = (254 - exponent) << 23, up = exponent << 23;
  float factor, scale;
  __builtin_memcpy(&factor, &down, 4);
  __builtin_memcpy(&scale, &up, 4);
  encode_scaled(x, layer->inputs, factor, codes);
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
