// The float writer for any CPU: one float after the other, without a branch on its value where
// neighbours differ in it.
#include "text_floats.h"

#include <string.h>

#include "csimd_text.h"
#include "text_digits.h"

typedef struct {
  uint64_t digits;  // 0, or 10^8 ... 10^9 - 1
  int exponent;
} decimal;

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

// Without a branch: which of them it is cannot be predicted.
static inline double choose(int condition, double yes, double no) {
  const uint64_t mask = 0 - (uint64_t)condition;
  return double_of((bits_of(yes) & mask) | (bits_of(no) & ~mask));
}

static inline decimal shortest_decimal(float magnitude) {
  const double value = magnitude;
  const uint64_t bits = bits_of(value);
  const int64_t logarithm = POWER_OFFSET - (int64_t)(bits >> 52) * LOG10_2;
  uint64_t power = magnitude == 0 ? 40 : (uint64_t)logarithm >> LOG10_2_SHIFT;
  double scale = big_powers[power >> 4] * small_powers[power & 15];
  double scaled = value * scale;
  const int is_above = scaled >= 1e9;
  const double step = choose(is_above, 0.1, 1.0);
  scale *= step;
  scaled *= step;
  power -= (uint64_t)is_above;
  const double gap =
      double_of(bits_of(scale) + ((bits - GAP_OFFSET) & GAP_MASK) - GAP_MARGIN);
  const double eight = rounded(scaled * 0.1) * 10.0;
  const double seven = rounded(scaled * 0.01) * 100.0;
  double digits = choose(__builtin_fabs(eight - scaled) < gap, eight, scaled);
  digits = choose(__builtin_fabs(seven - scaled) < gap, seven, digits);
  digits = rounded(digits);
  const int is_full = digits >= 1e9;
  digits = choose(is_full, 1e8, digits);
  return (decimal){(uint64_t)digits, 40 - (int)power + is_full};
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

static inline uint8_t *write_float(uint8_t *out, float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  if ((bits & 0x7F800000) == 0x7F800000) {
    memcpy(out, "null", 4);
    return out + 4;
  }
  *out = '-';
  out += bits >> 31;
  const decimal number = shortest_decimal(__builtin_fabsf(value));
  const int exponent = number.exponent;
  const uint64_t first = number.digits * 1441151881 >> 57;  // digits / 10^8
  const uint64_t rest = spread_digits(number.digits - first * 100000000);
  const uint64_t text = rest | 0x3030303030303030ull;
  const int count = rest ? 8 - (__builtin_clzll(rest) >> 3) : 0;
  if (exponent >= -4 && exponent < 0) {
    store8(out, 0x30303030302E30ull);  // 0.00000
    out += 1 - exponent;
    *out++ = (uint8_t)('0' + first);
    store8(out, text);
    return out + count;
  }
  *out++ = (uint8_t)('0' + first);
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
  for (size_t row = 0; row < rows; row++) {
    *out++ = '[';
    for (size_t column = 0; column < width; column++) {
      out = write_float(out, *floats++);
      *out++ = ',';
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
  return (size_t)(write_float(text, value) - text);
}

size_t csimd_text_float_rows_max(size_t rows, size_t width) {
  return rows * (width * float_text_max + 3) + overhang_max;
}
