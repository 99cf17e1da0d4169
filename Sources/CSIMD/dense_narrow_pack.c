#include <math.h>
#include <string.h>

#include "csimd_narrow.h"

// What the three formats differ in: outputs of a vector, of a panel (four vectors), inputs that
// lie side by side for one output, and bytes of a code.
typedef struct shape {
  size_t vector, panel, group, code_bytes;
} shape;

static shape shape_of(csimd_narrow_format format) {
  switch (format) {
    case CSIMD_NARROW_INT8: return (shape){16, 64, 4, 1};
    case CSIMD_NARROW_BF16: return (shape){16, 64, 2, 2};
    default: return (shape){32, 128, 1, 2};
  }
}

static size_t round_up(size_t count, size_t step) { return (count + step - 1) / step * step; }

size_t csimd_narrow_padded_outputs(csimd_narrow_format format, size_t outputs) {
  return round_up(outputs, shape_of(format).vector);
}

size_t csimd_narrow_packed_bytes(csimd_narrow_format format, size_t inputs, size_t outputs) {
  const shape s = shape_of(format);
  return round_up(outputs, s.vector) * round_up(inputs, s.group) * s.code_bytes;
}

void csimd_narrow_pack(csimd_narrow_format format, const void *codes, size_t inputs,
                       size_t outputs, void *packed) {
  const shape s = shape_of(format);
  const size_t padded = round_up(outputs, s.vector);
  const unsigned char *from = codes;
  unsigned char *to = packed;
  for (size_t first = 0; first < padded; first += s.panel) {
    const size_t left = padded - first;
    const size_t width = left < s.panel ? left : s.panel;
    for (size_t i = 0; i < inputs; i += s.group)
      for (size_t o = first; o < first + width; o++)
        for (size_t j = i; j < i + s.group; j++, to += s.code_bytes) {
          if (o < outputs && j < inputs)
            memcpy(to, from + (o * inputs + j) * s.code_bytes, s.code_bytes);
          else
            memset(to, 0, s.code_bytes);
        }
  }
}

uint16_t csimd_bf16_bits(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  if (isnan(value)) return (uint16_t)(bits >> 16 | 0x40);
  return (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

uint16_t csimd_f16_bits(float value) {
  const _Float16 half = (_Float16)value;
  uint16_t bits;
  memcpy(&bits, &half, 2);
  return bits;
}
