#include <math.h>
#include <stdint.h>

#include "csimd_interaction.h"

// The vectors of a sample are transposed first, vector i's element k to scratch[k, i], so that one
// instruction adds to the products of one i with 16 (8) different j. Rows of the triangle that end
// inside a block are cut when they are stored: less than half a block a row is computed in vain,
// and nothing of it reaches memory.

static size_t padded(size_t count) { return (count + 15) / 16 * 16; }

// With room to begin at a cache line: vectors that straddle two take twice as long.
#define LINE_FLOATS 16
size_t csimd_interaction_scratch_count(size_t count, size_t width) {
  return padded(count) * width + LINE_FLOATS;
}

// Where row i begins behind row `first`: row i has i products, and one more with the diagonal.
static inline size_t row_start(size_t i, size_t first, size_t diagonal) {
  return i * (i + 2 * diagonal - 1) / 2 - first * (first + 2 * diagonal - 1) / 2;
}

void csimd_dot_interaction_portable(const float *const *vectors, const size_t *strides,
                                    size_t count, size_t width, size_t first_row, bool itself,
                                    size_t samples, float *out, size_t out_stride, float *scratch) {
  (void)scratch;
  for (size_t s = 0; s < samples; s++, out += out_stride) {
    float *z = out;
    for (size_t i = first_row; i < count; i++) {
      const float *a = vectors[i] + s * strides[i];
      for (size_t j = 0; j < i + (itself ? 1 : 0); j++) {
        const float *b = vectors[j] + s * strides[j];
        float sum = 0;
        for (size_t k = 0; k < width; k++) sum = fmaf(a[k], b[k], sum);
        *z++ = sum;
      }
    }
  }
}

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET512 __attribute__((target("avx512f,avx512dq")))
#define TARGET2 __attribute__((target("avx2,fma")))

// Transposes 16 x 16 floats: rows[i] lane k becomes rows[k] lane i.
TARGET512 __attribute__((always_inline)) static inline void transpose_16(__m512 rows[16]) {
  __m512 a[16], b[16];
  for (int i = 0; i < 16; i += 2) {
    a[i] = _mm512_unpacklo_ps(rows[i], rows[i + 1]);
    a[i + 1] = _mm512_unpackhi_ps(rows[i], rows[i + 1]);
  }
  for (int i = 0; i < 16; i += 4)
    for (int h = 0; h < 2; h++) {
      const __m512d low = _mm512_castps_pd(a[i + h]), high = _mm512_castps_pd(a[i + 2 + h]);
      b[i + 2 * h] = _mm512_castpd_ps(_mm512_unpacklo_pd(low, high));
      b[i + 2 * h + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(low, high));
    }
  for (int k = 0; k < 4; k++) {
    const __m512 p = _mm512_shuffle_f32x4(b[k], b[4 + k], 0x88);
    const __m512 q = _mm512_shuffle_f32x4(b[k], b[4 + k], 0xDD);
    const __m512 u = _mm512_shuffle_f32x4(b[8 + k], b[12 + k], 0x88);
    const __m512 v = _mm512_shuffle_f32x4(b[8 + k], b[12 + k], 0xDD);
    rows[k] = _mm512_shuffle_f32x4(p, u, 0x88);
    rows[8 + k] = _mm512_shuffle_f32x4(p, u, 0xDD);
    rows[4 + k] = _mm512_shuffle_f32x4(q, v, 0x88);
    rows[12 + k] = _mm512_shuffle_f32x4(q, v, 0xDD);
  }
}

TARGET512 static void transpose_sample(const float *const *vectors, const size_t *strides,
                                       size_t sample, size_t count, size_t width, float *scratch) {
  const size_t columns = padded(count);
  for (size_t i = 0; i < count; i += 16)
    for (size_t k = 0; k < width; k += 16) {
      const size_t depth = width - k < 16 ? width - k : 16;
      const __mmask16 lanes = (__mmask16)((1u << depth) - 1);
      __m512 rows[16];
      for (size_t v = 0; v < 16; v++)
        rows[v] = i + v < count
                      ? _mm512_maskz_loadu_ps(lanes, vectors[i + v] + sample * strides[i + v] + k)
                      : _mm512_setzero_ps();
      transpose_16(rows);
      for (size_t d = 0; d < depth; d++) _mm512_storeu_ps(scratch + (k + d) * columns + i, rows[d]);
    }
}

