#include "csimd_cpu.h"

#if defined(__x86_64__)
bool csimd_cpu_has_avx2(void) {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
         __builtin_cpu_supports("f16c");
}

bool csimd_cpu_has_avx512(void) {
  return csimd_cpu_has_avx2() && __builtin_cpu_supports("avx512f") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512dq");
}

bool csimd_cpu_has_int8(void) {
  return csimd_cpu_has_avx512() && __builtin_cpu_supports("avx512vnni");
}

bool csimd_cpu_has_bf16(void) {
  return csimd_cpu_has_avx512() && __builtin_cpu_supports("avx512bf16");
}

bool csimd_cpu_has_f16(void) {
  return csimd_cpu_has_avx512() && __builtin_cpu_supports("avx512fp16");
}
#else
bool csimd_cpu_has_avx2(void) { return false; }
bool csimd_cpu_has_avx512(void) { return false; }
bool csimd_cpu_has_int8(void) { return false; }
bool csimd_cpu_has_bf16(void) { return false; }
bool csimd_cpu_has_f16(void) { return false; }
#endif
