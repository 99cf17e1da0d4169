// Any CPU: 4 floats a vector by the compiler's own vector type (SSE2 on every x86-64).
#include "rows_scalar.h"

#define LANES 4
#define ROW_KERNELS csimd_rows_portable
#define ROW_KERNELS_NAME "portable"

typedef float Vector __attribute__((vector_size(16)));

typedef struct Row {
  const uint8_t *bytes;
  float scale, bias;
} Row;

CSIMD_INLINE Vector vector_zero(void) { return (Vector){0, 0, 0, 0}; }
CSIMD_INLINE Vector vector_set(float value) { return (Vector){value, value, value, value}; }
CSIMD_INLINE Vector vector_add(Vector a, Vector b) { return a + b; }
CSIMD_INLINE Vector vector_multiply(Vector a, Vector b) { return a * b; }

CSIMD_INLINE Vector load_floats(const float *floats) {
  Vector v;
  memcpy(&v, floats, 16);
  return v;
}
CSIMD_INLINE void store(float *floats, Vector v) { memcpy(floats, &v, 16); }

CSIMD_INLINE Vector load_floats_tail(const float *floats, size_t n) {
  return (Vector){floats[0], n > 1 ? floats[1] : 0, n > 2 ? floats[2] : 0, 0};
}
CSIMD_INLINE void store_tail(float *floats, Vector v, size_t n) {
  floats[0] = v[0];
  if (n > 1) floats[1] = v[1];
  if (n > 2) floats[2] = v[2];
}

CSIMD_INLINE Row open_row(uint32_t element, const uint8_t *bytes, size_t width) {
  Row row = {.bytes = bytes};
  csimd_scalar_scale(element, bytes, width, &row.scale, &row.bias);
  return row;
}

CSIMD_INLINE float element_at(uint32_t element, const Row *row, size_t c) {
  return csimd_scalar_decode(element, row->bytes, c, row->scale, row->bias);
}

CSIMD_INLINE Vector load(uint32_t element, const Row *row, size_t c) {
  if (element == CSIMD_ROW_F32) {
    Vector v;
    memcpy(&v, row->bytes + 4 * c, 16);
    return v;
  }
  return (Vector){element_at(element, row, c), element_at(element, row, c + 1),
                  element_at(element, row, c + 2), element_at(element, row, c + 3)};
}

CSIMD_INLINE Vector load_tail(uint32_t element, const Row *row, size_t c, size_t n) {
  return (Vector){element_at(element, row, c), n > 1 ? element_at(element, row, c + 1) : 0,
                  n > 2 ? element_at(element, row, c + 2) : 0, 0};
}

#include "rows_template.h"
