// AVX-512 F, BW, VL, DQ: 16 floats a vector, tails by mask (masked lanes are never touched).
#if defined(__x86_64__)
#include <immintrin.h>

#include "rows_scalar.h"

#pragma clang attribute push(                                                                   \
    __attribute__((target("avx2,f16c,avx512f,avx512bw,avx512vl,avx512dq"))), \
    apply_to = function)

#define LANES 16
#define ROW_KERNELS csimd_rows_avx512
#define ROW_KERNELS_NAME "avx512"

typedef __m512 Vector;

typedef struct Row {
  const uint8_t *bytes;
  Vector scale, bias;
} Row;

CSIMD_INLINE Vector vector_zero(void) { return _mm512_setzero_ps(); }
CSIMD_INLINE Vector vector_set(float value) { return _mm512_set1_ps(value); }
CSIMD_INLINE Vector vector_add(Vector a, Vector b) { return _mm512_add_ps(a, b); }
CSIMD_INLINE Vector vector_multiply(Vector a, Vector b) { return _mm512_mul_ps(a, b); }

CSIMD_INLINE Vector load_floats(const float *floats) { return _mm512_loadu_ps(floats); }
CSIMD_INLINE void store(float *floats, Vector v) { _mm512_storeu_ps(floats, v); }

CSIMD_INLINE __mmask16 first_lanes(size_t n) { return (__mmask16)((1u << n) - 1); }

CSIMD_INLINE Vector load_floats_tail(const float *floats, size_t n) {
  return _mm512_maskz_loadu_ps(first_lanes(n), floats);
}
CSIMD_INLINE void store_tail(float *floats, Vector v, size_t n) {
  _mm512_mask_storeu_ps(floats, first_lanes(n), v);
}

CSIMD_INLINE Row open_row(uint32_t element, const uint8_t *bytes, size_t width) {
  Row row = {.bytes = bytes};
  if (element == CSIMD_ROW_INT8) {
    row.scale = _mm512_set1_ps(csimd_scalar_float(bytes + width));
    row.bias = _mm512_set1_ps(csimd_scalar_float(bytes + width + 4));
  } else if (element == CSIMD_ROW_INT4) {
    int32_t halves;
    memcpy(&halves, bytes + (width + 1) / 2, 4);
    const __m128 pair = _mm_cvtph_ps(_mm_cvtsi32_si128(halves));
    row.scale = _mm512_broadcastss_ps(pair);
    row.bias = _mm512_broadcastss_ps(_mm_movehdup_ps(pair));
  }
  return row;
}

CSIMD_INLINE Vector from_bfloats(__m256i bits) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
}

CSIMD_INLINE Vector from_bytes(const Row *row, __m128i bytes) {
  const Vector q = _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes));
  return _mm512_add_ps(_mm512_mul_ps(q, row->scale), row->bias);
}

CSIMD_INLINE Vector from_nibbles(const Row *row, __m128i bytes) {
  const __m128i mask = _mm_set1_epi8(15);
  const __m128i low = _mm_and_si128(bytes, mask);
  const __m128i high = _mm_and_si128(_mm_srli_epi16(bytes, 4), mask);
  return from_bytes(row, _mm_unpacklo_epi8(low, high));
}

CSIMD_INLINE Vector load(uint32_t element, const Row *row, size_t c) {
  const uint8_t *bytes = row->bytes;
  switch (element) {
    case CSIMD_ROW_F32: return _mm512_loadu_ps(bytes + 4 * c);
    case CSIMD_ROW_F16:
      return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i_u *)(bytes + 2 * c)));
    case CSIMD_ROW_BF16:
      return from_bfloats(_mm256_loadu_si256((const __m256i_u *)(bytes + 2 * c)));
    case CSIMD_ROW_INT8:
      return from_bytes(row, _mm_loadu_si128((const __m128i_u *)(bytes + c)));
    default:
      return from_nibbles(row, _mm_loadl_epi64((const __m128i_u *)(bytes + c / 2)));
  }
}

CSIMD_INLINE Vector load_tail(uint32_t element, const Row *row, size_t c, size_t n) {
  const uint8_t *bytes = row->bytes;
  switch (element) {
    case CSIMD_ROW_F32: return _mm512_maskz_loadu_ps(first_lanes(n), bytes + 4 * c);
    case CSIMD_ROW_F16:
      return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(first_lanes(n), bytes + 2 * c));
    case CSIMD_ROW_BF16:
      return from_bfloats(_mm256_maskz_loadu_epi16(first_lanes(n), bytes + 2 * c));
    case CSIMD_ROW_INT8:
      return from_bytes(row, _mm_maskz_loadu_epi8(first_lanes(n), bytes + c));
    default:
      return from_nibbles(row, _mm_maskz_loadu_epi8(first_lanes((n + 1) / 2), bytes + c / 2));
  }
}

#include "rows_template.h"

#pragma clang attribute pop
#endif
