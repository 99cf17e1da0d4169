// The row kernels, once, over a vector type. A file per instruction set defines
//
//   LANES, Vector                 floats of a vector, its type
//   Row, open_row                 a row's address with its scale and bias
//   load, load_tail               decode LANES floats, or fewer with zeros behind them
//   load_floats, load_floats_tail, store, store_tail
//   vector_zero, vector_set, vector_add, vector_multiply, vector_divide
//   ROW_KERNELS                   the name of the table that this file defines
//
// and includes this one. `element` and `width` are constants in the hot loops: the switches below
// instantiate each loop per element type, and per hot width where that pays.

CSIMD_INLINE const uint8_t *row_at(const csimd_table *table, size_t row_bytes, int64_t row) {
  return (const uint8_t *)table->rows + (size_t)row * row_bytes;
}

// At most 16 cache lines: behind them the hardware's own prefetcher runs.
CSIMD_INLINE void prefetch_row(const csimd_table *table, size_t row_bytes, const int64_t *index,
                               size_t i, size_t count) {
  if (table->ahead == 0) return;
  const size_t later = i + table->ahead;
  const uint8_t *row = row_at(table, row_bytes, index[later < count ? later : count - 1]);
  const uintptr_t end = (uintptr_t)row + (row_bytes < 1024 ? row_bytes : 1024);
  for (uintptr_t line = (uintptr_t)row & ~(uintptr_t)63; line < end; line += 64) {
    __builtin_prefetch((const void *)line, 0, 3);
  }
}

CSIMD_INLINE Vector operate(uint32_t operation, Vector a, Vector b) {
  return operation == CSIMD_MULTIPLY ? vector_multiply(a, b) : vector_add(a, b);
}

#define FOR_WIDTHS(LOOP, ELEMENT, WIDTH) \
  switch (WIDTH) {                       \
    case 16: LOOP(ELEMENT, 16); break;   \
    case 32: LOOP(ELEMENT, 32); break;   \
    case 64: LOOP(ELEMENT, 64); break;   \
    case 128: LOOP(ELEMENT, 128); break; \
    default: LOOP(ELEMENT, WIDTH);       \
  }                                      \
  break

#define FOR_ELEMENTS_AND_WIDTHS(LOOP, ELEMENT, WIDTH)                  \
  switch (ELEMENT) {                                                   \
    case CSIMD_ROW_F32: FOR_WIDTHS(LOOP, CSIMD_ROW_F32, WIDTH);        \
    case CSIMD_ROW_F16: FOR_WIDTHS(LOOP, CSIMD_ROW_F16, WIDTH);        \
    case CSIMD_ROW_BF16: FOR_WIDTHS(LOOP, CSIMD_ROW_BF16, WIDTH);      \
    case CSIMD_ROW_INT8: FOR_WIDTHS(LOOP, CSIMD_ROW_INT8, WIDTH);      \
    default: FOR_WIDTHS(LOOP, CSIMD_ROW_INT4, WIDTH);                  \
  }

#define FOR_ELEMENTS(LOOP, ELEMENT, WIDTH)                      \
  switch (ELEMENT) {                                            \
    case CSIMD_ROW_F32: LOOP(CSIMD_ROW_F32, WIDTH); break;      \
    case CSIMD_ROW_F16: LOOP(CSIMD_ROW_F16, WIDTH); break;      \
    case CSIMD_ROW_BF16: LOOP(CSIMD_ROW_BF16, WIDTH); break;    \
    case CSIMD_ROW_INT8: LOOP(CSIMD_ROW_INT8, WIDTH); break;    \
    default: LOOP(CSIMD_ROW_INT4, WIDTH);                       \
  }

// Ids to row indices. Plain loops: the compiler vectorises them for this file's instruction set.

static bool in_range(const int64_t *values, size_t count, uint64_t bound) {
  uint64_t outside = 0;
  for (size_t i = 0; i < count; i++) outside |= (uint64_t)values[i] >= bound;
  return outside == 0;
}

CSIMD_INLINE uint64_t quotient_by_reciprocal(uint64_t id, uint64_t reciprocal) {
  const uint64_t low = (uint64_t)(uint32_t)id * (uint32_t)reciprocal;
  const uint64_t high = (uint64_t)(uint32_t)id * (uint32_t)(reciprocal >> 32);
  return (high + (low >> 32)) >> 32;
}

