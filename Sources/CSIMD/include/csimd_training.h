#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What training adds to the forward kernels: gradients and updates, one table of functions per
// instruction set.
//
// Weights stay packed while they are trained (see csimd_dense.h): a gradient has the packed form
// too, and an update does not care for the order of the numbers. Every sum adds its terms in the
// order of the samples, one fused multiply-add each, and square roots and quotients are rounded
// correctly, so that the instruction set changes no bit of a result.

// How a parameter follows its gradient. t counts from 1.
//   CSIMD_SGD      w -= rate * g
//   CSIMD_ADAGRAD  s += g * g;  w -= rate * g / (sqrt(s) + epsilon)
//   CSIMD_ROWWISE  as ADAGRAD with one s a row, which grows by the mean of g * g over the row
//   CSIMD_AMSGRAD  m += (1 - beta1) (g - m);  v = beta2 v + (1 - beta2) g * g;  u = max(u, v)
//                  w -= step * m / (sqrt(u) / root + epsilon)
//                  with step = rate / (1 - beta1^t), root = sqrt(1 - beta2^t)
typedef enum csimd_update_rule {
  CSIMD_SGD = 0,
  CSIMD_ADAGRAD = 1,
  CSIMD_ROWWISE = 2,
  CSIMD_AMSGRAD = 3,
} csimd_update_rule;

typedef struct csimd_update {
  uint32_t rule;
  float rate, epsilon, beta1, beta2, step, root;
} csimd_update;

// Parameters and what the rule keeps beside them: first is s or m, then v, then u. Those that a
// rule does not keep are not read.
typedef struct csimd_parameters {
  float *values, *first, *second, *third;
} csimd_parameters;

// Gradients of vectors, and which of them each id has: of id i it is
//   scale * vectors[bag[i] * stride ...], scale = scales ? scales[bag[i]] : 1
// bag may be NULL: id i has vector i.
typedef struct csimd_upstream {
  const float *vectors;
  size_t stride;
  const uint32_t *bag;
  const float *scales;
} csimd_upstream;

// The MLPs of a path, one a bucket: y = output (max(0, hidden x + hidden_bias)) + output_bias.
typedef struct csimd_path {
  const float *hidden_weight, *hidden_bias, *output_weight, *output_bias;
  size_t width, hidden;
} csimd_path;

typedef struct csimd_path_gradient {
  float *hidden_weight, *hidden_bias, *output_weight, *output_bias;
} csimd_path_gradient;

// Rows of samples whose gradients are summed at a time: what `scratch` holds of them is in the
// first-level cache then.
#define CSIMD_GRADIENT_ROWS 64
#define CSIMD_GRADIENT_SCRATCH (CSIMD_GRADIENT_ROWS * 64)

// Inputs whose gradients are found before they are turned to rows of samples: a multiple of six and
// of sixteen.
#define CSIMD_BACK_INPUTS 48
#define CSIMD_BACK_SCRATCH (CSIMD_BACK_INPUTS * 64)

