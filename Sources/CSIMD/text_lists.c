// Lists of numbers in JSON, eight digits at a time in one 64-bit register.
//
// The digits of a chunk are found by arithmetic, not byte by byte: XOR with '0' leaves 0...9 for
// digits, and adding 6 carries into the high nibble for anything above 9. The first byte with a
// high nibble ends the number; bytes behind it may be disturbed by a carry, which does not matter.
#include "csimd_text.h"

#include <math.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "chunks are read lowest digit last");

// The longest element that a reader understands is shorter than this, sign and separator included.
enum { int_reach = 32, float_reach = 64 };

static const uint64_t power_of_ten[20] = {
    1ull,
    10ull,
    100ull,
    1000ull,
    10000ull,
    100000ull,
    1000000ull,
    10000000ull,
    100000000ull,
    1000000000ull,
    10000000000ull,
    100000000000ull,
    1000000000000ull,
    10000000000000ull,
    100000000000000ull,
    1000000000000000ull,
    10000000000000000ull,
    100000000000000000ull,
    1000000000000000000ull,
    10000000000000000000ull,
};

static inline uint64_t load_chunk(const uint8_t *text) {
  uint64_t chunk;
  memcpy(&chunk, text, 8);
  return chunk ^ 0x3030303030303030ull;
}

static inline unsigned leading_digits(uint64_t chunk) {
  const uint64_t other = (chunk | (chunk + 0x0606060606060606ull)) & 0xF0F0F0F0F0F0F0F0ull;
  return other ? (unsigned)__builtin_ctzll(other) >> 3 : 8;
}

// The number that the first `count` (1 to 8) bytes of a chunk make.
static inline uint64_t digits_value(uint64_t chunk, unsigned count) {
  chunk <<= 8 * (8 - count);
  chunk = chunk * 10 + (chunk >> 8);
  return (((chunk & 0x000000FF000000FFull) * 0x000F424000000064ull) +
          (((chunk >> 16) & 0x000000FF000000FFull) * 0x0000271000000001ull)) >>
         32;
}

// Reads up to 24 digits at `text`, of which 24 bytes are readable; returns how many there are, 24
// meaning 24 or more. `value` is right for up to 19 digits.
static inline unsigned read_digits(const uint8_t *text, uint64_t *value) {
  uint64_t chunk = load_chunk(text);
  unsigned count = leading_digits(chunk);
  if (count == 0) return 0;
  uint64_t digits = digits_value(chunk, count);
  if (__builtin_expect(count == 8, 0)) {
    chunk = load_chunk(text + 8);
    unsigned more = leading_digits(chunk);
    if (more) digits = digits * power_of_ten[more] + digits_value(chunk, more);
    count += more;
    if (more == 8) {
      chunk = load_chunk(text + 16);
      more = leading_digits(chunk);
      if (more) digits = digits * power_of_ten[more] + digits_value(chunk, more);
      count += more;
    }
  }
  *value = digits;
  return count;
}

static inline int is_white_space(uint8_t byte) {
  return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

// Goes over white space, a comma and white space to the next element, or over the closing bracket.
// Returns 1 at an element, 2 behind the bracket, 0 at anything else or at the end of the text.
static inline int skip_separator(const uint8_t *text, size_t *offset, size_t end) {
  size_t at = *offset;
  while (at < end && is_white_space(text[at])) at++;
  if (at == end) return 0;
  if (text[at] == ']') {
    *offset = at + 1;
    return 2;
  }
  if (text[at] != ',') return 0;
  at++;
  while (at < end && is_white_space(text[at])) at++;
  if (at == end || text[at] == ']') return 0;
  *offset = at;
  return 1;
}

// Reads from list.offset on, as long as `int_reach` bytes before `readable` can be read.
static inline csimd_text_list read_int64s(
    csimd_text_list list, const uint8_t *text, size_t end, size_t readable, int64_t *values,
    size_t room) {
  while (list.count < room && list.offset < end && readable - list.offset >= int_reach) {
    size_t at = list.offset;
    const int is_negative = text[at] == '-';
    if (__builtin_expect(is_negative, 0)) at++;  // a branch: the sum would make every load wait
    uint64_t magnitude;
    const unsigned count = read_digits(text + at, &magnitude);
    if (count == 0 || count > 18 || (count > 1 && text[at] == '0')) break;
    at += count;
    const int found = skip_separator(text, &at, end);
    if (!found) break;
    values[list.count++] = is_negative ? -(int64_t)magnitude : (int64_t)magnitude;
    list.offset = at;
    if (found == 2) {
      list.closed = 1;
      break;
    }
  }
  return list;
}

csimd_text_list csimd_text_read_int64s(
    const uint8_t *text, size_t offset, size_t end, int64_t *values, size_t room) {
  csimd_text_list list = {offset, 0, 0};
  list = read_int64s(list, text, end, end, values, room);
  if (list.closed || list.count == room || end - list.offset >= int_reach) return list;
  // The last few: a copy with room behind it, in which a zero ends what the text's end cuts short.
  uint8_t copy[2 * int_reach] = {0};
  const size_t start = list.offset;
  memcpy(copy, text + start, end - start);
  list.offset = 0;
  list = read_int64s(list, copy, end - start, sizeof copy, values, room);
  list.offset += start;
  return list;
}

// Powers of ten up to 10^22 are exact, those above are within half a unit in the last place.
static const double double_power_of_ten[65] = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11, 1e12,
    1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22, 1e23, 1e24, 1e25,
    1e26, 1e27, 1e28, 1e29, 1e30, 1e31, 1e32, 1e33, 1e34, 1e35, 1e36, 1e37, 1e38,
    1e39, 1e40, 1e41, 1e42, 1e43, 1e44, 1e45, 1e46, 1e47, 1e48, 1e49, 1e50, 1e51,
    1e52, 1e53, 1e54, 1e55, 1e56, 1e57, 1e58, 1e59, 1e60, 1e61, 1e62, 1e63, 1e64,
};