CSIMD_INLINE void split_ids(const int64_t *ids, size_t count, const csimd_divider *divider,
                            int64_t *quotients, int64_t *remainders) {
  const uint64_t divisor = divider->divisor;
  const uint64_t reciprocal = divider->reciprocal;
  const uint32_t shift = divider->shift;
  if (shift < 64) {
    const uint64_t mask = divisor - 1;
    for (size_t i = 0; i < count; i++) {
      const uint64_t id = (uint64_t)ids[i];
      if (quotients) quotients[i] = (int64_t)(id >> shift);
      if (remainders) remainders[i] = (int64_t)(id & mask);
    }
  } else if (reciprocal != 0) {
    for (size_t i = 0; i < count; i++) {
      const uint64_t id = (uint64_t)ids[i];
      const uint64_t quotient = quotient_by_reciprocal(id, reciprocal);
      if (quotients) quotients[i] = (int64_t)quotient;
      // Both factors are below 2^32 here.
      const uint64_t multiple = (uint64_t)(uint32_t)quotient * (uint32_t)divisor;
      if (remainders) remainders[i] = (int64_t)(id - multiple);
    }
  } else {
    for (size_t i = 0; i < count; i++) {
      const uint64_t id = (uint64_t)ids[i];
      if (quotients) quotients[i] = (int64_t)(id / divisor);
      if (remainders) remainders[i] = (int64_t)(id % divisor);
    }
  }
}

static void split(const int64_t *ids, size_t count, const csimd_divider *divider,
                  int64_t *quotients, int64_t *remainders) {
  // Each case is a loop of its own with the other stores gone.
  if (!remainders) split_ids(ids, count, divider, quotients, NULL);
  else if (!quotients) split_ids(ids, count, divider, NULL, remainders);
  else split_ids(ids, count, divider, quotients, remainders);
}

static void float_quotient(const int64_t *ids, size_t count, float divisor, int64_t *quotients) {
  for (size_t i = 0; i < count; i++) quotients[i] = (int64_t)((float)ids[i] / divisor);
}

static void lookup(const void *buckets, bool is_wide, const int64_t *ids, size_t count,
                   int64_t *rows) {
  const uint8_t *bytes = buckets;
  const size_t width = is_wide ? 8 : 4;
  for (size_t i = 0; i < count; i++) {
    const size_t later = i + 16;
    __builtin_prefetch(bytes + (size_t)ids[later < count ? later : count - 1] * width, 0, 3);
    int64_t wide;
    int32_t narrow;
    if (is_wide) {
      memcpy(&wide, bytes + (size_t)ids[i] * 8, 8);
    } else {
      memcpy(&narrow, bytes + (size_t)ids[i] * 4, 4);
      wide = narrow;
    }
    rows[i] = wide;
  }
}

// Rows to vectors. A loop that prefetches nothing is one of its own: it is so short that the
// processor works on many rows at once by itself.

CSIMD_INLINE void gather_row(uint32_t element, size_t width, const uint8_t *bytes,
                             float *floats) {
  const Row row = open_row(element, bytes, width);
  size_t c = 0;
  for (; c + LANES <= width; c += LANES) store(floats + c, load(element, &row, c));
  if (c < width) store_tail(floats + c, load_tail(element, &row, c, width - c), width - c);
}

CSIMD_INLINE void gather_rows(uint32_t element, size_t width, const csimd_table *table,
                              const int64_t *index, size_t count, csimd_output output) {
  const size_t row_bytes = csimd_scalar_row_bytes(element, width);
#define GATHER                                                      \
  gather_row(element, width, row_at(table, row_bytes, index[i]), \
             output.floats + i * output.stride)
  if (table->ahead == 0) {
    for (size_t i = 0; i < count; i++) GATHER;
    return;
  }
  for (size_t i = 0; i < count; i++) {
    prefetch_row(table, row_bytes, index, i, count);
    GATHER;
  }
#undef GATHER
}

static void gather(const csimd_table *table, const int64_t *index, size_t count,
                   csimd_output output) {
#define LOOP(ELEMENT, WIDTH) gather_rows(ELEMENT, WIDTH, table, index, count, output)
  FOR_ELEMENTS_AND_WIDTHS(LOOP, table->element, table->width)
#undef LOOP
}

