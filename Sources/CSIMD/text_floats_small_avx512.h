// Part of text_floats_avx512.c: the shortcut for small floats.
//
// Floats of 2^-13 <= |x| < 1 have texts of one shape, `-0.000abcdefghi,` with up to three zeros:
// nothing needs to be looked up. Most numbers of embeddings are such.
enum { small_min = 114 << 23, small_end = 127 << 23 };

// By exponent: the zeros of floats below the power of ten that lies between this power of two and
// the next, and that power of ten, where there is one: the bits of 0.001, 0.01, 0.1, rounded up.
static const uint32_t small_zeros[16] __attribute__((aligned(64))) = {
    0, 0, 3, 3, 3, 3, 2, 2, 2, 1, 1, 1, 0, 0, 0, 0};
static const uint32_t small_tenths[16] __attribute__((aligned(64))) = {
    -1u, -1u, -1u, -1u, -1u, 0x3A83126F, -1u, -1u, 0x3C23D70B, -1u, -1u, 0x3DCCCCCD, -1u, -1u, -1u,
    -1u};
// By number of zeros.
static const double small_scales[8] __attribute__((aligned(64))) = {1e9, 1e10, 1e11, 1e12};
static const double small_gaps[8] __attribute__((aligned(64))) = {
    1e9 * GAP_EIGHT, 1e10 * GAP_EIGHT, 1e11 * GAP_EIGHT, 1e12 * GAP_EIGHT};
static const uint64_t small_marks[8] __attribute__((aligned(64))) = {
    0x30, 0x30000030, 0x3030000030, 0x303030000030};

// Digits of eight floats: bits of float64 in, the first digit and the other eight out. Not zero: a
// number became a power of ten.
AVX512 static inline __attribute__((always_inline)) __mmask8 small_digits(
    __m512i bits, __m512i zeros, __m512i *first, __m512i *rest) {
  const __m512d gap = _mm512_mul_pd(
      power_of_two_below(bits), _mm512_permutexvar_pd(zeros, _mm512_load_pd(small_gaps)));
  const __m512d scaled = _mm512_mul_pd(
      _mm512_castsi512_pd(bits), _mm512_permutexvar_pd(zeros, _mm512_load_pd(small_scales)));
  const __m512i digits = _mm512_cvtpd_epi64(shortened(scaled, gap));
  *first = _mm512_srli_epi64(_mm512_mul_epu32(digits, _mm512_set1_epi64(1441151881)), 57);
  *rest =
      _mm512_sub_epi64(digits, _mm512_mul_epu32(*first, _mm512_set1_epi64(100000000)));
  return _mm512_cmp_epi64_mask(digits, _mm512_set1_epi64(1000000000), _MM_CMPINT_NLT);
}

// Writes up to 16 small floats, each with a comma behind it; returns NULL if they are not.
AVX512 static inline __attribute__((always_inline)) uint8_t *write_small(
    uint8_t *out, const float *floats, size_t count) {
  // Evens get the first eight floats, odds the others, both ordered for unpacking as above.
  const __m512i order = _mm512_setr_epi32(0, 8, 4, 12, 1, 9, 5, 13, 2, 10, 6, 14, 3, 11, 7, 15);
  const __m512i half = _mm512_castps_si512(_mm512_set1_ps(0.5f));
  const __mmask16 present = count < 16 ? (__mmask16)((1u << count) - 1) : 0xFFFF;
  const __m512i signed_bits = _mm512_permutexvar_epi32(
      order, _mm512_mask_loadu_epi32(half, present, (const void *)floats));
  const __m512i bits = _mm512_and_si512(signed_bits, _mm512_set1_epi32(0x7FFFFFFF));
  const __mmask16 is_small = _mm512_cmplt_epu32_mask(
      _mm512_sub_epi32(bits, _mm512_set1_epi32(small_min)),
      _mm512_set1_epi32(small_end - small_min));
  if (is_small != 0xFFFF) return 0;
  const __m512i exponent = _mm512_srli_epi32(bits, 23);
  const __m512i above = _mm512_permutexvar_epi32(exponent, _mm512_load_si512(small_zeros));
  const __m512i tenth = _mm512_permutexvar_epi32(exponent, _mm512_load_si512(small_tenths));
  const __m512i zeros = _mm512_mask_sub_epi32(
      above, _mm512_cmpge_epu32_mask(bits, tenth), above, _mm512_set1_epi32(1));
  // float32 to float64: the fraction at its place, the exponents' difference added.
  const __m512i bias = _mm512_set1_epi64(896ll << 52);
  const __m512i doubles[2] = {
      _mm512_add_epi64(_mm512_mul_epu32(bits, _mm512_set1_epi64(1 << 29)), bias),
      _mm512_add_epi64(
          _mm512_and_si512(_mm512_srli_epi64(bits, 3), _mm512_set1_epi64(-(1ll << 29))), bias),
  };
  const __m512i zeros_of[2] = {zeros, _mm512_srli_epi64(zeros, 32)};
  const __m512i minus = _mm512_and_si512(
      _mm512_srai_epi32(signed_bits, 31), _mm512_set1_epi32('-' << 16));
  enum { vectors = 2 };
  __m512i first[2], rest[2], low[2], high[2];
  __mmask8 full[2];
  EACH full[i] = small_digits(doubles[i], zeros_of[i], &first[i], &rest[i]);
  if (full[0] | full[1]) return 0;
  spread_digits(rest, rest, 2);
  EACH low[i] = characters(rest[i], _mm512_setzero_si512());
  EACH high[i] = _mm512_ternarylogic_epi64(
      first[i], _mm512_permutexvar_epi64(zeros_of[i], _mm512_load_si512(small_marks)), minus, 0xFE);
  // The minus of the odds stands four bytes further.
  const __m512i shape[2] = {
      _mm512_broadcast_i32x4(_mm_setr_epi8(10, -1, -1, 11, 12, 13, A, B, C, D, E, F, G, H, I, -1)),
      _mm512_broadcast_i32x4(_mm_setr_epi8(14, -1, -1, 11, 12, 13, A, B, C, D, E, F, G, H, I, -1)),
  };
  const __m512i fixed = _mm512_broadcast_i32x4(
      _mm_setr_epi8(0, '0', '.', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ','));
  EACH {
    const size_t left = count - 8 * (size_t)i;
    const __m512i one = _mm512_unpacklo_epi64(low[i], high[i]);
    out = squeeze4(
        out, _mm512_or_si512(_mm512_shuffle_epi8(one, shape[i]), fixed), left < 4 ? left : 4);
    if (left <= 4) return out;
    const __m512i other = _mm512_unpackhi_epi64(low[i], high[i]);
    out = squeeze4(
        out, _mm512_or_si512(_mm512_shuffle_epi8(other, shape[i]), fixed),
        left < 8 ? left - 4 : 4);
    if (left <= 8) return out;
  }
  return out;
}
