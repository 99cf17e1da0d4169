// The training kernels, once, over a vector type. A file per instruction set defines
//
//   LANES           floats of a vector: 4, 8 or 16
//   STRIP           vectors of a strip of outputs whose sums stay in registers: 16 or 64 floats
//   OVERLAPS        defined if there are registers to update parameters between sums
//   TRAINING_KERNELS, TRAINING_NAME   the table that the file defines, and what it is called
//
// and includes this one between the push and the pop of its target attribute.

#define INLINE __attribute__((always_inline)) static inline
// For loops over sums: these stay in registers only if no loop is left.
#define UNROLLED _Pragma("clang loop unroll(full)")

typedef float Vector __attribute__((vector_size(4 * LANES)));
typedef float LooseVector __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef int32_t Mask __attribute__((vector_size(4 * LANES)));

INLINE Vector load(const float *p) { return *(const LooseVector *)p; }
INLINE void store(float *p, Vector v) { *(LooseVector *)p = v; }
INLINE Vector zero(void) { return (Vector){0}; }
INLINE Vector spread(float x) { return x - zero(); }
INLINE Vector fused(Vector a, Vector b, Vector c) { return __builtin_elementwise_fma(a, b, c); }
INLINE Vector root(Vector v) { return __builtin_elementwise_sqrt(v); }

// y[i] += a * x[i]
INLINE void add_scaled(float a, const float *x, float *y, size_t count) {
  size_t i = 0;
  const Vector factor = spread(a);
  for (; i + LANES <= count; i += LANES) store(y + i, fused(factor, load(x + i), load(y + i)));
  for (; i < count; i++) y[i] = __builtin_fmaf(a, x[i], y[i]);
}

// The sum of x[i] * y[i]: of 16 interleaved sums, whatever the instruction set.
INLINE float dot(const float *x, const float *y, size_t count) {
  Vector sum[16 / LANES];
  for (int v = 0; v < 16 / LANES; v++) sum[v] = zero();
  size_t i = 0;
  for (; i + 16 <= count; i += 16)
    for (int v = 0; v < 16 / LANES; v++)
      sum[v] = fused(load(x + i + LANES * v), load(y + i + LANES * v), sum[v]);
  float parts[16];
  for (int v = 0; v < 16 / LANES; v++) store(parts + LANES * v, sum[v]);
  for (size_t l = 0; i < count; i++, l++) parts[l] = __builtin_fmaf(x[i], y[i], parts[l]);
  for (int half = 8; half > 0; half /= 2)
    for (int l = 0; l < half; l++) parts[l] += parts[l + half];
  return parts[0];
}

#include "training_updates.h"
#include "training_layers.h"
#include "training_weights.h"

static void column_sums(const float *x, size_t x_stride, size_t rows, const float *w,
                        size_t w_stride, size_t count, float *sums) {
  size_t i = 0;
  for (; i + LANES <= count; i += LANES) {
    Vector sum = zero();
    for (size_t b = 0; b < rows; b++) {
      const Vector value = load(x + b * x_stride + i);
      sum = w ? fused(spread(w[b * w_stride]), value, sum) : sum + value;
    }
    store(sums + i, sum);
  }
  for (; i < count; i++) {
    float sum = 0;
    for (size_t b = 0; b < rows; b++) {
      const float value = x[b * x_stride + i];
      sum = w ? __builtin_fmaf(w[b * w_stride], value, sum) : sum + value;
    }
    sums[i] = sum;
  }
}

static void relu_backward(const float *activation, size_t activation_stride, float *delta,
                          size_t delta_stride, size_t rows, size_t count) {
  for (size_t b = 0; b < rows; b++, activation += activation_stride, delta += delta_stride) {
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
      const Mask keeps = load(activation + i) > zero();
      store(delta + i, (Vector)((Mask)load(delta + i) & keeps));
    }
    for (; i < count; i++)
      if (!(activation[i] > 0)) delta[i] = 0;
  }
}

INLINE void prefetch(const float *start, size_t count) {
  if (!start) return;
  for (size_t i = 0; i < count && i < 256; i += 16) __builtin_prefetch(start + i, 1, 3);
}

// The mean of the squares of a row: 16 interleaved sums, whatever the instruction set.
INLINE float mean_square(const float *g, size_t width) {
  float parts[16] = {0};
  for (size_t i = 0; i < width; i++) parts[i % 16] = __builtin_fmaf(g[i], g[i], parts[i % 16]);
  for (int half = 8; half > 0; half /= 2)
    for (int l = 0; l < half; l++) parts[l] += parts[l + half];
  return parts[0] / (float)width;
}

