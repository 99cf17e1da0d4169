// AVX2 and F16C: 8 floats a vector.
#if defined(__x86_64__)
#include <immintrin.h>

#include "rows_scalar.h"

#pragma clang attribute push(__attribute__((target("avx2,f16c"))), apply_to = function)

#define LANES 8
#define ROW_KERNELS csimd_rows_avx2
#define ROW_KERNELS_NAME "avx2"

typedef __m256 Vector;

typedef struct Row {
  const uint8_t *bytes;
  Vector scale, bias;
} Row;

CSIMD_INLINE Vector vector_zero(void) { return _mm256_setzero_ps(); }
CSIMD_INLINE Vector vector_set(float value) { return _mm256_set1_ps(value); }
CSIMD_INLINE Vector vector_add(Vector a, Vector b) { return _mm256_add_ps(a, b); }
CSIMD_INLINE Vector vector_multiply(Vector a, Vector b) { return _mm256_mul_ps(a, b); }

CSIMD_INLINE Vector load_floats(const float *floats) { return _mm256_loadu_ps(floats); }
CSIMD_INLINE void store(float *floats, Vector v) { _mm256_storeu_ps(floats, v); }

// All ones in the first n of 8 lanes: masked lanes are never touched.
CSIMD_INLINE __m256i first_lanes(size_t n) {
  const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), lanes);
}

CSIMD_INLINE Vector load_floats_tail(const float *floats, size_t n) {
  return _mm256_maskload_ps(floats, first_lanes(n));
}
CSIMD_INLINE void store_tail(float *floats, Vector v, size_t n) {
  _mm256_maskstore_ps(floats, first_lanes(n), v);
}

CSIMD_INLINE Row open_row(uint32_t element, const uint8_t *bytes, size_t width) {
  Row row = {.bytes = bytes};
  if (element == CSIMD_ROW_INT8) {
    row.scale = _mm256_set1_ps(csimd_scalar_float(bytes + width));
    row.bias = _mm256_set1_ps(csimd_scalar_float(bytes + width + 4));
  } else if (element == CSIMD_ROW_INT4) {
    int32_t halves;
    memcpy(&halves, bytes + (width + 1) / 2, 4);
    const __m128 pair = _mm_cvtph_ps(_mm_cvtsi32_si128(halves));
    row.scale = _mm256_broadcastss_ps(pair);
    row.bias = _mm256_broadcastss_ps(_mm_movehdup_ps(pair));
  }
  return row;
}

CSIMD_INLINE Vector from_bfloats(__m128i bits) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
}

CSIMD_INLINE Vector from_bytes(const Row *row, __m128i bytes) {
  const Vector q = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes));
  return _mm256_add_ps(_mm256_mul_ps(q, row->scale), row->bias);
}

CSIMD_INLINE Vector from_nibbles(const Row *row, __m128i bytes) {
  const __m128i mask = _mm_set1_epi8(15);
  const __m128i low = _mm_and_si128(bytes, mask);
  const __m128i high = _mm_and_si128(_mm_srli_epi16(bytes, 4), mask);
  return from_bytes(row, _mm_unpacklo_epi8(low, high));
}

CSIMD_INLINE __m128i load_4_bytes(const uint8_t *bytes) {
  int32_t value;
  memcpy(&value, bytes, 4);
  return _mm_cvtsi32_si128(value);
}

CSIMD_INLINE Vector load(uint32_t element, const Row *row, size_t c) {
  const uint8_t *bytes = row->bytes;
  switch (element) {
    case CSIMD_ROW_F32: return _mm256_loadu_ps((const float *)(const void *)(bytes + 4 * c));
    case CSIMD_ROW_F16:
      return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i_u *)(bytes + 2 * c)));
    case CSIMD_ROW_BF16:
      return from_bfloats(_mm_loadu_si128((const __m128i_u *)(bytes + 2 * c)));
    case CSIMD_ROW_INT8:
      return from_bytes(row, _mm_loadl_epi64((const __m128i_u *)(bytes + c)));
    default: return from_nibbles(row, load_4_bytes(bytes + c / 2));
  }
}

// 1 ..< 16 bytes with zeros behind them, by pieces of 8, 4, 2 and 1.
CSIMD_INLINE __m128i load_bytes(const uint8_t *bytes, size_t count) {
  uint64_t words[2] = {0, 0};
  if (count & 8) {
    memcpy(words, bytes, 8);
    bytes += 8;
  }
  uint64_t rest = 0;
  size_t position = 0;
  if (count & 4) {
    uint32_t piece;
    memcpy(&piece, bytes, 4);
    rest = piece;
    position = 4;
  }
  if (count & 2) {
    rest |= (uint64_t)csimd_scalar_u16(bytes + position) << (8 * position);
    position += 2;
  }
  if (count & 1) rest |= (uint64_t)bytes[position] << (8 * position);
  words[count / 8] = rest;
  return _mm_loadu_si128((const __m128i_u *)words);
}

CSIMD_INLINE Vector load_tail(uint32_t element, const Row *row, size_t c, size_t n) {
  const uint8_t *bytes = row->bytes;
  switch (element) {
    case CSIMD_ROW_F32:
      return _mm256_maskload_ps((const float *)(const void *)(bytes + 4 * c), first_lanes(n));
    case CSIMD_ROW_F16: return _mm256_cvtph_ps(load_bytes(bytes + 2 * c, 2 * n));
    case CSIMD_ROW_BF16: return from_bfloats(load_bytes(bytes + 2 * c, 2 * n));
    case CSIMD_ROW_INT8: return from_bytes(row, load_bytes(bytes + c, n));
    default: return from_nibbles(row, load_bytes(bytes + c / 2, (n + 1) / 2));
  }
}

#include "rows_template.h"

#pragma clang attribute pop
#endif