CSIMD_INLINE void apply_rows(uint32_t operation, uint32_t element, size_t width,
                             const csimd_table *table, const int64_t *index, size_t count,
                             csimd_output output) {
  const size_t row_bytes = csimd_scalar_row_bytes(element, width);
  for (size_t i = 0; i < count; i++) {
    prefetch_row(table, row_bytes, index, i, count);
    const Row row = open_row(element, row_at(table, row_bytes, index[i]), width);
    float *floats = output.floats + i * output.stride;
    size_t c = 0;
    for (; c + LANES <= width; c += LANES) {
      store(floats + c, operate(operation, load_floats(floats + c), load(element, &row, c)));
    }
    if (c < width) {
      const size_t n = width - c;
      const Vector before = load_floats_tail(floats + c, n);
      store_tail(floats + c, operate(operation, before, load_tail(element, &row, c, n)), n);
    }
  }
}

static void apply(uint32_t operation, const csimd_table *table, const int64_t *index,
                  size_t count, csimd_output output) {
#define LOOP(ELEMENT, WIDTH) \
  if (operation == CSIMD_MULTIPLY) \
    apply_rows(CSIMD_MULTIPLY, ELEMENT, WIDTH, table, index, count, output); \
  else \
    apply_rows(CSIMD_ADD, ELEMENT, WIDTH, table, index, count, output)
  FOR_ELEMENTS(LOOP, table->element, table->width)
#undef LOOP
}

CSIMD_INLINE void compose_row(uint32_t operation, uint32_t element, size_t width,
                              const uint8_t *first, const uint8_t *second, float *floats) {
  const Row a = open_row(element, first, width);
  const Row b = open_row(element, second, width);
  size_t c = 0;
  for (; c + LANES <= width; c += LANES) {
    store(floats + c, operate(operation, load(element, &a, c), load(element, &b, c)));
  }
  if (c < width) {
    const size_t n = width - c;
    const Vector tail = load_tail(element, &a, c, n);
    store_tail(floats + c, operate(operation, tail, load_tail(element, &b, c, n)), n);
  }
}

CSIMD_INLINE void compose_rows(uint32_t operation, uint32_t element, size_t width,
                               const csimd_table *first, const int64_t *first_index,
                               const csimd_table *second, const int64_t *second_index,
                               size_t count, csimd_output output) {
  const size_t row_bytes = csimd_scalar_row_bytes(element, width);
#define COMPOSE                                                                      \
  compose_row(operation, element, width, row_at(first, row_bytes, first_index[i]), \
              row_at(second, row_bytes, second_index[i]), output.floats + i * output.stride)
  if (first->ahead == 0 && second->ahead == 0) {
    for (size_t i = 0; i < count; i++) COMPOSE;
    return;
  }
  for (size_t i = 0; i < count; i++) {
    prefetch_row(first, row_bytes, first_index, i, count);
    prefetch_row(second, row_bytes, second_index, i, count);
    COMPOSE;
  }
#undef COMPOSE
}

static void compose(uint32_t operation, const csimd_table *first, const int64_t *first_index,
                    const csimd_table *second, const int64_t *second_index, size_t count,
                    csimd_output output) {
#define LOOP(ELEMENT, WIDTH) \
  if (operation == CSIMD_MULTIPLY) \
    compose_rows(CSIMD_MULTIPLY, ELEMENT, WIDTH, first, first_index, second, second_index, count, \
                 output); \
  else \
    compose_rows(CSIMD_ADD, ELEMENT, WIDTH, first, first_index, second, second_index, count, output)
  FOR_ELEMENTS_AND_WIDTHS(LOOP, first->element, first->width)
#undef LOOP
}

// Bags. `vectors` * LANES columns from `c` on are summed in registers over a whole bag; a `tail`
// of fewer than LANES columns is one vector with zeros behind it.

typedef struct Operand {
  const csimd_table *table;
  const int64_t *index;
} Operand;