#define ROWS_AHEAD 8
static void update_rows(const csimd_update *rule, csimd_parameters table, size_t width,
                        const int64_t *rows, size_t count, const float *gradient) {
  const bool is_rowwise = rule->rule == CSIMD_ROWWISE;
  const size_t kept = is_rowwise ? 1 : width;
  for (size_t r = 0; r < count; r++, gradient += width) {
    if (r + ROWS_AHEAD < count) {
      const size_t later = (size_t)rows[r + ROWS_AHEAD];
      prefetch(table.values + later * width, width);
      prefetch(moved(table.first, later * kept), kept);
      prefetch(moved(table.second, later * kept), kept);
      prefetch(moved(table.third, later * kept), kept);
    }
    const size_t row = (size_t)rows[r];
    if (is_rowwise) {
      float *sum = table.first + row;
      *sum += mean_square(gradient, width);
      csimd_update scaled = {.rule = CSIMD_SGD, .rate = rule->rate / (sqrtf(*sum) + rule->epsilon)};
      update_by(&scaled, (csimd_parameters){.values = table.values + row * width}, gradient, width);
    } else {
      update(rule,
             (csimd_parameters){table.values + row * width, moved(table.first, row * width),
                                moved(table.second, row * width), moved(table.third, row * width)},
             gradient, width);
    }
  }
}

// R of a sample's vectors at a time; one vector's LANES columns are loaded once for all of them.
INLINE void interaction_block(const float *vectors, const float *weights, size_t count,
                              size_t width, float *out, const int R) {
  size_t k = 0;
  for (; k + LANES <= width; k += LANES) {
    Vector sum[8];
    for (int r = 0; r < R; r++) sum[r] = zero();
    for (size_t j = 0; j < count; j++) {
      const Vector other = load(vectors + j * width + k);
      for (int r = 0; r < R; r++)
        sum[r] = fused(spread(weights[(size_t)r * count + j]), other, sum[r]);
    }
    for (int r = 0; r < R; r++) store(out + (size_t)r * width + k, sum[r]);
  }
  for (; k < width; k++)
    for (int r = 0; r < R; r++) {
      float sum = 0;
      for (size_t j = 0; j < count; j++)
        sum = __builtin_fmaf(weights[(size_t)r * count + j], vectors[j * width + k], sum);
      out[(size_t)r * width + k] = sum;
    }
}

static void interaction_backward(const float *vectors, size_t vectors_stride, const float *products,
                                 size_t products_stride, size_t samples, size_t count, size_t width,
                                 bool itself, float *out, size_t out_stride, float *scratch) {
  for (size_t s = 0; s < samples; s++) {
    // The triangle as a symmetric matrix; a square's derivative counts twice.
    const float *row = products;
    for (size_t i = 0; i < count; i++) {
      for (size_t j = 0; j < i; j++) scratch[i * count + j] = scratch[j * count + i] = row[j];
      scratch[i * count + i] = itself ? 2 * row[i] : 0;
      row += i + (itself ? 1 : 0);
    }
    size_t i = 0;
    for (; i + 8 <= count; i += 8)
      interaction_block(vectors, scratch + i * count, count, width, out + i * width, 8);
    for (; i + 3 <= count; i += 3)
      interaction_block(vectors, scratch + i * count, count, width, out + i * width, 3);
    for (; i < count; i++)
      interaction_block(vectors, scratch + i * count, count, width, out + i * width, 1);
    vectors += vectors_stride, products += products_stride, out += out_stride;
  }
}

static void cross_forward(const float *x0, size_t x0_stride, const float *x, size_t x_stride,
                          const float *dots, const float *bias, size_t rows, size_t width,
                          float *next, size_t next_stride) {
  for (size_t b = 0; b < rows; b++, x0 += x0_stride, x += x_stride, next += next_stride) {
    size_t i = 0;
    const Vector factor = spread(dots[b]);
    for (; i + LANES <= width; i += LANES)
      store(next + i, fused(factor, load(x0 + i), load(bias + i)) + load(x + i));
    for (; i < width; i++) next[i] = __builtin_fmaf(dots[b], x0[i], bias[i]) + x[i];
  }
}

static void cross_backward(const float *x0, size_t x0_stride, const float *dots,
                           const float *weight, size_t rows, size_t width, const float *delta,
                           size_t delta_stride, float *d_dot, float *d_x0, size_t d_x0_stride,
                           float *d_x, size_t d_x_stride) {
  for (size_t b = 0; b < rows; b++) {
    const float derivative = dot(delta, x0, width);
    d_dot[b] = derivative;
    add_scaled(dots[b], delta, d_x0, width);
    size_t i = 0;
    const Vector factor = spread(derivative);
    for (; i + LANES <= width; i += LANES)
      store(d_x + i, fused(factor, load(weight + i), load(delta + i)));
    for (; i < width; i++) d_x[i] = __builtin_fmaf(derivative, weight[i], delta[i]);
    x0 += x0_stride, delta += delta_stride, d_x0 += d_x0_stride, d_x += d_x_stride;
  }
}

