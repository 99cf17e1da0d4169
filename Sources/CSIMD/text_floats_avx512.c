// The float writer for AVX-512: sixteen floats at a time, whatever their values, without a branch.
//
// 1. Each float is scaled in float64 to nine digits and shortened (text_floats.h).
// 2. The digits are spread to bytes: 9 digits = 1 + 8, halves of 4, pairs, single ones.
// 3. Each float gets 16 bytes of a vector. A form per decimal exponent says what stands where: a
//    shuffle index of a digit, the sign or the point, or a character of its own.
// 4. Bytes that are 0 (no sign, no point, trailing zeros) are squeezed out by VPCOMPRESSB.
#include "text_floats.h"

#include "csimd_text.h"

#if defined(__x86_64__)
#include <immintrin.h>

bool csimd_text_has_avx512(void) {
  return csimd_cpu_has_avx512() && __builtin_cpu_supports("avx512cd") &&
         __builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("popcnt");
}

#define AVX512 \
  __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512cd,avx512vbmi2,popcnt")))

// Bytes of a float's 16: the digits, then the point and the sign, or 0 in place of them.
enum { B, C, D, E, F, G, H, I, A, POINT, SIGN };
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

// Eight floats: 16 bytes of text parts each, and which form they take.
typedef struct {
  __m512i low, high;  // per float: bytes B...I; bytes A, POINT, SIGN
  __m512i form;
} parts;

AVX512 static inline __m512i spread_digits(__m512i number) {
  const __m512i high =
      _mm512_srli_epi64(_mm512_mul_epu32(number, _mm512_set1_epi64(109951163)), 40);
  const __m512i low =
      _mm512_sub_epi64(number, _mm512_mul_epu32(high, _mm512_set1_epi64(10000)));
  const __m512i halves = _mm512_or_si512(high, _mm512_slli_epi64(low, 32));
  const __m512i hundreds =
      _mm512_srli_epi32(_mm512_mulhi_epu16(halves, _mm512_set1_epi32(10486)), 4);
  const __m512i below =
      _mm512_sub_epi16(halves, _mm512_mullo_epi16(hundreds, _mm512_set1_epi32(100)));
  const __m512i pairs = _mm512_or_si512(hundreds, _mm512_slli_epi32(below, 16));
  const __m512i tens =
      _mm512_srli_epi16(_mm512_mullo_epi16(pairs, _mm512_set1_epi16(103)), 10);
  const __m512i ones = _mm512_sub_epi16(pairs, _mm512_mullo_epi16(tens, _mm512_set1_epi16(10)));
  return _mm512_or_si512(tens, _mm512_slli_epi16(ones, 8));
}

