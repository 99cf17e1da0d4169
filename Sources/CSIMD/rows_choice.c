// Which row kernels this CPU can run.
#include "csimd_cpu.h"
#include "csimd_rows.h"

enum { available_max = 3 };

static size_t list(const csimd_row_kernels *kernels[available_max]) {
  size_t count = 0;
  kernels[count++] = &csimd_rows_portable;
#if defined(__x86_64__)
  if (csimd_cpu_has_avx2()) kernels[count++] = &csimd_rows_avx2;
  if (csimd_cpu_has_avx512()) kernels[count++] = &csimd_rows_avx512;
#elif defined(__aarch64__)
  kernels[count++] = &csimd_rows_neon;
#endif
  return count;
}

size_t csimd_rows_available_count(void) {
  const csimd_row_kernels *kernels[available_max];
  return list(kernels);
}

const csimd_row_kernels *csimd_rows_available(size_t position) {
  const csimd_row_kernels *kernels[available_max];
  return position < list(kernels) ? kernels[position] : NULL;
}
