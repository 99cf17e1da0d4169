#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Dense layers in reduced precision: float32 in, float32 out, narrower weights and products.
//
//     y[b, o] = act(bias[o] + scales[o] * sum over i of code(x[b, i]) * code(w[o, i]))
//
// int8  x is encoded as an unsigned byte, round(x * input_factors[i] + input_offsets[i]) between 0
//       and 255; weights are signed bytes. Sums are exact 32-bit integers that begin at starts[o],
//       which takes the offsets' share out again.
// bf16  x and the weights are rounded to bfloat16; an output adds pairs of products in order, each
//       product one fused multiply-add in float32 (`vdpbf16ps`), from zero on; scales are 1.
// f16   a row of x whose largest magnitude is in [1/16, 32) is rounded to float16 as it is; any
//       other is scaled by a power of two first, so that its largest value is in [1, 2). So are the
//       weights of an output, always (scales[o] takes that out again), and then rounded to
//       float16. Inputs are taken in equal runs of at most CSIMD_F16_RUN_MAX. Products of a run's
//       even and of its odd inputs are added apart, in order, one fused multiply-add in float16
//       each; then the two sums are added, and theirs to a float32. Relative error of layers of
//       367 and 512 inputs behind a ReLU: 1.5e-3 and 1.7e-3; bf16: 2.4e-3.
//
// A result depends neither on how a batch is split nor on the rows beside it.

typedef enum csimd_narrow_format {
  CSIMD_NARROW_INT8,
  CSIMD_NARROW_BF16,
  CSIMD_NARROW_F16,
} csimd_narrow_format;

// The widest layer that the kernels take: its encoded input has a fixed place on the stack.
#define CSIMD_NARROW_INPUTS_MAX 16384
#define CSIMD_F16_RUN_MAX 512
// Below, small values of a row lose digits; above, a run's sum might leave float16's range: weights
// are less than 2, and 32 * 2 * CSIMD_F16_RUN_MAX is less than 65504.
#define CSIMD_F16_UNSCALED_MIN 0x1p-4f
#define CSIMD_F16_UNSCALED_MAX 0x1p5f

typedef struct csimd_narrow_layer {
  size_t inputs;
  size_t outputs;
  bool relu;
  const void *weights;         // packed, 64-byte aligned
  const float *scales;         // csimd_narrow_padded_outputs
  const int32_t *starts;       // int8 only: csimd_narrow_padded_outputs
  const float *input_factors;  // int8 only: inputs, padded with zeros to a multiple of 16
  const float *input_offsets;  // int8 only: likewise
} csimd_narrow_layer;

// Outputs rounded up to whole panels of two vectors.
size_t csimd_narrow_padded_outputs(size_t outputs);

// Bytes that the packed weights take.
size_t csimd_narrow_packed_bytes(csimd_narrow_format format, size_t inputs, size_t outputs);

// Packs weights [outputs, inputs] that are codes already: int8_t, or the 16 bits of a bfloat16 or
// float16.
void csimd_narrow_pack(csimd_narrow_format format, const void *codes, size_t inputs,
                       size_t outputs, void *packed);

// Rounds to the nearest, ties to even; NaN stays NaN.
uint16_t csimd_bf16_bits(float value);
uint16_t csimd_f16_bits(float value);

// x: [rows, inputs], rows x_stride floats apart; y: [rows, outputs], rows y_stride floats apart.
// bias: csimd_dense_padded_outputs(outputs) floats. x and y do not overlap.
typedef void csimd_narrow_forward(const csimd_narrow_layer *layer, const float *x, size_t x_stride,
                                  size_t rows, const float *bias, float *y, size_t y_stride);

csimd_narrow_forward csimd_narrow_int8_avx512;  // caller guarantees csimd_cpu_has_int8
csimd_narrow_forward csimd_narrow_bf16_avx512;  // caller guarantees csimd_cpu_has_bf16
csimd_narrow_forward csimd_narrow_f16_avx512;   // caller guarantees csimd_cpu_has_f16