// Products of R vectors, from the i-th on, with the 16 from the j-th on. Both are read from the
// transposed sample: one address a step, however many vectors.
TARGET512 __attribute__((always_inline)) static inline void products(const float *column,
                                                                     size_t columns, size_t width,
                                                                     size_t i, size_t j,
                                                                     __m512 sum[], const int R) {
  for (int r = 0; r < R; r++) sum[r] = _mm512_setzero_ps();
  for (const float *end = column + width * columns; column < end; column += columns) {
    const __m512 other = _mm512_loadu_ps(column + j);
    for (int r = 0; r < R; r++)
      sum[r] = _mm512_fmadd_ps(_mm512_set1_ps(column[i + r]), other, sum[r]);
  }
}

// Stores up to 16 products of each of R rows; the first has `left` of them, each other one more.
TARGET512 __attribute__((always_inline)) static inline void store_rows(float *row, size_t length,
                                                                       size_t left,
                                                                       const __m512 sum[],
                                                                       const int R) {
  for (int r = 0; r < R; r++, row += length++, left++)
    _mm512_mask_storeu_ps(row, (__mmask16)((1u << (left < 16 ? left : 16)) - 1), sum[r]);
}

// A row needs a register for its sum and the multipliers eight sums or more: 26 rows are two blocks
// of 13 and 10 are one.
#define BLOCK_ROWS 14
#define CASE(R)                                              \
  case R:                                                    \
    products(scratch, columns, width, i, j, sum, R);         \
    store_rows(row, i + diagonal, i + diagonal - j, sum, R); \
    break

TARGET512 void csimd_dot_interaction_avx512(const float *const *vectors, const size_t *strides,
                                            size_t count, size_t width, size_t first_row,
                                            bool itself, size_t samples, float *out,
                                            size_t out_stride, float *scratch) {
  const size_t columns = padded(count), diagonal = itself ? 1 : 0;
  scratch += -((uintptr_t)scratch / sizeof(float)) % LINE_FLOATS;
  for (size_t s = 0; s < samples; s++, out += out_stride) {
    transpose_sample(vectors, strides, s, count, width, scratch);
    for (size_t j = 0; j < count; j += 16) {
      const size_t first = j + 1 - diagonal;
      size_t i = first > first_row ? first : first_row;
      while (i < count) {
        const size_t left = count - i, blocks = (left + BLOCK_ROWS - 1) / BLOCK_ROWS;
        const size_t height = (left + blocks - 1) / blocks;
        float *row = out + row_start(i, first_row, diagonal) + j;
        __m512 sum[BLOCK_ROWS];
        switch (height) {
          CASE(14);
          CASE(13);
          CASE(12);
          CASE(11);
          CASE(10);
          CASE(9);
          CASE(8);
          CASE(7);
          CASE(6);
          CASE(5);
          CASE(4);
          CASE(3);
          CASE(2);
          default: CASE(1);
        }
        i += height;
      }
    }
  }
}

TARGET2 void csimd_dot_interaction_avx2(const float *const *vectors, const size_t *strides,
                                        size_t count, size_t width, size_t first_row, bool itself,
                                        size_t samples, float *out, size_t out_stride,
                                        float *scratch) {
  const size_t columns = padded(count);
  for (size_t s = 0; s < samples; s++, out += out_stride) {
    for (size_t i = 0; i < columns; i++)
      for (size_t k = 0; k < width; k++)
        scratch[k * columns + i] = i < count ? vectors[i][s * strides[i] + k] : 0;
    float *row = out;
    for (size_t i = first_row; i < count; i++) {
      const float *a = vectors[i] + s * strides[i];
      const size_t row_count = i + (itself ? 1 : 0);
      for (size_t j = 0; j < row_count; j += 8) {
        __m256 sum = _mm256_setzero_ps();
        for (size_t k = 0; k < width; k++)
          sum = _mm256_fmadd_ps(_mm256_broadcast_ss(a + k),
                                _mm256_loadu_ps(scratch + k * columns + j), sum);
        float part[8];
        _mm256_storeu_ps(part, sum);
        for (size_t l = 0; l < 8 && j + l < row_count; l++) row[j + l] = part[l];
      }
      row += row_count;
    }
  }
}
#else
void csimd_dot_interaction_avx512(const float *const *vectors, const size_t *strides, size_t count,
                                  size_t width, size_t first_row, bool itself, size_t samples,
                                  float *out, size_t out_stride, float *scratch) {
  (void)vectors, (void)strides, (void)count, (void)width, (void)first_row, (void)itself;
  (void)samples, (void)out, (void)out_stride, (void)scratch;
  __builtin_trap();
}

void csimd_dot_interaction_avx2(const float *const *vectors, const size_t *strides, size_t count,
                                size_t width, size_t first_row, bool itself, size_t samples,
                                float *out, size_t out_stride, float *scratch) {
  (void)vectors, (void)strides, (void)count, (void)width, (void)first_row, (void)itself;
  (void)samples, (void)out, (void)out_stride, (void)scratch;
  __builtin_trap();
}
#endif