INLINE void scatter_id(csimd_upstream up, const float *factor, size_t i, size_t width, float *sum) {
  const size_t bag = up.bag ? up.bag[i] : i;
  const float *vector = up.vectors + bag * up.stride;
  const float scale = up.scales ? up.scales[bag] : 1;
  size_t k = 0;
  for (; k + LANES <= width; k += LANES) {
    Vector value = load(vector + k) * scale;
    if (factor) value *= load(factor + i * width + k);
    store(sum + k, load(sum + k) + value);
  }
  for (; k < width; k++) {
    const float value = vector[k] * scale;
    sum[k] += factor ? value * factor[i * width + k] : value;
  }
}

static void scatter_add(csimd_upstream up, const float *factors, const uint32_t *slots, size_t ids,
                        size_t width, float *sums) {
  if (width == 16) {  // So that the common width's loops are laid out at compile time.
    for (size_t i = 0; i < ids; i++) scatter_id(up, factors, i, 16, sums + (size_t)slots[i] * 16);
  } else {
    for (size_t i = 0; i < ids; i++)
      scatter_id(up, factors, i, width, sums + (size_t)slots[i] * width);
  }
}

static void path_forward(const csimd_path *path, const int64_t *buckets, size_t ids, const float *x,
                         float *scratch, float *vectors) {
  const size_t width = path->width, hidden = path->hidden;
  for (size_t i = 0; i < ids; i++) {
    const size_t bucket = (size_t)buckets[i];
    const float *weight = path->hidden_weight + bucket * hidden * width;
    const float *output = path->output_weight + bucket * width * hidden;
    for (size_t h = 0; h < hidden; h++) {
      const float sum =
          dot(weight + h * width, x + i * width, width) + path->hidden_bias[bucket * hidden + h];
      scratch[h] = sum > 0 ? sum : 0;
    }
    for (size_t k = 0; k < width; k++)
      vectors[i * width + k] =
          dot(output + k * hidden, scratch, hidden) + path->output_bias[bucket * width + k];
  }
}

static void path_backward(const csimd_path *path, const int64_t *buckets, const uint32_t *slots,
                          size_t ids, const float *x, float *delta, float *scratch,
                          const csimd_path_gradient *gradient) {
  const size_t width = path->width, hidden = path->hidden;
  float *activation = scratch, *d_hidden = scratch + hidden;
  for (size_t i = 0; i < ids; i++, x += width, delta += width) {
    const size_t bucket = (size_t)buckets[i], slot = slots[i];
    const float *weight = path->hidden_weight + bucket * hidden * width;
    const float *output = path->output_weight + bucket * width * hidden;
    memset(d_hidden, 0, hidden * sizeof(float));
    for (size_t h = 0; h < hidden; h++) {
      const float sum = dot(weight + h * width, x, width) + path->hidden_bias[bucket * hidden + h];
      activation[h] = sum > 0 ? sum : 0;
    }
    for (size_t k = 0; k < width; k++) {
      add_scaled(delta[k], output + k * hidden, d_hidden, hidden);
      add_scaled(delta[k], activation, gradient->output_weight + (slot * width + k) * hidden,
                 hidden);
    }
    add_scaled(1, delta, gradient->output_bias + slot * width, width);
    memset(delta, 0, width * sizeof(float));
    for (size_t h = 0; h < hidden; h++) {
      if (!(activation[h] > 0)) continue;
      gradient->hidden_bias[slot * hidden + h] += d_hidden[h];
      add_scaled(d_hidden[h], x, gradient->hidden_weight + (slot * hidden + h) * width, width);
      add_scaled(d_hidden[h], weight + h * width, delta, width);
    }
  }
}

static const csimd_training_kernels TRAINING_KERNELS = {
    .name = TRAINING_NAME,
    .layer_forward = layer_forward,
    .weight_step = weight_step,
    .layer_backward = layer_backward,
    .column_sums = column_sums,
    .relu_backward = relu_backward,
    .update = update,
    .update_rows = update_rows,
    .interaction_backward = interaction_backward,
    .cross_forward = cross_forward,
    .cross_backward = cross_backward,
    .scatter_add = scatter_add,
    .path_forward = path_forward,
    .path_backward = path_backward,
};
