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

static inline double power_of_two(int exponent) {
  const uint64_t bits = (uint64_t)(exponent + 1023) << 52;
  double value;
  memcpy(&value, &bits, 8);
  return value;
}

// To the nearest integer, ties to even, for 0 <= value < 2^51.
static inline double rounded(double value) { return (value + 0x1p52) - 0x1p52; }

static inline double distance(double left, double right) {
  return __builtin_fabs(left - right);
}

static inline decimal shortest_decimal(float magnitude) {
  if (magnitude == 0) return (decimal){0, 0};
  const double value = magnitude;
  const uint64_t bits = bits_of(value);
  const int binary_exponent = (int)(bits >> 52) - 1023;
  int exponent = (binary_exponent * 78913) >> 18;  // floor(binary_exponent * log10(2))
  const unsigned power = (unsigned)(40 - exponent);
  double scale = big_powers[power >> 4] * small_powers[power & 15];
  double scaled = value * scale;
  const int is_above = scaled >= 1e9;
  const double step = is_above ? 0.1 : 1.0;
  scale *= step;
  scaled *= step;
  exponent += is_above;
  const int is_power_of_two = (bits << 12) == 0;
  const double gap = scale * power_of_two(binary_exponent - 24 - is_power_of_two) * GAP_SHARE;
  const double eight = rounded(scaled * 0.1) * 10.0;
  const double seven = rounded(scaled * 0.01) * 100.0;
  double digits = rounded(scaled);
  digits = distance(eight, scaled) < gap ? eight : digits;
  digits = distance(seven, scaled) < gap ? seven : digits;
  const int is_full = digits >= 1e9;
  digits = is_full ? 1e8 : digits;
  return (decimal){(uint64_t)digits, exponent + is_full};
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
