// AVX-512: 16 floats a vector; six inputs by four vectors are 24 sums of 32 registers.
#include <math.h>
#include <string.h>

#include "csimd_dense.h"
#include "csimd_training.h"

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512vl,prfchw"))), \
                             apply_to = function)
#define LANES 16
#define STRIP 4
#define OVERLAPS
#define TRAINING_KERNELS csimd_training_avx512_table
#define TRAINING_NAME "avx512"
#include "training_template.h"
#pragma clang attribute pop

const csimd_training_kernels *csimd_training_avx512(void) { return &TRAINING_KERNELS; }
#else
const csimd_training_kernels *csimd_training_avx512(void) { return NULL; }
#endif
