#include <string.h>

#include "csimd_training.h"

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
