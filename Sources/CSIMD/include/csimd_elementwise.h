#pragma once
#include <stddef.h>

// values[i] = 1 / (1 + exp(-values[i])), in place.
void csimd_sigmoid(float *values, size_t count);

// values[i * stride] = ln(1 + max(values[i * stride], 0)), in place.
void csimd_log1p_positive(float *values, size_t stride, size_t count);
