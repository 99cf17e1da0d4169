// float32 rows to narrow rows. Runs once per checkpoint, not per request: plain loops.
#include <math.h>

#include "rows_scalar.h"

size_t csimd_row_byte_count(uint32_t element, size_t width) {
  return csimd_scalar_row_bytes(element, width);
}

float csimd_float_from_half(uint16_t bits) { return csimd_scalar_half(bits); }

// Round to nearest, ties to even; too large becomes infinity.
CSIMD_INLINE uint16_t half_from_float(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  const uint16_t sign = (uint16_t)((bits >> 16) & 0x8000);
  bits &= 0x7fffffff;
  if (bits > 0x7f800000) return sign | 0x7e00;                // NaN
  if (bits >= 0x477ff000) return sign | 0x7c00;               // 65520 and above: infinity
  if (bits < 0x38800000) {                                    // below 2^-14: subnormal or zero
    float magnitude;
    memcpy(&magnitude, &bits, 4);
    magnitude += 0.5f;  // 0.5 has 2^-24 as its last bit, so the sum is rounded where it must be
    memcpy(&bits, &magnitude, 4);
    return sign | (uint16_t)(bits - 0x3f000000);
  }
  const uint32_t odd = (bits >> 13) & 1;
  return sign | (uint16_t)((bits + 0xfff + odd - 0x38000000) >> 13);
}

uint16_t csimd_half_from_float(float value) { return half_from_float(value); }

CSIMD_INLINE uint16_t bfloat_from_float(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  if ((bits & 0x7fffffff) > 0x7f800000) return (uint16_t)((bits >> 16) | 0x40);  // NaN stays NaN
  return (uint16_t)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

static void range_of(const float *row, size_t width, float *lowest, float *highest) {
  float low = row[0], high = row[0];
  for (size_t c = 1; c < width; c++) {
    low = row[c] < low ? row[c] : low;
    high = row[c] > high ? row[c] : high;
  }
  *lowest = low;
  *highest = high;
}

CSIMD_INLINE uint8_t level(float value, float bias, float inverse_scale, long level_max) {
  const long q = lrintf((value - bias) * inverse_scale);
  return (uint8_t)(q < 0 ? 0 : q > level_max ? level_max : q);
}

static void encode_int8(const float *row, size_t width, uint8_t *output) {
  float low, high;
  range_of(row, width, &low, &high);
  const float scale = (high - low) / 255.0f;
  const float inverse = 255.0f / (high - low + 1e-8f);
  for (size_t c = 0; c < width; c++) output[c] = level(row[c], low, inverse, 255);
  memcpy(output + width, &scale, 4);
  memcpy(output + width + 4, &low, 4);
}

static void encode_int4(const float *row, size_t width, uint8_t *output) {
  float low, high;
  range_of(row, width, &low, &high);
  const uint16_t bias_bits = half_from_float(low);
  const float bias = csimd_scalar_half(bias_bits);
  const float range = high - bias;
  uint16_t scale_bits = half_from_float(range == 0 ? 1.0f : range / 15.0f);
  float scale = csimd_scalar_half(scale_bits);
  if (scale == 0 || isinf(1.0f / scale)) {
    scale = 1;
    scale_bits = half_from_float(1);
  }
  const float inverse = 1.0f / scale;
  const size_t byte_count = (width + 1) / 2;
  for (size_t i = 0; i < byte_count; i++) {
    const uint8_t even = level(row[2 * i], bias, inverse, 15);
    const uint8_t odd = 2 * i + 1 < width ? level(row[2 * i + 1], bias, inverse, 15) : 0;
    output[i] = (uint8_t)(even | odd << 4);
  }
  memcpy(output + byte_count, &scale_bits, 2);
  memcpy(output + byte_count + 2, &bias_bits, 2);
}

static void encode_words(uint32_t element, const float *row, size_t width, uint8_t *output) {
  for (size_t c = 0; c < width; c++) {
    const uint16_t bits =
        element == CSIMD_ROW_F16 ? half_from_float(row[c]) : bfloat_from_float(row[c]);
    memcpy(output + 2 * c, &bits, 2);
  }
}

void csimd_encode_rows(uint32_t element, const float *rows, size_t count, size_t width,
                       uint8_t *output) {
  const size_t row_bytes = csimd_scalar_row_bytes(element, width);
  if (width == 0) return;
  for (size_t r = 0; r < count; r++) {
    const float *row = rows + r * width;
    uint8_t *encoded = output + r * row_bytes;
    switch (element) {
      case CSIMD_ROW_F32: memcpy(encoded, row, width * 4); break;
      case CSIMD_ROW_F16:
      case CSIMD_ROW_BF16: encode_words(element, row, width, encoded); break;
      case CSIMD_ROW_INT8: encode_int8(row, width, encoded); break;
      default: encode_int4(row, width, encoded);
    }
  }
}
