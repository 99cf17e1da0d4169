// The loops that the narrow layers share, over rows and panels. Included once by each
// implementation, after it has defined
//
//     TARGET                the function attribute
//     VECTOR_BYTES(n)       bytes that one vector's weights take for n inputs
//     ROW_BYTES(n)          bytes that one encoded row of n inputs takes, a multiple of 64
//     encode_row(layer, x, codes)    returns what the row's sums are multiplied by
//     block(task, panel, R, P)       R rows by P panels of two vectors, always inlined
//
// 12 rows by 2 vectors need two fifths more loads than 6 by 4, but read each weight half as often,
// and 7 to 11 rows keep the multipliers as busy as 12.

#include "csimd_narrow.h"

#define CODE_BYTES_MAX 32768
#define ROW_BLOCK 24
#define BLOCK_ROWS 12
#define BLOCK_SUMS 24
#define VECTOR 16
#define PANEL (2 * VECTOR)

typedef struct task {
  const csimd_narrow_layer *layer;
  const unsigned char *codes;
  const float *row_scales;
  const float *bias;
  float *y;
  size_t y_stride;
  size_t first;  // output that the panel begins with
} task;

// Of the 16 outputs from `first` on those that the layer has.
TARGET static inline unsigned short lanes_of(const csimd_narrow_layer *layer, size_t first) {
  if (first >= layer->outputs) return 0;
  const size_t left = layer->outputs - first;
  return left >= VECTOR ? 0xFFFF : (unsigned short)((1u << left) - 1);
}

// Where the weights of one vector of adjacent panels lie.
TARGET static inline const unsigned char *vector_at(const unsigned char *panel, size_t panel_bytes,
                                                    int v) {
  return panel + (size_t)(v / 2) * panel_bytes + 64 * (v % 2);
}

#define CASE(R, P) \
  case R: block(&t, panel, R, P); break

TARGET static void rows_by_panel(task t, size_t rows, const unsigned char *panel) {
  switch (rows) {
    CASE(12, 1);
    CASE(11, 1);
    CASE(10, 1);
    CASE(9, 1);
    CASE(8, 1);
    CASE(7, 1);
    CASE(6, 1);
    CASE(5, 1);
    CASE(4, 1);
    CASE(3, 1);
    CASE(2, 1);
    CASE(1, 1);
    default: break;
  }
}

// Eight sums or more keep the multipliers busy; few rows have them in several panels.
TARGET static void few_rows_by_two_panels(task t, size_t rows, const unsigned char *panel) {
  switch (rows) {
    CASE(6, 2);
    CASE(5, 2);
    CASE(4, 2);
    CASE(3, 2);
    CASE(2, 2);
    default: break;
  }
}

// Blocks of about equal heights: one row alone would wait for its own sums.
TARGET static void all_rows_by_panel(task t, size_t rows, const unsigned char *panel) {
  const size_t row_bytes = ROW_BYTES(t.layer->inputs);
  for (size_t blocks = (rows + BLOCK_ROWS - 1) / BLOCK_ROWS; blocks > 0; blocks--) {
    const size_t height = (rows + blocks - 1) / blocks;
    rows_by_panel(t, height, panel);
    rows -= height;
    t.codes += height * row_bytes;
    t.row_scales += height;
    t.y += height * t.y_stride;
  }
}

TARGET static void panels(task t, size_t rows) {
  const unsigned char *panel = t.layer->weights;
  const size_t panel_bytes = 2 * VECTOR_BYTES(t.layer->inputs);
  while (t.first < t.layer->outputs) {
    const size_t left = (t.layer->outputs - t.first + PANEL - 1) / PANEL;
    size_t count = 1;
    if (rows == 1 && left >= 4) {
      count = 4;
      block(&t, panel, 1, 4);
    } else if (rows > 1 && rows <= 6 && left >= 2) {
      count = 2;
      few_rows_by_two_panels(t, rows, panel);
    } else {
      all_rows_by_panel(t, rows, panel);
    }
    t.first += count * PANEL;
    panel += count * panel_bytes;
  }
}

TARGET static void forward(const csimd_narrow_layer *layer, const float *x, size_t x_stride,
                           size_t rows, const float *bias, float *y, size_t y_stride) {
  __attribute__((aligned(64))) unsigned char codes[CODE_BYTES_MAX];
  float row_scales[ROW_BLOCK];
  const size_t row_bytes = ROW_BYTES(layer->inputs);
  size_t fitting = CODE_BYTES_MAX / row_bytes;
  if (fitting > ROW_BLOCK) fitting = ROW_BLOCK;
  if (fitting >= BLOCK_ROWS) fitting -= fitting % BLOCK_ROWS;
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