CSIMD_INLINE void pool_columns(int vectors, size_t tail, bool composed, bool weighted,
                               uint32_t operation, uint32_t element, size_t width, Operand first,
                               Operand second, size_t from, size_t to, size_t count, size_t c,
                               const csimd_bags *bags, float *floats) {
  const size_t row_bytes = csimd_scalar_row_bytes(element, width);
  Vector sum[8];
  for (int v = 0; v < vectors; v++) {
    const float *before = floats + c + (size_t)v * LANES;
    if (!bags->accumulate) sum[v] = vector_zero();
    else sum[v] = tail ? load_floats_tail(before, tail) : load_floats(before);
  }
  for (size_t i = from; i < to; i++) {
    if (c == 0) {
      prefetch_row(first.table, row_bytes, first.index, i, count);
      if (composed) prefetch_row(second.table, row_bytes, second.index, i, count);
    }
    const Row a = open_row(element, row_at(first.table, row_bytes, first.index[i]), width);
    const Row b =
        composed ? open_row(element, row_at(second.table, row_bytes, second.index[i]), width) : a;
    const Vector weight = weighted ? vector_set(bags->weights[i]) : vector_zero();
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) {
      const size_t column = c + (size_t)v * LANES;
      Vector value = tail ? load_tail(element, &a, column, tail) : load(element, &a, column);
      if (composed) {
        value = operate(operation, value, tail ? load_tail(element, &b, column, tail)
                                               : load(element, &b, column));
      }
      if (weighted) value = vector_multiply(weight, value);
      sum[v] = vector_add(sum[v], value);
    }
  }
  for (int v = 0; v < vectors; v++) {
    float *after = floats + c + (size_t)v * LANES;
    if (tail) store_tail(after, sum[v], tail);
    else store(after, sum[v]);
  }
}

CSIMD_INLINE void pool_bags(bool composed, bool weighted, uint32_t operation, uint32_t element,
                            size_t width, Operand first, Operand second, const csimd_bags *bags,
                            csimd_output output) {
  const size_t count = (size_t)(bags->offsets[bags->count] - bags->first);
#define COLUMNS(VECTORS, TAIL)                                                                 \
  pool_columns(VECTORS, TAIL, composed, weighted, operation, element, width, first, second, from, \
               to, count, c, bags, floats)
  for (size_t bag = 0; bag < bags->count; bag++) {
    const size_t from = (size_t)(bags->offsets[bag] - bags->first);
    const size_t to = (size_t)(bags->offsets[bag + 1] - bags->first);
    float *floats = output.floats + bag * output.stride;
    size_t c = 0;
    for (; c + 8 * LANES <= width; c += 8 * LANES) COLUMNS(8, 0);
    if (c + 4 * LANES <= width) {
      COLUMNS(4, 0);
      c += 4 * LANES;
    }
    for (; c + LANES <= width; c += LANES) COLUMNS(1, 0);
    if (c < width) COLUMNS(1, width - c);
  }
#undef COLUMNS
}

static void pool(const csimd_table *table, const int64_t *index, const csimd_bags *bags,
                 csimd_output output) {
  if (bags->count == 0) return;
  const Operand rows = {table, index};
#define LOOP(ELEMENT, WIDTH) \
  if (bags->weights) pool_bags(false, true, 0, ELEMENT, WIDTH, rows, rows, bags, output); \
  else pool_bags(false, false, 0, ELEMENT, WIDTH, rows, rows, bags, output)
  FOR_ELEMENTS(LOOP, table->element, table->width)
#undef LOOP
}

static void pool_composed(uint32_t operation, const csimd_table *first,
                          const int64_t *first_index, const csimd_table *second,
                          const int64_t *second_index, const csimd_bags *bags,
                          csimd_output output) {
  if (bags->count == 0) return;
  const Operand a = {first, first_index};
  const Operand b = {second, second_index};
#define OPERATION_LOOP(OPERATION, ELEMENT, WIDTH) \
  if (bags->weights) pool_bags(true, true, OPERATION, ELEMENT, WIDTH, a, b, bags, output); \
  else pool_bags(true, false, OPERATION, ELEMENT, WIDTH, a, b, bags, output)
#define LOOP(ELEMENT, WIDTH) \
  if (operation == CSIMD_MULTIPLY) { OPERATION_LOOP(CSIMD_MULTIPLY, ELEMENT, WIDTH); } \
  else { OPERATION_LOOP(CSIMD_ADD, ELEMENT, WIDTH); }
  FOR_ELEMENTS(LOOP, first->element, first->width)
#undef LOOP
#undef OPERATION_LOOP
}

// Vectors to vectors.

static void combine(uint32_t operation, const float *input, size_t count, float *output) {
  if (operation == CSIMD_MULTIPLY) {
    for (size_t i = 0; i < count; i++) output[i] = output[i] * input[i];
  } else {
    for (size_t i = 0; i < count; i++) output[i] = output[i] + input[i];
  }
}

static void scale(const float *factors, size_t count, size_t width, csimd_output output) {
  for (size_t i = 0; i < count; i++) {
    float *floats = output.floats + i * output.stride;
    const float factor = factors[i];
    for (size_t c = 0; c < width; c++) floats[c] = floats[c] * factor;
  }
}

