#pragma once
// Digits of a number as bytes, by multiplications in one 64-bit register.
#include <stdint.h>
#include <string.h>

// Eight digits of a number below 10^8 as bytes 0...9, the highest first.
//
// Division by a constant is a multiplication and a shift; the masks drop what neighbouring parts
// shift in.
static inline uint64_t spread_digits(uint64_t number) {
  const uint64_t high = number * 109951163 >> 40;
  uint64_t parts = high | (number - high * 10000) << 32;
  const uint64_t hundreds = (parts * 10486 >> 20) & 0x0000007F0000007Full;
  parts = hundreds | (parts - hundreds * 100) << 16;
  const uint64_t tens = (parts * 103 >> 10) & 0x000F000F000F000Full;
  return tens | (parts - tens * 10) << 8;
}

static inline void store8(uint8_t *text, uint64_t bytes) { memcpy(text, &bytes, 8); }
