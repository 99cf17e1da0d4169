// The loops that the narrow layers share, over rows and panels. Included once by each
// implementation, after it has defined
//
//     TARGET                the function attribute
//     VECTOR                outputs of a vector; a panel has four
//     PANEL_BYTES(n)        bytes that one vector's weights take for n inputs
//     ROW_BYTES(n)          bytes that one encoded row of n inputs takes, a multiple of 64
//     encode_row(layer, x, codes)             returns what the row's sums are multiplied by
//     block(task, panel, next, R, V)          R rows by V vectors, always inlined; of V > 4 the
//                                             vectors from the fourth on lie in the panel `next`

#include "csimd_narrow.h"

#define CODE_BYTES_MAX 32768
#define ROW_BLOCK 24

typedef struct task {
  const csimd_narrow_layer *layer;
  const unsigned char *codes;
  const float *row_scales;
  const float *bias;
  float *y;
  size_t y_stride;
  size_t first;  // output that the panel begins with
} task;

#define ROWS(V)                                                                             \
  TARGET static void panel_##V(task t, size_t rows, const unsigned char *panel) {           \
    const size_t row_bytes = ROW_BYTES(t.layer->inputs);                                    \
    for (; rows >= 6; rows -= 6, t.codes += 6 * row_bytes, t.row_scales += 6,               \
                      t.y += 6 * t.y_stride)                                                \
      block(&t, panel, panel, 6, V);                                                        \
    switch (rows) {                                                                         \
      case 5: block(&t, panel, panel, 5, V); break;                                         \
      case 4: block(&t, panel, panel, 4, V); break;                                         \
      case 3: block(&t, panel, panel, 3, V); break;                                         \
      case 2: block(&t, panel, panel, 2, V); break;                                         \
      case 1: block(&t, panel, panel, 1, V); break;                                         \
      default: break;                                                                       \
    }                                                                                       \
  }
ROWS(1)
ROWS(2)
ROWS(3)
ROWS(4)

TARGET static void panels(task t, size_t rows) {
  const csimd_narrow_layer *layer = t.layer;
  const unsigned char *panel = layer->weights;
  const size_t vector_bytes = PANEL_BYTES(layer->inputs);
  while (t.first < layer->outputs) {
    const size_t vectors = (layer->outputs - t.first + VECTOR - 1) / VECTOR;
    // One row has only a panel's four sums to add to; two panels keep the multipliers busy.
    if (rows == 1 && vectors >= 8) {
      block(&t, panel, panel + 4 * vector_bytes, 1, 8);
      t.first += 8 * VECTOR;
      panel += 8 * vector_bytes;
      continue;
    }
    switch (vectors) {
      case 1: panel_1(t, rows, panel); break;
      case 2: panel_2(t, rows, panel); break;
      case 3: panel_3(t, rows, panel); break;
      default: panel_4(t, rows, panel); break;
    }
    t.first += 4 * VECTOR;
    panel += 4 * vector_bytes;
  }
}

TARGET static void forward(const csimd_narrow_layer *layer, const float *x, size_t x_stride,
                           size_t rows, const float *bias, float *y, size_t y_stride) {
  __attribute__((aligned(64))) unsigned char codes[CODE_BYTES_MAX];
  float row_scales[ROW_BLOCK];
  const size_t row_bytes = ROW_BYTES(layer->inputs);
  size_t fitting = CODE_BYTES_MAX / row_bytes;
  if (fitting > ROW_BLOCK) fitting = ROW_BLOCK;
  if (fitting >= 6) fitting -= fitting % 6;
  while (rows > 0) {
    const size_t count = rows < fitting ? rows : fitting;
    for (size_t r = 0; r < count; r++)
      row_scales[r] = encode_row(layer, x + r * x_stride, codes + r * row_bytes);
    const task t = {layer, codes, row_scales, bias, y, y_stride, 0};
    panels(t, count);
    rows -= count;
    x += count * x_stride;
    y += count * y_stride;
  }
}
