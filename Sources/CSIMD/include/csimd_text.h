#pragma once
#include <stddef.h>
#include <stdint.h>

#include "csimd_cpu.h"

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

// Writes rows of float32 as JSON, `[0.5,-1],[1e-07,null]`, each number so that it reads back as the
// same float32, what is not finite as null. All of them write the same bytes. `text` has room for
// csimd_text_float_rows_max(rows, width) bytes; returns how many were written.
size_t csimd_text_write_float_rows_portable(
    const float *floats, size_t rows, size_t width, uint8_t *text);
#if defined(__x86_64__)
size_t csimd_text_write_float_rows_avx2(
    const float *floats, size_t rows, size_t width, uint8_t *text);
size_t csimd_text_write_float_rows_avx512(
    const float *floats, size_t rows, size_t width, uint8_t *text);
#endif

// Writes one float32 in at most 15 bytes; `text` has room for 32.
size_t csimd_text_write_float(float value, uint8_t *text);

size_t csimd_text_float_rows_max(size_t rows, size_t width);

// Whether the AVX-512 writer runs here: it needs CD and VBMI2 beyond csimd_cpu_has_avx512.
bool csimd_text_has_avx512(void);

// Writes a decimal integer in at most 20 bytes; `text` has room for 32.
size_t csimd_text_write_int64(int64_t value, uint8_t *text);

// Base64 of RFC 4648 section 4, with padding. `text` has room for (count + 2) / 3 * 4 bytes.
void csimd_text_encode_base64_portable(const uint8_t *bytes, size_t count, uint8_t *text);
#if defined(__x86_64__)
void csimd_text_encode_base64_avx512(const uint8_t *bytes, size_t count, uint8_t *text);
#endif

// Reads it back, strictly: full groups, padding only at the end, no bits behind the last byte.
// `bytes` has room for count / 4 * 3. Returns the number of bytes, or -1.
long csimd_text_decode_base64(const uint8_t *text, size_t count, uint8_t *bytes);

// Whether the AVX-512 encoder runs here: it needs VBMI beyond csimd_cpu_has_avx512.
bool csimd_text_has_avx512_vbmi(void);