float csimd_text_decimal_to_float(uint64_t digits, long exponent) {
  if (digits == 0) return 0.0f;
  if (exponent < -64 || exponent > 64) return NAN;
  // Three roundings (digits, power, product) and digits cut off behind the 19th: the float64 is
  // less than two units in its last place away. Unless the middle of two float32 is as near, both
  // round to the same float32.
  const double power = double_power_of_ten[exponent < 0 ? -exponent : exponent];
  const double value = exponent < 0 ? (double)digits / power : (double)digits * power;
  if (!(value >= 0x1p-126 && value < 0x1.fffffep127)) return NAN;
  uint64_t bits;
  memcpy(&bits, &value, 8);
  const uint64_t distance = (bits & 0x1FFFFFFF) - (0x10000000 - 4);
  if (distance <= 8) return NAN;
  return (float)value;
}

// Reads one number behind its sign; returns its length, 0 if it is not understood.
static inline size_t read_float(const uint8_t *text, float *value) {
  uint64_t digits;
  const unsigned whole = read_digits(text, &digits);
  if (whole == 0 || whole > 19 || (whole > 1 && text[0] == '0')) return 0;
  size_t at = whole;
  long exponent = 0;
  if (text[at] == '.') {
    uint64_t fraction;
    const unsigned count = read_digits(text + at + 1, &fraction);
    // A leading zero is no digit that counts.
    if (count == 0 || count > 19 || whole + count > (digits == 0 ? 20u : 19u)) return 0;
    digits = digits * power_of_ten[count] + fraction;
    exponent = -(long)count;
    at += 1 + count;
  }
  if ((text[at] | 0x20) == 'e') {
    at++;
    const int is_below = text[at] == '-';
    at += (size_t)(is_below || text[at] == '+');
    uint64_t power;
    const unsigned count = leading_digits(load_chunk(text + at));
    if (count == 0 || count > 4) return 0;
    power = digits_value(load_chunk(text + at), count);
    exponent += is_below ? -(long)power : (long)power;
    at += count;
  }
  *value = csimd_text_decimal_to_float(digits, exponent);
  return isnan(*value) ? 0 : at;
}

csimd_text_list csimd_text_read_floats(
    const uint8_t *text, size_t offset, size_t end, float *values, size_t room) {
  csimd_text_list list = {offset, 0, 0};
  // 1 sign, 19 + 1 + 24 digits, 2 of an exponent and the 8 bytes of its chunk: 55 bytes at most.
  while (list.count < room && end - list.offset >= float_reach) {
    size_t at = list.offset;
    const int is_negative = text[at] == '-';
    if (__builtin_expect(is_negative, 0)) at++;  // a branch: the sum would make every load wait
    float magnitude;
    const size_t length = read_float(text + at, &magnitude);
    if (length == 0) break;
    at += length;
    const int found = skip_separator(text, &at, end);
    if (!found) break;
    values[list.count++] = is_negative ? -magnitude : magnitude;
    list.offset = at;
    if (found == 2) {
      list.closed = 1;
      break;
    }
  }
  return list;
}
