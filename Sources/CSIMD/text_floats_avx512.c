// The float writer for AVX-512: sixteen floats at a time, whatever their values, without a branch.
//
// 1. Each float is scaled in float64 to nine digits and shortened (text_floats.h).
// 2. The digits are spread to bytes: 9 digits = 1 + 8, halves of 4, pairs, single ones.
// 3. Each float gets 16 bytes of a vector. A form per decimal exponent says what stands where: a
//    shuffle index of a digit, the sign or the point, or a character of its own.
// 4. Bytes that are 0 (no sign, no point, trailing zeros) are squeezed out by VPCOMPRESSB.
//
// Where all sixteen are below 1 and none is tiny, a shortcut writes the same bytes.
#include "text_floats.h"

#include "csimd_text.h"

#if defined(__x86_64__)
#include <immintrin.h>

bool csimd_text_has_avx512(void) {
  return csimd_cpu_has_avx512() && __builtin_cpu_supports("avx512vbmi2") &&
         __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("popcnt");
}

#define AVX512 \
  __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi2,avx512vnni,popcnt")))

// Bytes of a float's 16: the digits, the last one first, then the point and the sign, or 0 in place
// of them.
enum { I, H, G, F, E, D, C, B, A, POINT, SIGN };
#define AS(character) (0x80 | (character))
#define NONE 0x80

#define SMALL(z1, z2, z3) \
  {SIGN, AS('0'), AS('.'), z1, z2, z3, A, B, C, D, E, F, G, H, I, AS(',')}
#define TENTH(tens, ones)                                                                 \
  {SIGN, A, POINT, B, C, D, E, F, G, H, I, AS('e'), AS('-'), AS('0' + tens), AS('0' + ones), \
   AS(',')}
#define TENFOLD(tens, ones)                                                            \
  {SIGN, A, POINT, B, C, D, E, F, G, H, I, AS('e'), AS('0' + tens), AS('0' + ones), AS(','), \
   NONE}
#define TENTHS(tens)                                                                   \
  TENTH(tens, 9), TENTH(tens, 8), TENTH(tens, 7), TENTH(tens, 6), TENTH(tens, 5),      \
      TENTH(tens, 4), TENTH(tens, 3), TENTH(tens, 2), TENTH(tens, 1), TENTH(tens, 0)
#define TENFOLDS(tens)                                                                 \
  TENFOLD(tens, 0), TENFOLD(tens, 1), TENFOLD(tens, 2), TENFOLD(tens, 3),              \
      TENFOLD(tens, 4), TENFOLD(tens, 5), TENFOLD(tens, 6), TENFOLD(tens, 7),          \
      TENFOLD(tens, 8)
#define PLAIN(...) {SIGN, __VA_ARGS__, AS(','), NONE, NONE, NONE, NONE}

// One per decimal exponent from exponent_min on; the last one is `null`.
static const uint8_t forms[form_count][16] __attribute__((aligned(64))) = {
    TENTH(4, 5), TENTH(4, 4), TENTH(4, 3), TENTH(4, 2), TENTH(4, 1), TENTH(4, 0),
    TENTHS(3), TENTHS(2), TENTHS(1),
    TENTH(0, 9), TENTH(0, 8), TENTH(0, 7), TENTH(0, 6), TENTH(0, 5),
    SMALL(AS('0'), AS('0'), AS('0')), SMALL(AS('0'), AS('0'), NONE), SMALL(AS('0'), NONE, NONE),
    SMALL(NONE, NONE, NONE),
    PLAIN(A, POINT, B, C, D, E, F, G, H, I), PLAIN(A, B, POINT, C, D, E, F, G, H, I),
    PLAIN(A, B, C, POINT, D, E, F, G, H, I), PLAIN(A, B, C, D, POINT, E, F, G, H, I),
    PLAIN(A, B, C, D, E, POINT, F, G, H, I), PLAIN(A, B, C, D, E, F, POINT, G, H, I),
    PLAIN(A, B, C, D, E, F, G, POINT, H, I), PLAIN(A, B, C, D, E, F, G, H, POINT, I),
    PLAIN(A, B, C, D, E, F, G, H, I, POINT),
    TENFOLD(0, 9), TENFOLDS(1), TENFOLD(1, 9), TENFOLDS(2), TENFOLD(2, 9), TENFOLDS(3),
    {AS('n'), AS('u'), AS('l'), AS('l'), AS(','), NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
     NONE, NONE, NONE},
};

