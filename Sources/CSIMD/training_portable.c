// Four floats a vector: what every x86-64 processor has. Fused multiply-adds are calls there.
#include <math.h>
#include <string.h>

#include "csimd_dense.h"
#include "csimd_training.h"

#define LANES 4
#define STRIP 4
#define TRAINING_KERNELS csimd_training_portable_table
#define TRAINING_NAME "portable"
#include "training_template.h"

const csimd_training_kernels *csimd_training_portable(void) { return &TRAINING_KERNELS; }
