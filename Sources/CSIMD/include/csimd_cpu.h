#pragma once
#include <stdbool.h>

// What this CPU can run. Constant for the life of the process.
bool csimd_cpu_has_avx2(void);    // AVX2, FMA and F16C
bool csimd_cpu_has_avx512(void);  // AVX-512 F, BW, VL, DQ
bool csimd_cpu_has_int8(void);    // AVX-512 as above, and AVX512-VNNI
bool csimd_cpu_has_bf16(void);    // these and AVX512-BF16
bool csimd_cpu_has_f16(void);     // these and AVX512-FP16