static void divide(const csimd_bags *bags, size_t width, csimd_output output) {
  for (size_t bag = 0; bag < bags->count; bag++) {
    const intptr_t count = bags->offsets[bag + 1] - bags->offsets[bag];
    if (count < 2) continue;
    float *floats = output.floats + bag * output.stride;
    for (size_t c = 0; c < width; c++) floats[c] = floats[c] / (float)count;
  }
}

CSIMD_INLINE float sum_of_16(float *sums) {
  for (int half = 8; half > 0; half /= 2) {
    for (int l = 0; l < half; l++) sums[l] = sums[l] + sums[l + half];
  }
  return sums[0];
}

static void affine(const void *matrix, const void *bias, const float *input, size_t rows,
                   size_t columns, bool rectify, float *output) {
  enum { vectors = 16 / LANES };
  for (size_t r = 0; r < rows; r++) {
    const Row row = {.bytes = (const uint8_t *)matrix + r * columns * 4};
    Vector sum[vectors];
    for (int v = 0; v < vectors; v++) sum[v] = vector_zero();
    for (size_t c = 0; c < columns; c += 16) {
      for (int v = 0; v < vectors; v++) {
        const size_t column = c + (size_t)v * LANES;
        if (column + LANES <= columns) {
          const Vector weights = load(CSIMD_ROW_F32, &row, column);
          sum[v] = vector_add(sum[v], vector_multiply(weights, load_floats(input + column)));
        } else if (column < columns) {
          const size_t n = columns - column;
          const Vector weights = load_tail(CSIMD_ROW_F32, &row, column, n);
          const Vector inputs = load_floats_tail(input + column, n);
          sum[v] = vector_add(sum[v], vector_multiply(weights, inputs));
        }
      }
    }
    float sums[16];
    for (int v = 0; v < vectors; v++) store(sums + v * LANES, sum[v]);
    const float value = csimd_scalar_float((const uint8_t *)bias + 4 * r) + sum_of_16(sums);
    output[r] = rectify && value < 0 ? 0 : value;
  }
}

// v * 0 is NaN exactly for NaN and infinities, and a NaN stays in a sum.
CSIMD_INLINE bool has_non_finite(uint32_t element, const csimd_table *table, size_t from,
                                 size_t to) {
  const size_t width = table->width;
  const size_t row_bytes = csimd_scalar_row_bytes(element, width);
  const Vector zero = vector_zero();
  Vector sum = zero;
  for (size_t r = from; r < to; r++) {
    const Row row = open_row(element, row_at(table, row_bytes, (int64_t)r), width);
    size_t c = 0;
    for (; c + LANES <= width; c += LANES) {
      sum = vector_add(sum, vector_multiply(load(element, &row, c), zero));
    }
    if (c < width) {
      sum = vector_add(sum, vector_multiply(load_tail(element, &row, c, width - c), zero));
    }
  }
  float sums[LANES];
  store(sums, sum);
  bool found = false;
  for (int l = 0; l < LANES; l++) found |= sums[l] != 0;
  return found;
}

CSIMD_INLINE int64_t find_non_finite(uint32_t element, const csimd_table *table, size_t from,
                                     size_t to) {
  const size_t block = 256;
  for (size_t start = from; start < to; start += block) {
    const size_t end = start + block < to ? start + block : to;
    if (!has_non_finite(element, table, start, end)) continue;
    for (size_t r = start; r < end; r++) {
      if (has_non_finite(element, table, r, r + 1)) return (int64_t)r;
    }
  }
  return -1;
}

static int64_t first_non_finite(const csimd_table *table, size_t from, size_t to) {
#define LOOP(ELEMENT, WIDTH) return find_non_finite(ELEMENT, table, from, to)
  FOR_ELEMENTS(LOOP, table->element, table->width)
#undef LOOP
}

const csimd_row_kernels ROW_KERNELS = {
    .name = ROW_KERNELS_NAME,
    .in_range = in_range,
    .split = split,
    .float_quotient = float_quotient,
    .lookup = lookup,
    .gather = gather,
    .apply = apply,
    .compose = compose,
    .pool = pool,
    .pool_composed = pool_composed,
    .combine = combine,
    .scale = scale,
    .divide = divide,
    .affine = affine,
    .first_non_finite = first_non_finite,
};
