// Part of training_template.h: the weights of dense layers move by their gradients.

// One sample's part of a block of gradients.
INLINE void add_sample(const float *x, const float *delta, Vector sum[6][STRIP], const int R,
                       const int V) {
  __builtin_prefetch(x + 16, 0, 3);  // Perhaps another core's.
  Vector d[STRIP];
  for (int v = 0; v < V; v++) d[v] = load(delta + LANES * v);
  for (int r = 0; r < R; r++) {
    const Vector input = spread(x[r]);
    for (int v = 0; v < V; v++) sum[r][v] = fused(input, d[v], sum[r][v]);
  }
}

INLINE void start_sums(const float *sums, Vector sum[6][STRIP], const int R, const int V) {
  for (int r = 0; r < R; r++)
    for (int v = 0; v < V; v++) sum[r][v] = sums ? load(sums + LANES * (V * r + v)) : zero();
}

INLINE void keep_sums(float *sums, Vector sum[6][STRIP], const int R, const int V) {
  for (int r = 0; r < R; r++)
    for (int v = 0; v < V; v++) store(sums + LANES * (V * r + v), sum[r][v]);
}

// R inputs by V vectors of outputs: their sums over the samples stay in registers. before: the sums
// over samples before these; NULL: none.
INLINE void gradient_block(const float *x, size_t x_stride, const float *delta, size_t rows,
                           const float *before, float *gradient, const int R, const int V) {
  Vector sum[6][STRIP];
  start_sums(before, sum, R, V);
  for (size_t b = 0; b < rows; b++, x += x_stride, delta += LANES * V)
    add_sample(x, delta, sum, R, V);
  keep_sums(gradient, sum, R, V);
}

// Moves a block's parameters, `padded` floats an input, by their gradient, `width` floats an input.
static void move_block(const csimd_update *rule, csimd_parameters block, size_t padded,
                       const float *gradient, size_t width, size_t inputs) {
  if (padded == width) return update(rule, block, gradient, inputs * width);
  for (size_t i = 0; i < inputs; i++)
    update(rule, moved_all(block, i * padded), gradient + i * width, width);
}

#ifdef OVERLAPS
// As gradient_block for six inputs. Between the samples it moves the six inputs before by the
// gradient that it finds in `gradient`, so that roots and quotients take no time of their own, and
// asks for the parameters of the six after.
INLINE void overlapped_block(const float *x, size_t x_stride, const float *delta, size_t rows,
                             const float *before, const csimd_update *rule,
                             csimd_parameters block, size_t padded, float *gradient) {
  const size_t turn = rows / (6 * STRIP);
  Vector sum[6][STRIP];
  start_sums(before, sum, 6, STRIP);
  size_t place = 0;
  for (size_t u = 0; u < 6 * STRIP; u++, place += LANES) {
    if (u % STRIP == 0 && u > 0) place += padded - LANES * STRIP;
    update_vector(rule, block, load(gradient + LANES * u), place);
    const size_t ahead = place + 12 * padded;
    __builtin_prefetch(block.values + ahead, 1, 3);
    if (rule->rule != CSIMD_SGD) __builtin_prefetch(block.first + ahead, 1, 3);
    if (rule->rule == CSIMD_AMSGRAD) {
      __builtin_prefetch(block.second + ahead, 1, 3);
      __builtin_prefetch(block.third + ahead, 1, 3);
    }
    for (size_t k = 0; k < turn; k++, x += x_stride, delta += LANES * STRIP)
      add_sample(x, delta, sum, 6, STRIP);
  }
  for (size_t b = 6 * STRIP * turn; b < rows; b++, x += x_stride, delta += LANES * STRIP)
    add_sample(x, delta, sum, 6, STRIP);
  keep_sums(gradient, sum, 6, STRIP);
}

// The first inputs of a strip, six at a time; returns how many. Those of the last six have not
// moved: their gradient is in `gradient`.
INLINE size_t overlapped_strip(const float *x, size_t x_stride, const float *delta, size_t rows,
                               const float *before, size_t inputs, const csimd_update *rule,
                               csimd_parameters strip, size_t padded, float *gradient) {
  size_t i = 6;
  if (inputs < i) return 0;
  gradient_block(x, x_stride, delta, rows, before, gradient, 6, STRIP);
  for (; i + 6 <= inputs; i += 6)
    overlapped_block(x + i, x_stride, delta, rows, before ? before + i * LANES * STRIP : NULL,
                     rule, moved_all(strip, (i - 6) * padded), padded, gradient);
  return i;
}

