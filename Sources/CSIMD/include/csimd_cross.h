#pragma once
#include <stddef.h>

// One layer of DCN's cross network for a batch:
//
//     y = x0 * (x . w) + b + x
//
// x0, x, y: [rows, width], rows `stride` floats apart; w, b: [width]. y may be x. x . w is summed in
// 16 interleaved parts, so the result does not depend on the instruction set.
typedef void csimd_cross_layer(const float *x0, const float *x, const float *w, const float *b,
                               size_t width, size_t stride, size_t rows, float *y);

csimd_cross_layer csimd_cross_layer_portable;
csimd_cross_layer csimd_cross_layer_avx2;  // caller guarantees AVX2 and FMA
