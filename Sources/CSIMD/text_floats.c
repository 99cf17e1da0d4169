// The float writer for any CPU: one float after the other, without a branch on its value where
// neighbours differ in it.
#include "text_floats.h"

#include <string.h>

#include "csimd_text.h"
#include "text_digits.h"

typedef struct {
  uint64_t rest;   // the eight digits behind the first, as spread_digits makes them
  uint32_t first;  // the first digit; 0 only for zero
  int exponent;    // decimal
} decimal;

enum { block = 16 };

static inline uint64_t bits_of(double value) {
  uint64_t bits;
  memcpy(&bits, &value, 8);
  return bits;
}

static inline double double_of(uint64_t bits) {
  double value;
  memcpy(&value, &bits, 8);
  return value;
}

// To the nearest integer, ties to even, for 0 <= value < 2^51.
static inline double rounded(double value) { return (value + 0x1p52) - 0x1p52; }

// What `count` floats are written from. Step by step over all of them, so that compilers can use
// vectors and processors overlap what waits for each other.
static inline __attribute__((always_inline)) void make_decimals(
    const float *floats, decimal *decimals, const int count) {
  double value[block], scale[block], scaled[block], digits[block];
  uint64_t bits[block], power[block];
  for (int i = 0; i < count; i++) value[i] = __builtin_fabsf(floats[i]);
  memcpy(bits, value, sizeof(double) * (size_t)count);
  for (int i = 0; i < count; i++) {
    const uint64_t logarithm = POWER_OFFSET - (uint64_t)(uint32_t)(bits[i] >> 52) * LOG10_2;
    power[i] = bits[i] == 0 ? 40 : logarithm >> LOG10_2_SHIFT & 0x7F;
  }
  for (int i = 0; i < count; i++)
    scale[i] = big_powers[power[i] >> 4] * small_powers[power[i] & 15];
  for (int i = 0; i < count; i++) {
    scaled[i] = value[i] * scale[i];
    const int is_above = scaled[i] >= 1e9;
    scale[i] *= is_above ? 0.1 : 1.0;
    scaled[i] = value[i] * scale[i];
    power[i] -= is_above ? 1 : 0;
  }
  for (int i = 0; i < count; i++) {
    const double gap = double_of((bits[i] - 1) & GAP_MASK) * (scale[i] * GAP_EIGHT);
    // What rounding to eight and to seven digits takes away.
    const double eight = scaled[i] * 0.1 - rounded(scaled[i] * 0.1);
    const double seven = scaled[i] * 0.01 - rounded(scaled[i] * 0.01);
    double shortest = __builtin_fabs(eight) < gap ? scaled[i] - eight * 10.0 : scaled[i];
    shortest = __builtin_fabs(seven) < gap * 0.1 ? scaled[i] - seven * 100.0 : shortest;
    shortest += 0x1p52;
    const int is_full = shortest >= 0x1p52 + 1e9;
    digits[i] = is_full ? 0x1p52 + 1e8 : shortest;
    power[i] -= is_full ? 1 : 0;
  }
  for (int i = 0; i < count; i++) {
    const uint64_t number = (uint32_t)bits_of(digits[i]);
    const uint64_t first = number * 1441151881 >> 57;  // number / 10^8
    decimals[i].first = (uint32_t)first;
    decimals[i].rest = spread_digits(number - first * 100000000);
    decimals[i].exponent = 40 - (int)power[i];
  }
}

static inline uint8_t *write_exponent(uint8_t *out, int exponent) {
  *out++ = 'e';
  *out = '-';
  out += exponent < 0;
  const unsigned magnitude = (unsigned)(exponent < 0 ? -exponent : exponent);
  *out++ = (uint8_t)('0' + magnitude / 10);
  *out++ = (uint8_t)('0' + magnitude % 10);
  return out;
}

static inline uint8_t *write_float(uint8_t *out, float value, const decimal *number) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  if ((bits & 0x7F800000) == 0x7F800000) {
    memcpy(out, "null", 4);
    return out + 4;
  }
  *out = '-';
  out += bits >> 31;
  const int exponent = number->exponent;
  const uint64_t rest = number->rest;
  const uint64_t text = rest | 0x3030303030303030ull;
  const int count = rest ? 8 - (__builtin_clzll(rest) >> 3) : 0;
  if (exponent >= -4 && exponent < 0) {
    store8(out, 0x30303030302E30ull);  // 0.00000
    out += 1 - exponent;
    *out++ = (uint8_t)('0' + number->first);
    store8(out, text);
    return out + count;
  }
  *out++ = (uint8_t)('0' + number->first);
  if (exponent >= 0 && exponent <= 8) {
    store8(out, text);
    if (count <= exponent) return out + exponent;
    out[exponent] = '.';
    // Digits behind the point: a shift by 64 would be undefined, but count > exponent here.
    store8(out + exponent + 1, text >> (8 * exponent));
    return out + count + 1;
  }
  *out = '.';
  store8(out + 1, text);
  out += count ? count + 1 : 0;
  return write_exponent(out, exponent);
}

static inline __attribute__((always_inline)) size_t write_rows(
    const float *floats, size_t rows, size_t width, uint8_t *text) {
  uint8_t *out = text;
  decimal decimals[block];
  for (size_t row = 0; row < rows; row++) {
    *out++ = '[';
    for (size_t column = 0; column < width; column += block) {
      const size_t count = width - column < block ? width - column : block;
      if (count == block) {
        make_decimals(floats, decimals, block);
      } else if (count > block / 2) {
        float padded[block] = {0};
        memcpy(padded, floats, sizeof(float) * count);
        make_decimals(padded, decimals, block);
      } else {
        for (size_t i = 0; i < count; i++) make_decimals(floats + i, decimals + i, 1);
      }
      for (size_t i = 0; i < count; i++) {
        out = write_float(out, *floats++, &decimals[i]);
        *out++ = ',';
      }
    }
    out -= width > 0;
    *out++ = ']';
    *out++ = ',';
  }
  return (size_t)(out - text) - (rows > 0);
}

size_t csimd_text_write_float_rows_portable(
    const float *floats, size_t rows, size_t width, uint8_t *text) {
  return write_rows(floats, rows, width, text);
}

#if defined(__x86_64__)
__attribute__((target("avx2,bmi,bmi2,lzcnt,fma"))) size_t csimd_text_write_float_rows_avx2(
    const float *floats, size_t rows, size_t width, uint8_t *text) {
  return write_rows(floats, rows, width, text);
}
#endif

size_t csimd_text_write_float(float value, uint8_t *text) {
  decimal number;
  make_decimals(&value, &number, 1);
  return (size_t)(write_float(text, value, &number) - text);
}

size_t csimd_text_float_rows_max(size_t rows, size_t width) {
  return rows * (width * float_text_max + 3) + overhang_max;
}
