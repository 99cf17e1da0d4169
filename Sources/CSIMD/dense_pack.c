#include "csimd_dense.h"

size_t csimd_dense_padded_outputs(size_t outputs) {
  return outputs == 1 ? 1 : (outputs + 15) / 16 * 16;
}

size_t csimd_dense_packed_count(size_t inputs, size_t outputs) {
  return csimd_dense_padded_outputs(outputs) * inputs;
}

void csimd_dense_pack(const float *weights, size_t weights_stride, size_t inputs, size_t outputs,
                      float *packed) {
  const size_t padded = csimd_dense_padded_outputs(outputs);
  for (size_t first = 0; first < padded; first += CSIMD_DENSE_PANEL) {
    const size_t left = padded - first;
    const size_t width = left < CSIMD_DENSE_PANEL ? left : CSIMD_DENSE_PANEL;
    for (size_t i = 0; i < inputs; i++, packed += width)
      for (size_t o = 0; o < width; o++)
        packed[o] = first + o < outputs ? weights[(first + o) * weights_stride + i] : 0;
  }
}
