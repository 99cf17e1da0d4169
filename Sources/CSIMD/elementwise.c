#include "csimd_elementwise.h"

#include <math.h>

// In double precision and with the exponential of a negative number only: no overflow, and the
// result is the correctly rounded one but for rare ties.
void csimd_sigmoid(float *values, size_t count) {
  for (size_t i = 0; i < count; i++) {
    const double x = values[i], e = exp(-fabs(x));
    values[i] = (float)((x < 0 ? e : 1) / (1 + e));
  }
}

void csimd_log1p_positive(float *values, size_t stride, size_t count) {
  for (size_t i = 0; i < count; i++) {
    const float x = values[i * stride];
    values[i * stride] = logf(1 + (x > 0 ? x : 0));
  }
}
