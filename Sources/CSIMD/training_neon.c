// NEON: 4 floats a vector; six inputs by four vectors are 24 sums of 32 registers.
#include <math.h>
#include <string.h>

#include "csimd_dense.h"
#include "csimd_training.h"

#if defined(__aarch64__)
#define LANES 4
#define STRIP 4
#define OVERLAPS
#define TRAINING_KERNELS csimd_training_neon_table
#define TRAINING_NAME "neon"
#include "training_template.h"

const csimd_training_kernels *csimd_training_neon(void) { return &TRAINING_KERNELS; }
#else
const csimd_training_kernels *csimd_training_neon(void) { return NULL; }
#endif