// Of eight floats: 16 bytes each that their text is made of, and which form it takes.
typedef struct {
  __m512i low, high;  // per float: bytes I...B; bytes A, POINT, SIGN
  __m512i form;
} parts;

// The code below works on one or two vectors of eight floats, EACH step on both: a step waits for
// the one before it, and the second vector fills the wait (measured: 3.4 instead of 4.7 ns).
#define EACH for (int i = 0; i < vectors; i++)

AVX512 static inline __attribute__((always_inline)) void spread_digits(
    const __m512i *number, __m512i *digits, const int vectors) {
  const __m512i twice_order =
      _mm512_set4_epi32(0x0D0C0D0C, 0x09080908, 0x05040504, 0x01000100);
  __m512i high[2], halves[2], twice[2], hundreds[2], pairs[2], tens[2];
  // x = a * 10^n + b becomes a * 2^bits + b by adding a * (2^bits - 10^n).
  EACH high[i] =
      _mm512_srli_epi64(_mm512_mul_epu32(number[i], _mm512_set1_epi64(109951163)), 40);
  EACH halves[i] = _mm512_add_epi64(
      number[i], _mm512_mul_epu32(high[i], _mm512_set1_epi64((1ll << 32) - 10000)));
  // In assembler, for compilers like to make two of this shuffle.
  EACH __asm__("vpshufb %2, %1, %0" : "=v"(twice[i]) : "v"(halves[i]), "v"(twice_order));
  EACH hundreds[i] =
      _mm512_srli_epi16(_mm512_mulhi_epu16(twice[i], _mm512_set1_epi16(10486)), 4);
  // The two products of a hundred: 32767 + 32669 = 2^16 - 100.
  EACH pairs[i] = _mm512_dpwssd_epi32(
      halves[i], hundreds[i], _mm512_set1_epi32(32669 << 16 | 32767));
  EACH tens[i] =
      _mm512_srli_epi16(_mm512_mullo_epi16(pairs[i], _mm512_set1_epi16(103)), 10);
  EACH digits[i] = _mm512_add_epi16(
      pairs[i], _mm512_mullo_epi16(tens[i], _mm512_set1_epi16((1 << 8) - 10)));
}

// Digits to characters, but for trailing zeros, which stay 0 where `front` is 0: x | -x has all
// bits from the lowest of x on.
AVX512 static inline __attribute__((always_inline)) __m512i characters(
    __m512i digits, __m512i front) {
  const __m512i kept = _mm512_ternarylogic_epi64(
      digits, _mm512_sub_epi64(_mm512_setzero_si512(), digits), front, 0xFE);
  return _mm512_ternarylogic_epi64(
      digits, kept, _mm512_set1_epi64(0x3030303030303030), 0xF8);
}

// 2^e of bits of a float64, half of it at a power of two.
AVX512 static inline __attribute__((always_inline)) __m512d power_of_two_below(__m512i bits) {
  return _mm512_castsi512_pd(_mm512_and_si512(
      _mm512_sub_epi64(bits, _mm512_set1_epi64(1)), _mm512_set1_epi64(GAP_MASK)));
}

// Fewer digits than nine, if they stay within `gap`, in units of the eighth digit. What this
// leaves is off a whole number by less than a millionth.
AVX512 static inline __attribute__((always_inline)) __m512d shortened(
    __m512d scaled, __m512d gap) {
  enum { nearest = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC };
  const __m512d tenth = _mm512_set1_pd(0.1);
  const __m512d eight = _mm512_reduce_pd(_mm512_mul_pd(scaled, tenth), nearest);
  const __m512d seven = _mm512_reduce_pd(_mm512_mul_pd(scaled, _mm512_set1_pd(0.01)), nearest);
  const __mmask8 is_eight = _mm512_cmp_pd_mask(_mm512_abs_pd(eight), gap, _CMP_LT_OQ);
  const __mmask8 is_seven =
      _mm512_cmp_pd_mask(_mm512_abs_pd(seven), _mm512_mul_pd(gap, tenth), _CMP_LT_OQ);
  const __m512d digits =
      _mm512_mask3_fnmadd_pd(eight, _mm512_set1_pd(10), scaled, is_eight);
  return _mm512_mask_sub_pd(
      digits, is_seven, scaled, _mm512_mul_pd(seven, _mm512_set1_pd(100)));
}

