#pragma once
// What every row kernel file shares: one element at a time, for any CPU.
#include <string.h>

#include "csimd_rows.h"

#define CSIMD_INLINE static inline __attribute__((always_inline))

// float16 to float32: the bits as a float32 of the wrong exponent, corrected by an exact multiply,
// which also normalises subnormals. Infinities and NaNs keep the largest exponent.
CSIMD_INLINE float csimd_scalar_half(uint16_t bits) {
  const uint32_t magnitude = (uint32_t)(bits & 0x7fff) << 13;
  float value;
  memcpy(&value, &magnitude, 4);
  value *= 0x1p112f;
  uint32_t result;
  memcpy(&result, &value, 4);
  result |= magnitude >= 0x0f800000 ? 0x7f800000 : 0;
  result |= (uint32_t)(bits & 0x8000) << 16;
  memcpy(&value, &result, 4);
  return value;
}

CSIMD_INLINE size_t csimd_scalar_row_bytes(uint32_t element, size_t width) {
  switch (element) {
    case CSIMD_ROW_F32: return width * 4;
    case CSIMD_ROW_F16:
    case CSIMD_ROW_BF16: return width * 2;
    case CSIMD_ROW_INT8: return width + 8;
    default: return (width + 1) / 2 + 4;
  }
}

CSIMD_INLINE float csimd_scalar_float(const uint8_t *bytes) {
  float value;
  memcpy(&value, bytes, 4);
  return value;
}

CSIMD_INLINE uint16_t csimd_scalar_u16(const uint8_t *bytes) {
  uint16_t value;
  memcpy(&value, bytes, 2);
  return value;
}

// Scale and bias of a quantised row; 1 and 0 for the others.
CSIMD_INLINE void csimd_scalar_scale(uint32_t element, const uint8_t *row, size_t width,
                                     float *scale, float *bias) {
  if (element == CSIMD_ROW_INT8) {
    *scale = csimd_scalar_float(row + width);
    *bias = csimd_scalar_float(row + width + 4);
  } else if (element == CSIMD_ROW_INT4) {
    const uint8_t *end = row + (width + 1) / 2;
    *scale = csimd_scalar_half(csimd_scalar_u16(end));
    *bias = csimd_scalar_half(csimd_scalar_u16(end + 2));
  } else {
    *scale = 1;
    *bias = 0;
  }
}

// Float c of a row.
CSIMD_INLINE float csimd_scalar_decode(uint32_t element, const uint8_t *row, size_t c, float scale,
                                       float bias) {
  switch (element) {
    case CSIMD_ROW_F32: return csimd_scalar_float(row + 4 * c);
    case CSIMD_ROW_F16: return csimd_scalar_half(csimd_scalar_u16(row + 2 * c));
    case CSIMD_ROW_BF16: {
      const uint32_t bits = (uint32_t)csimd_scalar_u16(row + 2 * c) << 16;
      float value;
      memcpy(&value, &bits, 4);
      return value;
    }
    case CSIMD_ROW_INT8: return (float)row[c] * scale + bias;
    default: return (float)((row[c / 2] >> (c % 2 * 4)) & 15) * scale + bias;
  }
}