static size_t overlapped(const float *x, size_t x_stride, const float *delta, size_t rows,
                         const float *before, size_t inputs, const csimd_update *rule,
                         csimd_parameters strip, size_t padded, float *gradient) {
  csimd_update constant = *rule;
  switch (rule->rule) {  // So that each loop knows its rule.
    case CSIMD_ADAGRAD:
      constant.rule = CSIMD_ADAGRAD;
      return overlapped_strip(x, x_stride, delta, rows, before, inputs, &constant, strip, padded,
                              gradient);
    case CSIMD_AMSGRAD:
      constant.rule = CSIMD_AMSGRAD;
      return overlapped_strip(x, x_stride, delta, rows, before, inputs, &constant, strip, padded,
                              gradient);
    default:
      constant.rule = CSIMD_SGD;
      return overlapped_strip(x, x_stride, delta, rows, before, inputs, &constant, strip, padded,
                              gradient);
  }
}
#endif

// The sums of a strip over some of the samples, added to those over the samples before.
INLINE void add_samples(const float *x, size_t x_stride, const float *delta, size_t rows,
                        bool is_first, size_t inputs, float *sums, const int V) {
  for (; inputs >= 6; inputs -= 6, x += 6, sums += 6 * LANES * V)
    gradient_block(x, x_stride, delta, rows, is_first ? NULL : sums, sums, 6, V);
  for (; inputs > 0; inputs--, x++, sums += LANES * V)
    gradient_block(x, x_stride, delta, rows, is_first ? NULL : sums, sums, 1, V);
}

// The last samples of a strip, whose weights move. before: the sums over the others, or NULL.
INLINE void move_strip(const float *x, size_t x_stride, const float *delta, size_t rows,
                       const float *before, size_t inputs, const csimd_update *rule,
                       csimd_parameters strip, size_t padded, const int V) {
  float gradient[6 * LANES * STRIP];
  size_t i = 0;
#ifdef OVERLAPS
  if (V == STRIP) {
    i = overlapped(x, x_stride, delta, rows, before, inputs, rule, strip, padded, gradient);
    if (i > 0) move_block(rule, moved_all(strip, (i - 6) * padded), padded, gradient, LANES * V, 6);
  }
#endif
  for (; i + 6 <= inputs; i += 6) {
    gradient_block(x + i, x_stride, delta, rows, before ? before + i * LANES * V : NULL, gradient,
                   6, V);
    move_block(rule, moved_all(strip, i * padded), padded, gradient, LANES * V, 6);
  }
  for (; i < inputs; i++) {
    gradient_block(x + i, x_stride, delta, rows, before ? before + i * LANES * V : NULL, gradient,
                   1, V);
    move_block(rule, moved_all(strip, i * padded), padded, gradient, LANES * V, 1);
  }
}

// Close together: rows far apart would meet in few lines of the cache.
INLINE void gather_strip(const float *delta, size_t delta_stride, size_t rows, size_t width,
                         float *strip, const int V) {
  const size_t all = (size_t)LANES * V;
  for (size_t b = 0; b < rows; b++, delta += delta_stride, strip += all) {
    memcpy(strip, delta, width * sizeof(float));
    memset(strip + width, 0, (all - width) * sizeof(float));
  }
}

INLINE void weight_strip(const float *x, size_t x_stride, size_t rows, const float *delta,
                         size_t delta_stride, size_t inputs, size_t width, float *scratch,
                         const csimd_update *rule, csimd_parameters strip, size_t padded,
                         const int V) {
  float *sums = NULL;
  for (; rows > CSIMD_GRADIENT_ROWS; rows -= CSIMD_GRADIENT_ROWS) {
    gather_strip(delta, delta_stride, CSIMD_GRADIENT_ROWS, width, scratch, V);
    add_samples(x, x_stride, scratch, CSIMD_GRADIENT_ROWS, !sums, inputs,
                scratch + CSIMD_GRADIENT_SCRATCH, V);
    sums = scratch + CSIMD_GRADIENT_SCRATCH;
    x += CSIMD_GRADIENT_ROWS * x_stride, delta += CSIMD_GRADIENT_ROWS * delta_stride;
  }
  gather_strip(delta, delta_stride, rows, width, scratch, V);
  move_strip(x, x_stride, scratch, rows, sums, inputs, rule, strip, padded, V);
}

static void weight_step(const float *x, size_t x_stride, size_t rows, const float *delta,
                        size_t delta_stride, size_t inputs, size_t width, size_t padded,
                        float *scratch, const csimd_update *rule, csimd_parameters panel) {
  size_t o = 0;
  for (; o + LANES * STRIP <= padded; o += LANES * STRIP) {
    const size_t left = o < width ? width - o : 0;
    weight_strip(x, x_stride, rows, delta + o, delta_stride, inputs,
                 left < LANES * STRIP ? left : LANES * STRIP, scratch, rule, moved_all(panel, o),
                 padded, STRIP);
  }
  for (; o < padded; o += 16) {
    const size_t left = width - o;
    weight_strip(x, x_stride, rows, delta + o, delta_stride, inputs, left < 16 ? left : 16,
                 scratch, rule, moved_all(panel, o), padded, 16 / LANES);
  }
}