// `power` is 40 less the decimal exponent: what scales the value to nine digits.
AVX512 static inline __attribute__((always_inline)) void make_parts(
    const __m256 *floats, parts *result, const int vectors) {
  const __m512i one = _mm512_set1_epi64(1);
  __m512d signed_value[2], value[2], scale[2], scaled[2], gap[2], digits[2];
  __m512i bits[2], power[2], first[2], rest[2];

  // Nine digits.
  EACH signed_value[i] = _mm512_cvtps_pd(floats[i]);
  EACH value[i] = _mm512_abs_pd(signed_value[i]);
  EACH bits[i] = _mm512_castpd_si512(value[i]);
  EACH power[i] = _mm512_sub_epi64(
      _mm512_set1_epi64(POWER_OFFSET),
      _mm512_mul_epu32(_mm512_srli_epi64(bits[i], 52), _mm512_set1_epi64(LOG10_2)));
  EACH power[i] = _mm512_mask_srli_epi64(
      _mm512_set1_epi64(40), _mm512_test_epi64_mask(bits[i], bits[i]), power[i], LOG10_2_SHIFT);
  EACH scale[i] = _mm512_mul_pd(
      _mm512_permutexvar_pd(_mm512_srli_epi64(power[i], 4), _mm512_loadu_pd(big_powers)),
      _mm512_permutex2var_pd(
          _mm512_loadu_pd(small_powers), power[i], _mm512_loadu_pd(small_powers + 8)));
  EACH scaled[i] = _mm512_mul_pd(value[i], scale[i]);
  __mmask8 above[2], full[2];
  EACH above[i] = _mm512_cmp_pd_mask(scaled[i], _mm512_set1_pd(1e9), _CMP_GE_OQ);
  EACH scale[i] = _mm512_mask_mul_pd(scale[i], above[i], scale[i], _mm512_set1_pd(0.1));
  EACH scaled[i] = _mm512_mul_pd(value[i], scale[i]);
  EACH power[i] = _mm512_mask_sub_epi64(power[i], above[i], power[i], one);

  EACH gap[i] = _mm512_mul_pd(
      power_of_two_below(bits[i]), _mm512_mul_pd(scale[i], _mm512_set1_pd(GAP_EIGHT)));
  EACH digits[i] = shortened(scaled[i], gap[i]);
  EACH rest[i] = _mm512_cvtpd_epi64(digits[i]);
  EACH full[i] = _mm512_cmp_epi64_mask(rest[i], _mm512_set1_epi64(1000000000), _MM_CMPINT_NLT);
  EACH rest[i] = _mm512_mask_mov_epi64(rest[i], full[i], _mm512_set1_epi64(100000000));
  EACH power[i] = _mm512_mask_sub_epi64(power[i], full[i], power[i], one);

  // Digits to bytes.
  EACH first[i] =
      _mm512_srli_epi64(_mm512_mul_epu32(rest[i], _mm512_set1_epi64(1441151881)), 57);
  EACH rest[i] =
      _mm512_sub_epi64(rest[i], _mm512_mul_epu32(first[i], _mm512_set1_epi64(100000000)));
  spread_digits(rest, rest, vectors);

  // Zeros in front of the point stay. Forms with an exponent have 64 or more in `behind`.
  __m512i behind[2], front[2], marks[2], sign[2];
  EACH behind[i] =
      _mm512_sub_epi64(_mm512_slli_epi64(power[i], 3), _mm512_set1_epi64(256));
  EACH front[i] = _mm512_sllv_epi64(_mm512_set1_epi64(-1), behind[i]);
  __mmask8 has_point[2];
  EACH has_point[i] = _mm512_test_epi64_mask(rest[i], _mm512_andnot_si512(front[i], rest[i]));
  EACH result[i].low = characters(rest[i], front[i]);
  EACH marks[i] = _mm512_mask_mov_epi64(
      _mm512_set1_epi64('0'), has_point[i], _mm512_set1_epi64('.' << 8 | '0'));
  EACH sign[i] = _mm512_and_si512(
      _mm512_srai_epi64(_mm512_castpd_si512(signed_value[i]), 63), _mm512_set1_epi64('-' << 16));
  EACH result[i].high =
      _mm512_or_si512(_mm512_or_si512(first[i], marks[i]), sign[i]);
  EACH result[i].form = _mm512_mask_sub_epi64(
      _mm512_set1_epi64(null_form),
      _mm512_cmp_epu64_mask(bits[i], _mm512_set1_epi64(0x7FF0000000000000), _MM_CMPINT_LT),
      _mm512_set1_epi64(40 - exponent_min), power[i]);
}

