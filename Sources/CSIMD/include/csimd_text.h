#pragma once
#include <stddef.h>
#include <stdint.h>

// Numbers to text and back. Offsets count from `text`; nothing outside [text, text + end) is read.

// What a list reader found. Elements that it does not understand are left to the caller.
typedef struct {
  size_t offset;  // closed: behind the bracket; otherwise the first byte of an element
  size_t count;   // values written
  int closed;     // 1: the list's closing bracket was read
} csimd_text_list;

// Reads `1, -2, 3]` from `offset` on, which is the first byte of an element. Stops in front of any
// element that is not an integer of 1 to 18 digits, or that is too near to `end`, or when `room`
// values are written.
csimd_text_list csimd_text_read_int64s(
    const uint8_t *text, size_t offset, size_t end, int64_t *values, size_t room);

// The same for `0.5, -1e-3]` as float32, correctly rounded.
csimd_text_list csimd_text_read_floats(
    const uint8_t *text, size_t offset, size_t end, float *values, size_t room);

// digits * 10^exponent as the nearest float32, or NaN where this cheap way is not certain: outside
// of the normal range, or too near to the middle of two float32. `digits` may lack what followed
// its 19th digit.
float csimd_text_decimal_to_float(uint64_t digits, long exponent);
