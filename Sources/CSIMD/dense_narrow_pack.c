#include <math.h>
#include <string.h>

#include "csimd_narrow.h"

#define VECTOR 16
#define PANEL (2 * VECTOR)

// Bytes of a code. Codes of four bytes' worth of inputs lie side by side for one output.
static size_t code_bytes(csimd_narrow_format format) { return format == CSIMD_NARROW_INT8 ? 1 : 2; }

static size_t round_up(size_t count, size_t step) { return (count + step - 1) / step * step; }

// A panel has two vectors. In float16 they hold its even and its odd outputs.
static size_t output_of_lane(csimd_narrow_format format, size_t lane) {
  if (format != CSIMD_NARROW_F16) return lane;
  return 2 * (lane % VECTOR) + lane / VECTOR;
}

size_t csimd_narrow_padded_outputs(size_t outputs) { return round_up(outputs, PANEL); }

size_t csimd_narrow_packed_bytes(csimd_narrow_format format, size_t inputs, size_t outputs) {
  return round_up(outputs, PANEL) * round_up(inputs * code_bytes(format), 4);
}

void csimd_narrow_pack(csimd_narrow_format format, const void *codes, size_t inputs,
                       size_t outputs, void *packed) {
  const size_t size = code_bytes(format), group = 4 / size;
  const size_t padded = round_up(outputs, PANEL);
  const unsigned char *from = codes;
  unsigned char *to = packed;
  for (size_t first = 0; first < padded; first += PANEL)
    for (size_t i = 0; i < inputs; i += group)
      for (size_t lane = 0; lane < PANEL; lane++) {
        const size_t o = first + output_of_lane(format, lane);
        for (size_t j = i; j < i + group; j++, to += size) {
          if (o < outputs && j < inputs)
            memcpy(to, from + (o * inputs + j) * size, size);
          else
            memset(to, 0, size);
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
