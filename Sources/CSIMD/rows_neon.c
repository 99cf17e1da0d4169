// NEON, which every 64-bit ARM CPU has: 4 floats a vector.
#if defined(__aarch64__)
#include <arm_neon.h>

#include "rows_scalar.h"

#define LANES 4
#define ROW_KERNELS csimd_rows_neon
#define ROW_KERNELS_NAME "neon"

typedef float32x4_t Vector;

typedef struct Row {
  const uint8_t *bytes;
  Vector scale, bias;
} Row;

CSIMD_INLINE Vector vector_zero(void) { return vdupq_n_f32(0); }
CSIMD_INLINE Vector vector_set(float value) { return vdupq_n_f32(value); }
CSIMD_INLINE Vector vector_add(Vector a, Vector b) { return vaddq_f32(a, b); }
CSIMD_INLINE Vector vector_multiply(Vector a, Vector b) { return vmulq_f32(a, b); }

CSIMD_INLINE Vector load_floats(const float *floats) { return vld1q_f32(floats); }
CSIMD_INLINE void store(float *floats, Vector v) { vst1q_f32(floats, v); }

CSIMD_INLINE Vector load_floats_tail(const float *floats, size_t n) {
  Vector v = vsetq_lane_f32(floats[0], vdupq_n_f32(0), 0);
  if (n > 1) v = vsetq_lane_f32(floats[1], v, 1);
  if (n > 2) v = vsetq_lane_f32(floats[2], v, 2);
  return v;
}
CSIMD_INLINE void store_tail(float *floats, Vector v, size_t n) {
  vst1q_lane_f32(floats, v, 0);
  if (n > 1) vst1q_lane_f32(floats + 1, v, 1);
  if (n > 2) vst1q_lane_f32(floats + 2, v, 2);
}

CSIMD_INLINE Row open_row(uint32_t element, const uint8_t *bytes, size_t width) {
  float scale, bias;
  csimd_scalar_scale(element, bytes, width, &scale, &bias);
  return (Row){bytes, vdupq_n_f32(scale), vdupq_n_f32(bias)};
}

CSIMD_INLINE Vector from_bytes(const Row *row, uint8x8_t bytes) {
  const uint32x4_t q = vmovl_u16(vget_low_u16(vmovl_u8(bytes)));
  return vaddq_f32(vmulq_f32(vcvtq_f32_u32(q), row->scale), row->bias);
}

CSIMD_INLINE Vector from_nibbles(const Row *row, uint8x8_t bytes) {
  const uint8x8_t low = vand_u8(bytes, vdup_n_u8(15));
  return from_bytes(row, vzip1_u8(low, vshr_n_u8(bytes, 4)));
}

CSIMD_INLINE Vector from_words(uint32_t element, uint16x4_t bits) {
  if (element == CSIMD_ROW_F16) return vcvt_f32_f16(vreinterpret_f16_u16(bits));
  return vreinterpretq_f32_u32(vshll_n_u16(bits, 16));
}

CSIMD_INLINE Vector load(uint32_t element, const Row *row, size_t c) {
  const uint8_t *bytes = row->bytes;
  uint64_t wide;
  uint32_t narrow;
  uint16_t pair;
  switch (element) {
    case CSIMD_ROW_F32: return vreinterpretq_f32_u8(vld1q_u8(bytes + 4 * c));
    case CSIMD_ROW_F16:
    case CSIMD_ROW_BF16:
      memcpy(&wide, bytes + 2 * c, 8);
      return from_words(element, vcreate_u16(wide));
    case CSIMD_ROW_INT8:
      memcpy(&narrow, bytes + c, 4);
      return from_bytes(row, vcreate_u8(narrow));
    default:
      memcpy(&pair, bytes + c / 2, 2);
      return from_nibbles(row, vcreate_u8(pair));
  }
}

CSIMD_INLINE Vector load_tail(uint32_t element, const Row *row, size_t c, size_t n) {
  const uint8_t *bytes = row->bytes;
  uint64_t wide = 0;
  float floats[4] = {0, 0, 0, 0};
  switch (element) {
    case CSIMD_ROW_F32:
      memcpy(floats, bytes + 4 * c, 4 * n);
      return vld1q_f32(floats);
    case CSIMD_ROW_F16:
    case CSIMD_ROW_BF16:
      memcpy(&wide, bytes + 2 * c, 2 * n);
      return from_words(element, vcreate_u16(wide));
    case CSIMD_ROW_INT8:
      memcpy(&wide, bytes + c, n);
      return from_bytes(row, vcreate_u8(wide));
    default:
      memcpy(&wide, bytes + c / 2, (n + 1) / 2);
      return from_nibbles(row, vcreate_u8(wide));
  }
}

#include "rows_template.h"
#endif
