// Part of training_template.h: dense layers forward, back and onward.

// A layer's outputs for R samples and V vectors of outputs, whose sums stay in registers. Meanwhile
// it asks for the lines of memory at `ahead`, one an input, `ahead_step` bytes apart: what comes
// next has often been written by another core, and to wait for it there costs more than to compute.
// So it does for the lines of the outputs, which another core may have read: all at once they would
// take the places that the weights need on their way from the second-level cache.
INLINE void layer_block(const float *x, size_t x_stride, const float *weights, size_t padded,
                        const float *bias, size_t inputs, bool relu, float *y, size_t y_stride,
                        size_t width, const char *ahead, size_t ahead_step, const int R,
                        const int V) {
  Vector sum[6][STRIP];
  for (int r = 0; r < R; r++)
    for (int v = 0; v < V; v++) sum[r][v] = load(bias + LANES * v);
  size_t i = 0;
  for (size_t part = 1; part <= (size_t)R; part++) {
    for (int v = 0; v < V; v++)
      __builtin_prefetch(y + (part - 1) * y_stride + LANES * v, 1, 3);
    const size_t end = part < (size_t)R ? i + inputs / R : inputs;
    for (; i < end; i++, weights += padded, ahead += ahead_step) {
      __builtin_prefetch(ahead, 0, 2);
      Vector w[STRIP];
      for (int v = 0; v < V; v++) w[v] = load(weights + LANES * v);
      for (int r = 0; r < R; r++) {
        const Vector input = spread(x[(size_t)r * x_stride + i]);
        for (int v = 0; v < V; v++) sum[r][v] = fused(input, w[v], sum[r][v]);
      }
    }
  }
  UNROLLED for (int r = 0; r < R; r++, y += y_stride)
    UNROLLED for (int v = 0; v < V; v++) {
      const Vector value = relu ? larger(sum[r][v], zero()) : sum[r][v];
      if ((size_t)v * LANES + LANES <= width) {
        store(y + LANES * v, value);
      } else {
        float part[LANES];
        store(part, value);
        for (size_t o = (size_t)v * LANES; o < width; o++) y[o] = part[o - (size_t)v * LANES];
      }
    }
}

// The samples of a strip of outputs; see layer_block.
INLINE void layer_strip(const float *x, size_t x_stride, size_t rows, const float *weights,
                        size_t padded, const float *bias, size_t inputs, bool relu, float *y,
                        size_t y_stride, size_t width, const char *ahead, size_t ahead_step,
                        const int V) {
#define LAYER_BLOCK(R)                                                                           \
  layer_block(x, x_stride, weights, padded, bias, inputs, relu, y, y_stride, width, ahead,       \
              ahead_step, R, V)
  for (; rows >= 6; rows -= 6, x += 6 * x_stride, y += 6 * y_stride, ahead += inputs * ahead_step)
    LAYER_BLOCK(6);
  switch (rows) {
    case 5: LAYER_BLOCK(5); break;
    case 4: LAYER_BLOCK(4); break;
    case 3: LAYER_BLOCK(3); break;
    case 2: LAYER_BLOCK(2); break;
    case 1: LAYER_BLOCK(1); break;
    default: break;
  }
#undef LAYER_BLOCK
}

static void layer_forward(const float *x, size_t x_stride, size_t rows, const float *packed,
                          const float *bias, size_t inputs, size_t outputs, bool relu, float *y,
                          size_t y_stride, size_t first_panel, const float *next,
                          size_t next_count) {
  if (outputs == 1) {
    for (size_t r = 0; r < rows; r++, x += x_stride, y += y_stride) {
      const float value = *bias + dot(x, packed, inputs);
      *y = relu && !(value > 0) ? 0 : value;
    }
    return;
  }
  const size_t all = (outputs + 15) / 16 * 16;
  const size_t panels = (all + CSIMD_DENSE_PANEL - 1) / CSIMD_DENSE_PANEL;
  size_t first = first_panel * CSIMD_DENSE_PANEL;
  for (size_t turn = 1; turn <= panels; turn++) {
    const size_t left = all - first;
    const size_t padded = left < CSIMD_DENSE_PANEL ? left : CSIMD_DENSE_PANEL;
    const float *weights = packed + first * inputs;
    const size_t after = padded < left ? first + padded : 0;
    const bool is_last = turn == panels;
    const size_t after_left = is_last ? next_count : inputs * (all - after);
    const char *ahead = (const char *)(is_last ? next : packed + after * inputs);
    const size_t panel = inputs * CSIMD_DENSE_PANEL;
    const size_t asked = after_left < panel ? after_left : panel;
    const size_t ahead_step = sizeof(float) * asked / (inputs * (rows / 6 + 1)) + 1;
    for (size_t o = 0; o < padded; o += LANES * STRIP) {
      const size_t start = first + o;
#define LAYER_STRIP(V)                                                                           \
  layer_strip(x, x_stride, rows, weights + o, padded, bias + start, inputs, relu, y + start,     \
              y_stride, outputs - start, ahead, ahead_step, V)
      switch ((padded - o) / LANES) {
        case 1: LAYER_STRIP(1); break;
#if STRIP > 2
        case 2: LAYER_STRIP(2); break;
        case 3: LAYER_STRIP(3); break;
#endif
        default: LAYER_STRIP(STRIP);
      }
#undef LAYER_STRIP
    }
    first = after;
  }
}

