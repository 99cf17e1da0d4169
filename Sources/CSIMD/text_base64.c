// Base64 of RFC 4648. The AVX-512 encoder is that of Mula and Lemire 2019 (arXiv:1910.05109): one
// byte permutation, one multishift and one table lookup turn 48 bytes into 64 characters.
#include <string.h>

#include "csimd_text.h"

static const char alphabet[65] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void csimd_text_encode_base64_portable(const uint8_t *bytes, size_t count, uint8_t *text) {
  for (; count >= 3; count -= 3, bytes += 3, text += 4) {
    const uint32_t group = (uint32_t)bytes[0] << 16 | (uint32_t)bytes[1] << 8 | bytes[2];
    text[0] = (uint8_t)alphabet[group >> 18];
    text[1] = (uint8_t)alphabet[group >> 12 & 63];
    text[2] = (uint8_t)alphabet[group >> 6 & 63];
    text[3] = (uint8_t)alphabet[group & 63];
  }
  if (count == 0) return;
  const uint32_t group = (uint32_t)bytes[0] << 16 | (count == 2 ? (uint32_t)bytes[1] << 8 : 0);
  text[0] = (uint8_t)alphabet[group >> 18];
  text[1] = (uint8_t)alphabet[group >> 12 & 63];
  text[2] = count == 2 ? (uint8_t)alphabet[group >> 6 & 63] : '=';
  text[3] = '=';
}

// Value of a character; 64 for what is none.
static const uint8_t character_values[256] = {
#define NOT16 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64
    NOT16, NOT16,
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 62, 64, 64, 64, 63,
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 64, 64, 64, 64, 64, 64,
    64, 0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14,
    15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 64, 64, 64, 64, 64,
    64, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
    41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 64, 64, 64, 64, 64,
    NOT16, NOT16, NOT16, NOT16, NOT16, NOT16, NOT16, NOT16,
#undef NOT16
};

long csimd_text_decode_base64(const uint8_t *text, size_t count, uint8_t *bytes) {
  if (count % 4 != 0) return -1;
  if (count == 0) return 0;
  const int ends_padded = text[count - 1] == '=';
  const size_t padding = (size_t)(ends_padded + (ends_padded && text[count - 2] == '='));
  uint8_t *out = bytes;
  uint8_t seen = 0;
  for (size_t at = 0; at < count - 4; at += 4) {
    const uint8_t a = character_values[text[at]], b = character_values[text[at + 1]],
                  c = character_values[text[at + 2]], d = character_values[text[at + 3]];
    seen |= a | b | c | d;
    const uint32_t group = (uint32_t)a << 18 | (uint32_t)b << 12 | (uint32_t)c << 6 | d;
    *out++ = (uint8_t)(group >> 16);
    *out++ = (uint8_t)(group >> 8);
    *out++ = (uint8_t)group;
  }
  uint32_t group = 0;
  for (size_t at = count - 4; at < count; at++) {
    const uint8_t value = at < count - padding ? character_values[text[at]] : 0;
    seen |= value;
    group = group << 6 | (value & 63);
  }
  if (seen & 64) return -1;
  if (padding == 1 && (group & 0xFF)) return -1;
  if (padding == 2 && (group & 0xFFFF)) return -1;
  *out++ = (uint8_t)(group >> 16);
  if (padding < 2) *out++ = (uint8_t)(group >> 8);
  if (padding < 1) *out++ = (uint8_t)group;
  return out - bytes;
}

#if defined(__x86_64__)
#include <immintrin.h>

bool csimd_text_has_avx512_vbmi(void) {
  return csimd_cpu_has_avx512() && __builtin_cpu_supports("avx512vbmi");
}

__attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi"))) void
csimd_text_encode_base64_avx512(const uint8_t *bytes, size_t count, uint8_t *text) {
  // Bytes 1 0 2 1 of each three: six bits each are then found by a shift.
  const __m512i spread = _mm512_setr_epi32(
      0x01020001, 0x04050304, 0x07080607, 0x0A0B090A, 0x0D0E0C0D, 0x10110F10, 0x13141213,
      0x16171516, 0x191A1819, 0x1C1D1B1C, 0x1F201E1F, 0x22232122, 0x25262425, 0x28292728,
      0x2B2C2A2B, 0x2E2F2D2E);
  const __m512i shifts = _mm512_set1_epi64(0x3036242A1016040A);
  const __m512i characters = _mm512_loadu_si512(alphabet);
  for (; count >= 48; count -= 48, bytes += 48, text += 64) {
    const __m512i source = _mm512_maskz_loadu_epi8(0x0000FFFFFFFFFFFF, bytes);
    const __m512i groups = _mm512_permutexvar_epi8(spread, source);
    const __m512i values = _mm512_multishift_epi64_epi8(shifts, groups);
    _mm512_storeu_si512(text, _mm512_permutexvar_epi8(values, characters));
  }
  csimd_text_encode_base64_portable(bytes, count, text);
}
#else
bool csimd_text_has_avx512_vbmi(void) { return false; }
#endif
