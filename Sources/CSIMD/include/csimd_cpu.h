#pragma once
#include <stdbool.h>

// What this CPU can run. Constant for the life of the process.
bool csimd_cpu_has_avx2(void);    // AVX2, FMA and F16C
bool csimd_cpu_has_avx512(void);  // AVX-512 F, BW, VL, DQ
