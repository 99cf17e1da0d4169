#include <string.h>

#include "csimd_dense.h"
#include "csimd_training.h"

// Four by four, so that neither side's reads or writes are scattered one by one.
typedef float Four __attribute__((vector_size(16)));
typedef float LooseFour __attribute__((vector_size(16), aligned(4), may_alias));

static inline void transpose_block(const float *from, size_t from_stride, float *to,
                                   size_t to_stride) {
  Four a = *(const LooseFour *)from, b = *(const LooseFour *)(from + from_stride);
  Four c = *(const LooseFour *)(from + 2 * from_stride);
  Four d = *(const LooseFour *)(from + 3 * from_stride);
  const Four ab = __builtin_shufflevector(a, b, 0, 4, 1, 5);
  const Four ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  const Four cd = __builtin_shufflevector(c, d, 0, 4, 1, 5);
  const Four cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  *(LooseFour *)to = __builtin_shufflevector(ab, cd, 0, 1, 4, 5);
  *(LooseFour *)(to + to_stride) = __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
  *(LooseFour *)(to + 2 * to_stride) = __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5);
  *(LooseFour *)(to + 3 * to_stride) = __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7);
}

void csimd_dense_transpose_panel(const float *panel, size_t inputs, size_t outputs, size_t first,
                                 size_t width, size_t padded, float *transposed) {
  if (outputs == 1 || inputs == 1) {  // One of the two forms is the other.
    memcpy(transposed + (inputs == 1 ? first : 0), panel,
           (outputs == 1 ? inputs : width) * sizeof(float));
    return;
  }
  for (size_t start = 0; start < inputs; start += CSIMD_DENSE_PANEL) {
    const size_t left = inputs - start;
    const size_t count = left < CSIMD_DENSE_PANEL ? left : CSIMD_DENSE_PANEL;
    const size_t stride = (count + 15) / 16 * 16;
    const float *from = panel + start * padded;
    float *to = transposed + start * outputs + first * stride;
    size_t i = 0;
    for (; i + 4 <= count; i += 4) {
      size_t o = 0;
      for (; o + 4 <= width; o += 4)
        transpose_block(from + i * padded + o, padded, to + o * stride + i, stride);
      for (; o < width; o++)
        for (size_t k = i; k < i + 4; k++) to[o * stride + k] = from[k * padded + o];
    }
    for (; i < count; i++)
      for (size_t o = 0; o < width; o++) to[o * stride + i] = from[i * padded + o];
  }
}

static inline size_t hash(int64_t row) {
  return (size_t)(((uint64_t)row * 0x9E3779B97F4A7C15u) >> 32);
}

size_t csimd_unique_rows(const int64_t *rows, size_t count, int64_t *unique, uint32_t *slots,
                         uint32_t *table, size_t table_count) {
  const uint32_t empty = UINT32_MAX;
  memset(table, 0xFF, table_count * sizeof(uint32_t));
  size_t found = 0;
  for (size_t i = 0; i < count; i++) {
    size_t place = hash(rows[i]) & (table_count - 1);
    while (table[place] != empty && unique[table[place]] != rows[i])
      place = (place + 1) & (table_count - 1);
    if (table[place] == empty) {
      table[place] = (uint32_t)found;
      unique[found++] = rows[i];
    }
    slots[i] = table[place];
  }
  return found;
}

bool csimd_all_finite(const float *values, size_t count) {
  uint32_t outside = 0;
  for (size_t i = 0; i < count; i++) {
    uint32_t bits;
    memcpy(&bits, values + i, sizeof bits);
    outside |= (bits & 0x7F800000u) == 0x7F800000u;
  }
  return outside == 0;
}
