#pragma once
#include <stdbool.h>
#include <stddef.h>

// Pairwise dot products of the vectors of one sample, DLRM's interaction:
//
//     out = [z(1,0), z(2,0), z(2,1), z(3,0), ...],  z(i, j) = sum over k of t[i, k] * t[j, k]
//
// the lower triangle row by row, with the diagonal if `itself`. Every product sum is added in order
// of k, one fused multiply-add each, whatever the instruction set.
//
// Vector i of sample s begins at vectors[i] + s * strides[i] (a stride of 0: the same vector for
// all samples) and has `width` floats. Only rows first_row ..< count of the triangle are written,
// at out + s * out_stride: a caller that puts what all samples share first leaves it out by
// first_row. scratch: csimd_interaction_scratch_count floats, any content.
typedef void csimd_dot_interaction(const float *const *vectors, const size_t *strides, size_t count,
                                   size_t width, size_t first_row, bool itself, size_t samples,
                                   float *out, size_t out_stride, float *scratch);

size_t csimd_interaction_scratch_count(size_t count, size_t width);

csimd_dot_interaction csimd_dot_interaction_portable;
csimd_dot_interaction csimd_dot_interaction_avx2;    // caller guarantees AVX2 and FMA
csimd_dot_interaction csimd_dot_interaction_avx512;  // caller guarantees AVX-512 F, DQ