AVX512 static inline parts make_parts(__m256 floats) {
  enum { nearest = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC };
  enum { downward = _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC };
  const __m512d signed_value = _mm512_cvtps_pd(floats);
  const __m512d value = _mm512_abs_pd(signed_value);
  const __m512i bits = _mm512_castpd_si512(value);

  // Nine digits.
  const __m512d binary_exponent = _mm512_getexp_pd(value);
  __m512i exponent = _mm512_cvtpd_epi64(_mm512_roundscale_pd(
      _mm512_mul_pd(binary_exponent, _mm512_set1_pd(LOG10_2)), downward));
  const __m512i power = _mm512_sub_epi64(_mm512_set1_epi64(40), exponent);
  __m512d scale = _mm512_mul_pd(
      _mm512_permutexvar_pd(_mm512_srli_epi64(power, 4), _mm512_loadu_pd(big_powers)),
      _mm512_permutex2var_pd(
          _mm512_loadu_pd(small_powers), power, _mm512_loadu_pd(small_powers + 8)));
  __m512d scaled = _mm512_mul_pd(value, scale);
  const __mmask8 above = _mm512_cmp_pd_mask(scaled, _mm512_set1_pd(1e9), _CMP_GE_OQ);
  scale = _mm512_mask_mul_pd(scale, above, scale, _mm512_set1_pd(0.1));
  scaled = _mm512_mask_mul_pd(scaled, above, scaled, _mm512_set1_pd(0.1));
  exponent = _mm512_mask_add_epi64(exponent, above, exponent, _mm512_set1_epi64(1));

  // Fewer digits, if they stay within half the gap to the next float32.
  const __mmask8 power_of_two =
      _mm512_testn_epi64_mask(bits, _mm512_set1_epi64(0x000FFFFFFFFFFFFF));
  __m512d half_gap = _mm512_sub_pd(binary_exponent, _mm512_set1_pd(24));
  half_gap = _mm512_mask_sub_pd(half_gap, power_of_two, binary_exponent, _mm512_set1_pd(25));
  half_gap = _mm512_mul_pd(_mm512_scalef_pd(scale, half_gap), _mm512_set1_pd(GAP_SHARE));
  const __m512d eight = _mm512_mul_pd(
      _mm512_roundscale_pd(_mm512_mul_pd(scaled, _mm512_set1_pd(0.1)), nearest),
      _mm512_set1_pd(10));
  const __m512d seven = _mm512_mul_pd(
      _mm512_roundscale_pd(_mm512_mul_pd(scaled, _mm512_set1_pd(0.01)), nearest),
      _mm512_set1_pd(100));
  __m512d digits = _mm512_roundscale_pd(scaled, nearest);
  const __mmask8 is_eight = _mm512_cmp_pd_mask(
      _mm512_abs_pd(_mm512_sub_pd(eight, scaled)), half_gap, _CMP_LT_OQ);
  const __mmask8 is_seven = _mm512_cmp_pd_mask(
      _mm512_abs_pd(_mm512_sub_pd(seven, scaled)), half_gap, _CMP_LT_OQ);
  digits = _mm512_mask_mov_pd(digits, is_eight, eight);
  digits = _mm512_mask_mov_pd(digits, is_seven, seven);
  const __mmask8 full = _mm512_cmp_pd_mask(digits, _mm512_set1_pd(1e9), _CMP_GE_OQ);
  digits = _mm512_mask_mov_pd(digits, full, _mm512_set1_pd(1e8));
  exponent = _mm512_mask_add_epi64(exponent, full, exponent, _mm512_set1_epi64(1));
  const __mmask8 zero = _mm512_testn_epi64_mask(bits, bits);
  exponent = _mm512_mask_mov_epi64(exponent, zero, _mm512_setzero_si512());

  // Digits to bytes.
  const __m512i number = _mm512_cvtpd_epi64(digits);
  const __m512i first =
      _mm512_srli_epi64(_mm512_mul_epu32(number, _mm512_set1_epi64(1441151881)), 57);
  const __m512i rest =
      spread_digits(_mm512_sub_epi64(
          number, _mm512_mul_epu32(first, _mm512_set1_epi64(100000000))));

  // Trailing zeros go, but not those in front of the point: `exponent` digits behind the first.
  const __mmask8 plain =
      _mm512_cmp_epu64_mask(exponent, _mm512_set1_epi64(8), _MM_CMPINT_LE);
  const __m512i droppable = _mm512_mask_sub_epi64(
      _mm512_set1_epi64(64), plain, _mm512_set1_epi64(64), _mm512_slli_epi64(exponent, 3));
  const __m512i trailing =
      _mm512_and_si512(_mm512_lzcnt_epi64(rest), _mm512_set1_epi64(0x78));
  const __m512i dropped = _mm512_min_epu32(trailing, droppable);
  const __mmask8 pointed = _mm512_cmp_epi64_mask(dropped, droppable, _MM_CMPINT_LT);

  parts result;
  result.low = _mm512_or_si512(
      rest, _mm512_srlv_epi64(_mm512_set1_epi64(0x3030303030303030), dropped));
  const __m512i point =
      _mm512_maskz_mov_epi64(pointed, _mm512_set1_epi64('.' << 8));
  const __m512i sign = _mm512_maskz_mov_epi64(
      _mm512_movepi64_mask(_mm512_castpd_si512(signed_value)), _mm512_set1_epi64('-' << 16));
  result.high = _mm512_or_si512(
      _mm512_or_si512(first, _mm512_set1_epi64('0')), _mm512_or_si512(point, sign));
  const __mmask8 infinite = _mm512_cmp_epu64_mask(
      bits, _mm512_set1_epi64(0x7FF0000000000000), _MM_CMPINT_NLT);
  result.form = _mm512_mask_mov_epi64(
      _mm512_sub_epi64(exponent, _mm512_set1_epi64(exponent_min)), infinite,
      _mm512_set1_epi64(null_form));
  return result;
}

// Writes the first `count` (at most 4) of four floats; stores 64 bytes whatever it uses.
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
  const __m512i constant = _mm512_maskz_mov_epi8(_mm512_movepi8_mask(form), form);
  const __m512i text = _mm512_or_si512(
      _mm512_shuffle_epi8(bytes, form), _mm512_and_si512(constant, _mm512_set1_epi8(0x7F)));
  __mmask64 kept = _mm512_test_epi8_mask(text, text);
  if (count < 4) kept &= (1ull << (16 * count)) - 1;
  _mm512_storeu_si512(out, _mm512_maskz_compress_epi8(kept, text));
  return out + _mm_popcnt_u64(kept);
}

// Writes 8 floats, of which `count` (1 to 8) are meant, each with a comma behind it. They come in
// the order 0 4 1 5 2 6 3 7, so that unpacking leaves 0 1 2 3 and 4 5 6 7.
AVX512 static inline uint8_t *write8(uint8_t *out, __m256 floats, size_t count) {
  const parts part = make_parts(floats);
  uint64_t form[8] __attribute__((aligned(64)));
  _mm512_store_si512(form, part.form);
  out = write4(
      out, _mm512_unpacklo_epi64(part.low, part.high), form[0], form[2], form[4], form[6],
      count < 4 ? count : 4);
  if (count <= 4) return out;
  return write4(
      out, _mm512_unpackhi_epi64(part.low, part.high), form[1], form[3], form[5], form[7],
      count - 4);
}

AVX512 size_t csimd_text_write_float_rows_avx512(
    const float *floats, size_t rows, size_t width, uint8_t *text) {
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  uint8_t *out = text;
  for (size_t row = 0; row < rows; row++) {
    *out++ = '[';
    size_t left = width;
    for (; left >= 8; left -= 8, floats += 8)
      out = write8(out, _mm256_permutexvar_ps(order, _mm256_loadu_ps(floats)), 8);
    if (left > 0) {
      const __m256 last = _mm256_maskz_loadu_ps((__mmask8)((1u << left) - 1), floats);
      out = write8(out, _mm256_permutexvar_ps(order, last), left);
      floats += left;
    }
    out -= width > 0;
    *out++ = ']';
    *out++ = ',';
  }
  return (size_t)(out - text) - (rows > 0);
}
#else
bool csimd_text_has_avx512(void) { return false; }
#endif