// Writes the texts of the first `count` (at most 4) of four floats, without the bytes that are 0;
// stores 64 bytes whatever it uses.
AVX512 static inline __attribute__((always_inline)) uint8_t *squeeze4(
    uint8_t *out, __m512i text, size_t count) {
  __mmask64 kept = _mm512_test_epi8_mask(text, text);
  if (count < 4) kept &= (1ull << (16 * count)) - 1;
  _mm512_storeu_si512(out, _mm512_maskz_compress_epi8(kept, text));
  return out + _mm_popcnt_u64(kept);
}

// Writes the first `count` (at most 4) of four floats.
AVX512 static inline uint8_t *write4(
    uint8_t *out, __m512i bytes, uint64_t form0, uint64_t form1, uint64_t form2, uint64_t form3,
    size_t count) {
  __m512i form =
      _mm512_castsi128_si512(_mm_load_si128((const __m128i *)forms[form0]));
  form = _mm512_mask_broadcast_i32x4(
      form, 0x00F0, _mm_load_si128((const __m128i *)forms[form1]));
  form = _mm512_mask_broadcast_i32x4(
      form, 0x0F00, _mm_load_si128((const __m128i *)forms[form2]));
  form = _mm512_mask_broadcast_i32x4(
      form, 0xF000, _mm_load_si128((const __m128i *)forms[form3]));
  // Saturation leaves 0 where the form is an index, and the character where it is none.
  const __m512i characters = _mm512_subs_epu8(form, _mm512_set1_epi8((char)0x80));
  return squeeze4(out, _mm512_or_si512(_mm512_shuffle_epi8(bytes, form), characters), count);
}

// Writes `vectors` times 8 floats, of which `count` are meant, each with a comma behind it.
AVX512 static inline __attribute__((always_inline)) uint8_t *write_vectors(
    uint8_t *out, const float *floats, size_t count, const int vectors) {
  // Unpacking two vectors of 64-bit lanes takes every other lane: 0 1 2 3 and 4 5 6 7 of these.
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  __m256 ordered[2];
  parts part[2];
  uint64_t form[2][8] __attribute__((aligned(64)));
  EACH {
    const size_t left = count - 8 * (size_t)i;
    const __mmask8 present = left < 8 ? (__mmask8)((1u << left) - 1) : 0xFF;
    ordered[i] =
        _mm256_permutexvar_ps(order, _mm256_maskz_loadu_ps(present, floats + 8 * i));
  }
  make_parts(ordered, part, vectors);
  EACH _mm512_store_si512(form[i], part[i].form);
  // The forms' numbers are to be loaded from there: taking a vector apart costs more.
  __asm__ volatile("" : "+m"(form));
  EACH {
    const size_t left = count - 8 * (size_t)i;
    out = write4(
        out, _mm512_unpacklo_epi64(part[i].low, part[i].high), form[i][0], form[i][2], form[i][4],
        form[i][6], left < 4 ? left : 4);
    if (left <= 4) return out;
    out = write4(
        out, _mm512_unpackhi_epi64(part[i].low, part[i].high), form[i][1], form[i][3], form[i][5],
        form[i][7], left < 8 ? left - 4 : 4);
  }
  return out;
}

#include "text_floats_small_avx512.h"

// Writes up to 16 floats, each with a comma behind it.
AVX512 static inline __attribute__((always_inline)) uint8_t *write_floats(
    uint8_t *out, const float *floats, size_t count) {
  uint8_t *const end = write_small(out, floats, count);
  if (__builtin_expect(end != 0, 1)) return end;
  return count > 8 ? write_vectors(out, floats, count, 2) : write_vectors(out, floats, count, 1);
}

AVX512 size_t csimd_text_write_float_rows_avx512(
    const float *floats, size_t rows, size_t width, uint8_t *text) {
  uint8_t *out = text;
  for (size_t row = 0; row < rows; row++) {
    *out++ = '[';
    size_t left = width;
    for (; left >= 16; left -= 16, floats += 16) out = write_floats(out, floats, 16);
    if (left > 0) out = write_floats(out, floats, left);
    floats += left;
    out -= width > 0;
    *out++ = ']';
    *out++ = ',';
  }
  return (size_t)(out - text) - (rows > 0);
}
#else
bool csimd_text_has_avx512(void) { return false; }
#endif