#if LANES == 16
#define TILE 16
// Sixteen by sixteen: pairs, fours, and the quarters of vectors.
INLINE void transpose_tile(const float *from, size_t from_stride, float *to, size_t to_stride) {
  Vector a[16], b[16];
  UNROLLED for (int i = 0; i < 16; i++) a[i] = load(from + (size_t)i * from_stride);
#define PAIRED(x, y, low)                                                                        \
  __builtin_shufflevector(x, y, low, 16 + low, low + 1, 17 + low, 4 + low, 20 + low, 5 + low,    \
                          21 + low, 8 + low, 24 + low, 9 + low, 25 + low, 12 + low, 28 + low,    \
                          13 + low, 29 + low)
#define FOURS(x, y, low)                                                                         \
  __builtin_shufflevector(x, y, low, 1 + low, 16 + low, 17 + low, 4 + low, 5 + low, 20 + low,    \
                          21 + low, 8 + low, 9 + low, 24 + low, 25 + low, 12 + low, 13 + low,    \
                          28 + low, 29 + low)
#define QUARTERS(x, y, low)                                                                      \
  __builtin_shufflevector(x, y, low, 1 + low, 2 + low, 3 + low, 8 + low, 9 + low, 10 + low,      \
                          11 + low, 16 + low, 17 + low, 18 + low, 19 + low, 24 + low, 25 + low,  \
                          26 + low, 27 + low)
  UNROLLED for (int i = 0; i < 16; i += 2) {
    b[i] = PAIRED(a[i], a[i + 1], 0);
    b[i + 1] = PAIRED(a[i], a[i + 1], 2);
  }
  UNROLLED for (int i = 0; i < 16; i += 4) {
    a[i] = FOURS(b[i], b[i + 2], 0);
    a[i + 1] = FOURS(b[i], b[i + 2], 2);
    a[i + 2] = FOURS(b[i + 1], b[i + 3], 0);
    a[i + 3] = FOURS(b[i + 1], b[i + 3], 2);
  }
  UNROLLED for (int i = 0; i < 4; i++) {
    b[i] = QUARTERS(a[i], a[i + 4], 0);
    b[i + 4] = QUARTERS(a[i], a[i + 4], 4);
    b[i + 8] = QUARTERS(a[i + 8], a[i + 12], 0);
    b[i + 12] = QUARTERS(a[i + 8], a[i + 12], 4);
  }
  UNROLLED for (int i = 0; i < 8; i++) {
    store(to + (size_t)i * to_stride, QUARTERS(b[i], b[i + 8], 0));
    store(to + (size_t)(i + 8) * to_stride, QUARTERS(b[i], b[i + 8], 4));
  }
#undef PAIRED
#undef FOURS
#undef QUARTERS
}
#else
#define TILE 4
typedef float Four __attribute__((vector_size(16)));
typedef float LooseFour __attribute__((vector_size(16), aligned(4), may_alias));

// Four by four, so that neither side's reads or writes are scattered one by one.
INLINE void transpose_tile(const float *from, size_t from_stride, float *to, size_t to_stride) {
  Four a = *(const LooseFour *)from, b = *(const LooseFour *)(from + from_stride);
  Four c = *(const LooseFour *)(from + 2 * from_stride);
  Four d = *(const LooseFour *)(from + 3 * from_stride);
  const Four ab = __builtin_shufflevector(a, b, 0, 4, 1, 5);
  const Four ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  const Four cd = __builtin_shufflevector(c, d, 0, 4, 1, 5);
  const Four cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  *(LooseFour *)to = __builtin_shufflevector(ab, cd, 0, 1, 4, 5);
  *(LooseFour *)(to + to_stride) = __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
  *(LooseFour *)(to + 2 * to_stride) = __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5);
  *(LooseFour *)(to + 3 * to_stride) = __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7);
}
#endif

// Rows of memory that will be written, and that another core may have read.
typedef struct Rows {
  const float *start;
  size_t stride, count, width;
} Rows;

// Asks for some of the rows: from `begin` to `end`, if all are `whole`.
INLINE void ask_rows(Rows rows, size_t begin, size_t end, size_t whole) {
  for (size_t r = rows.count * begin / whole; r < rows.count * end / whole; r++)
    for (size_t k = 0; k < rows.width; k += 16)
      __builtin_prefetch(rows.start + r * rows.stride + k, 1, 3);
}

