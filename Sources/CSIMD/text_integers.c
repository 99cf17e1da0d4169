#include "csimd_text.h"
#include "text_digits.h"

// Writes a number below 10^8 without leading zeros.
static inline uint8_t *write_leading(uint8_t *text, uint64_t number) {
  const uint64_t digits = spread_digits(number);
  const int zeros = number ? __builtin_ctzll(digits) & 0x38 : 56;
  store8(text, (digits | 0x3030303030303030ull) >> zeros);
  return text + 8 - zeros / 8;
}

static inline uint8_t *write_eight(uint8_t *text, uint64_t number) {
  store8(text, spread_digits(number) | 0x3030303030303030ull);
  return text + 8;
}

size_t csimd_text_write_int64(int64_t value, uint8_t *text) {
  uint8_t *out = text;
  uint64_t magnitude = (uint64_t)value;
  if (value < 0) {
    *out++ = '-';
    magnitude = 0 - magnitude;
  }
  const uint64_t eight = 100000000;
  if (magnitude < eight) {
    out = write_leading(out, magnitude);
  } else if (magnitude < eight * eight) {
    out = write_leading(out, magnitude / eight);
    out = write_eight(out, magnitude % eight);
  } else {
    out = write_leading(out, magnitude / (eight * eight));
    out = write_eight(out, magnitude / eight % eight);
    out = write_eight(out, magnitude % eight);
  }
  return (size_t)(out - text);
}
