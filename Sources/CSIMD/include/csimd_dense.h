#pragma once
#include <stdbool.h>
#include <stddef.h>

// Dense layers: y[b, o] = act(bias[o] + sum over i of x[b, i] * w[o, i]), act = ReLU or identity.
//
// Weights are packed once into panels of 64 outputs. A panel holds for each input the 64 weights
// that it meets, so that the kernel reads memory in order. The last panel has as many outputs as
// are left, rounded up to 16; the padding is zero. Biases stay apart (a caller that knows a part of
// the inputs beforehand gives their share as bias) and are padded likewise.
//
// Every implementation adds the inputs of an output in order, one fused multiply-add each, starting
// from the bias; a single output (`outputs == 1`) is summed in 16 interleaved parts. So a result
// depends neither on how a batch is split nor on the instruction set.

#define CSIMD_DENSE_PANEL 64

// Outputs with their padding: what a bias takes.
size_t csimd_dense_padded_outputs(size_t outputs);

// Floats that the packed form of [outputs, inputs] weights takes.
size_t csimd_dense_packed_count(size_t inputs, size_t outputs);

// Packs weights [outputs, inputs] whose rows are weights_stride floats apart.
void csimd_dense_pack(const float *weights, size_t weights_stride, size_t inputs, size_t outputs,
                      float *packed);

// x: [rows, inputs], rows x_stride floats apart; y: [rows, outputs], rows y_stride floats apart.
// bias: csimd_dense_padded_outputs floats. x and y do not overlap.
typedef void csimd_dense_forward(const float *x, size_t x_stride, size_t rows, const float *packed,
                                 const float *bias, size_t inputs, size_t outputs, bool relu,
                                 float *y, size_t y_stride);

csimd_dense_forward csimd_dense_forward_portable;
csimd_dense_forward csimd_dense_forward_avx2;    // caller guarantees AVX2 and FMA
csimd_dense_forward csimd_dense_forward_avx512;  // caller guarantees AVX-512 F, DQ
csimd_dense_forward csimd_dense_forward_neon;    // aarch64 only
