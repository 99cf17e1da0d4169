// AVX2 and FMA: 8 floats a vector; six inputs by two vectors are twelve sums of 16 registers.
#include <math.h>
#include <string.h>

#include "csimd_dense.h"
#include "csimd_training.h"

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define LANES 8
#define STRIP 2
#define TRAINING_KERNELS csimd_training_avx2_table
#define TRAINING_NAME "avx2"
#include "training_template.h"
#pragma clang attribute pop

const csimd_training_kernels *csimd_training_avx2(void) { return &TRAINING_KERNELS; }
#else
const csimd_training_kernels *csimd_training_avx2(void) { return NULL; }
#endif