// The gradients of R inputs for V vectors of samples, which lie in the lanes: the weights are read
// as they lie, an output after the other. Meanwhile it asks for those of the inputs behind, and
// bit by bit for the rows `wanted`.
INLINE void back_block(const float *delta, const float *packed, size_t input, size_t inputs,
                       size_t outputs, float *result, Rows wanted, const int R, const int V) {
  Vector sum[12][STRIP];
  UNROLLED for (int r = 0; r < R; r++)
    UNROLLED for (int v = 0; v < V; v++) sum[r][v] = zero();
  for (size_t first = 0; first < outputs; first += CSIMD_DENSE_PANEL) {
    const size_t left = outputs - first;
    const size_t width = left < CSIMD_DENSE_PANEL ? left : CSIMD_DENSE_PANEL;
    const size_t padded = outputs == 1 ? 1 : (width + 15) / 16 * 16;
    const float *w = packed + first * inputs + input * padded;
    const char *ahead = (const char *)(w + R * padded);
    ask_rows(wanted, first, first + width, outputs);
    for (size_t o = 0; o < width; o++, w++, delta += LANES * V, ahead += sizeof(float) * R) {
      __builtin_prefetch(ahead, 0, 3);
      Vector d[STRIP];
      UNROLLED for (int v = 0; v < V; v++) d[v] = load(delta + LANES * v);
      UNROLLED for (int r = 0; r < R; r++) {
        const Vector weight = spread(w[(size_t)r * padded]);
        UNROLLED for (int v = 0; v < V; v++) sum[r][v] = fused(weight, d[v], sum[r][v]);
      }
    }
  }
  UNROLLED for (int r = 0; r < R; r++)
    UNROLLED for (int v = 0; v < V; v++) store(result + LANES * (V * r + v), sum[r][v]);
}

// from: [rows, columns]; to: its transposed form.
static void transpose(const float *from, size_t from_stride, size_t rows, size_t columns, float *to,
                      size_t to_stride) {
  size_t r = 0;
  for (; r + TILE <= rows; r += TILE) {
    size_t c = 0;
    for (; c + TILE <= columns; c += TILE)
      transpose_tile(from + r * from_stride + c, from_stride, to + c * to_stride + r, to_stride);
    for (; c < columns; c++)
      for (size_t k = r; k < r + TILE; k++) to[c * to_stride + k] = from[k * from_stride + c];
  }
  for (; r < rows; r++)
    for (size_t c = 0; c < columns; c++) to[c * to_stride + r] = from[r * from_stride + c];
}

// The samples of one strip: at most V vectors of them.
INLINE void back_strip(const float *delta, size_t delta_stride, size_t rows, const float *packed,
                       size_t inputs, size_t outputs, float *result, size_t result_stride,
                       float *scratch, const int V) {
  const size_t lanes = (size_t)LANES * V;
  float *turned = scratch + CSIMD_BACK_INPUTS * lanes;
  if (rows < lanes) memset(turned, 0, outputs * lanes * sizeof(float));
  transpose(delta, delta_stride, rows, outputs, turned, lanes);
  for (size_t start = 0; start < inputs; start += CSIMD_BACK_INPUTS) {
    const size_t left = inputs - start;
    const size_t count = left < CSIMD_BACK_INPUTS ? left : CSIMD_BACK_INPUTS;
    const int R = V <= STRIP / 2 ? 12 : 6;
    size_t i = 0;
    for (; i + R <= count; i += R) {
      const size_t row = rows * i / count, end = rows * (i + R) / count;
      const Rows wanted = {result + row * result_stride + start, result_stride, end - row, count};
      back_block(turned, packed, start + i, inputs, outputs, scratch + i * lanes, wanted, R, V);
    }
    for (; i < count; i++)
      back_block(turned, packed, start + i, inputs, outputs, scratch + i * lanes, (Rows){0}, 1, V);
    transpose(scratch, lanes, count, rows, result + start, result_stride);
  }
}

static void layer_backward(const float *delta, size_t delta_stride, size_t rows,
                           const float *packed, size_t inputs, size_t outputs, float *result,
                           size_t result_stride, float *scratch) {
  const size_t all = LANES * STRIP;
  for (size_t b = 0; b < rows; b += all) {
    const size_t count = rows - b < all ? rows - b : all;
#define BACK_STRIP(V)                                                                            \
  back_strip(delta + b * delta_stride, delta_stride, count, packed, inputs, outputs,             \
             result + b * result_stride, result_stride, scratch, V)
    switch ((count + LANES - 1) / LANES) {
      case 1: BACK_STRIP(1); break;
#if STRIP > 2
      case 2: BACK_STRIP(2); break;
      case 3: BACK_STRIP(3); break;
#endif
      default: BACK_STRIP(STRIP);
    }
#undef BACK_STRIP
  }
}