typedef struct csimd_training_kernels {
  const char *name;

  // A layer's outputs as csimd_dense_forward computes them, panel by panel: from first_panel to
  // the last one, then those before. next: memory that is read afterwards, weights of the next
  // layer; as much as a panel has is asked for meanwhile.
  void (*layer_forward)(const float *x, size_t x_stride, size_t rows, const float *packed,
                        const float *bias, size_t inputs, size_t outputs, bool relu, float *y,
                        size_t y_stride, size_t first_panel, const float *next, size_t next_count);

  // The gradients of a layer's inputs: result[b, i] = sum over o of delta[b, o] * w[o, i], the
  // outputs in their order. scratch: CSIMD_BACK_SCRATCH + 64 * outputs floats.
  void (*layer_backward)(const float *delta, size_t delta_stride, size_t rows,
                         const float *packed, size_t inputs, size_t outputs, float *result,
                         size_t result_stride, float *scratch);

  // Moves one panel of a layer's weights by its gradient:
  //   gradient[i * padded + o] = sum over b of x[b, i] * delta[b, o], o < width; 0 behind them.
  // Not for CSIMD_ROWWISE. padded: a multiple of 16, at most 64. scratch: CSIMD_GRADIENT_SCRATCH +
  // 64 * inputs floats.
  void (*weight_step)(const float *x, size_t x_stride, size_t rows, const float *delta,
                      size_t delta_stride, size_t inputs, size_t width, size_t padded,
                      float *scratch, const csimd_update *rule, csimd_parameters panel);

  // sums[i] = sum over b of w[b * w_stride] * x[b, i]; w NULL: of x[b, i].
  void (*column_sums)(const float *x, size_t x_stride, size_t rows, const float *w,
                      size_t w_stride, size_t count, float *sums);

  // delta[b, i] = activation[b, i] > 0 ? delta[b, i] : 0.
  void (*relu_backward)(const float *activation, size_t activation_stride, float *delta,
                        size_t delta_stride, size_t rows, size_t count);

  // Element by element. Not for CSIMD_ROWWISE.
  void (*update)(const csimd_update *rule, csimd_parameters parameters, const float *gradient,
                 size_t count);

  // Rows of a table, each of which is named once; gradient: [count, width], a row each.
  void (*update_rows)(const csimd_update *rule, csimd_parameters table, size_t width,
                      const int64_t *rows, size_t count, const float *gradient);

  // vectors: [samples, count * width], rows vectors_stride apart. products: the gradients of the
  // lower triangle's products (csimd_interaction.h), rows products_stride apart. out: the vectors'
  // gradients, overwritten. scratch: count * count floats.
  void (*interaction_backward)(const float *vectors, size_t vectors_stride, const float *products,
                               size_t products_stride, size_t samples, size_t count, size_t width,
                               bool itself, float *out, size_t out_stride, float *scratch);

  // A cross layer: next[b] = x0[b] * dot[b] + bias + x[b].
  void (*cross_forward)(const float *x0, size_t x0_stride, const float *x, size_t x_stride,
                        const float *dot, const float *bias, size_t rows, size_t width,
                        float *next, size_t next_stride);

  // Its gradient. delta: of next, [rows, width]; overwritten with that of x. d_dot[b] = delta . x0,
  // d_x0 += delta * dot.
  void (*cross_backward)(const float *x0, size_t x0_stride, const float *dot, const float *weight,
                         size_t rows, size_t width, const float *delta, size_t delta_stride,
                         float *d_dot, float *d_x0, size_t d_x0_stride, float *d_x,
                         size_t d_x_stride);

  // sums[slots[i]] += gradient of id i, times factors[i] if there are factors, [ids, width].
  void (*scatter_add)(csimd_upstream upstream, const float *factors, const uint32_t *slots,
                      size_t ids, size_t width, float *sums);

  // vectors[i] = the MLP of buckets[i] of x[i], for `ids` rows; may be in place.
  void (*path_forward)(const csimd_path *path, const int64_t *buckets, size_t ids, const float *x,
                       float *scratch, float *vectors);  // scratch: `hidden` floats

  // delta: [ids, width], the gradient of the MLPs' outputs; overwritten with that of x. gradients
  // are added to at slots[i]. scratch: 2 * hidden floats.
  void (*path_backward)(const csimd_path *path, const int64_t *buckets, const uint32_t *slots,
                        size_t ids, const float *x, float *delta, float *scratch,
                        const csimd_path_gradient *gradient);
} csimd_training_kernels;

const csimd_training_kernels *csimd_training_portable(void);
// Null where the processor family is another. The caller asks csimd_cpu.h before the use.
const csimd_training_kernels *csimd_training_avx2(void);
const csimd_training_kernels *csimd_training_avx512(void);
const csimd_training_kernels *csimd_training_neon(void);

// The different values among rows: unique[0 ..< result] in the order of their first appearance,
// and of each row its place there. table: table_count entries, a power of two, at least twice
// `count`.
size_t csimd_unique_rows(const int64_t *rows, size_t count, int64_t *unique, uint32_t *slots,
                         uint32_t *table, size_t table_count);

// Whether all values are finite.
bool csimd_all_finite(const float *values, size_t count);
