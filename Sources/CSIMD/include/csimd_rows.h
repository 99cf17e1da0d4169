#pragma once
// Row kernels: rows of tables to float32 vectors. Rows, indices and bags; no feature, no model.
//
// Every implementation computes exactly what the Swift reference (Kernels/Reference) defines, bit
// for bit: no fused multiply-add, sums in the order of the rows. None reads a byte behind a row or
// writes one behind its output. Callers guarantee that indices are in range and memory is large
// enough; nothing is checked here.
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

// How a row of `width` floats is stored. Little-endian, rows one after the other, any alignment.
enum {
  CSIMD_ROW_F32 = 0,   // width * 4 bytes
  CSIMD_ROW_F16 = 1,   // width * 2 bytes
  CSIMD_ROW_BF16 = 2,  // width * 2 bytes
  CSIMD_ROW_INT8 = 3,  // width bytes q, float32 scale, float32 bias: q * scale + bias
  CSIMD_ROW_INT4 = 4,  // ceil(width / 2) bytes, low nibble first, float16 scale, float16 bias
};

enum {
  CSIMD_MULTIPLY = 0,
  CSIMD_ADD = 1,
};

typedef struct csimd_table {
  const void *rows;
  uint32_t element;  // CSIMD_ROW_*
  uint32_t width;    // floats of one row
  uint32_t ahead;    // the row this many indices later is prefetched; 0: none
} csimd_table;

// The vectors of `count` indices: output[i * stride + c], c < width.
typedef struct csimd_output {
  float *floats;
  size_t stride;
} csimd_output;

// Bag b holds the indices offsets[b] - first ..< offsets[b + 1] - first.
typedef struct csimd_bags {
  const intptr_t *offsets;  // count + 1
  size_t count;
  intptr_t first;
  const float *_Nullable weights;  // one per index, or NULL: all 1
  bool accumulate;       // add to the output instead of overwriting it
} csimd_bags;

// Division by a constant. `reciprocal` is ceil(2^64 / divisor) and exact for dividends and divisors
// below 2^32 (Lemire, Kaser, Kurz 2019, arXiv:1902.01961); 0: use the divide instruction.
// `shift` is log2(divisor) for powers of two, else 64.
typedef struct csimd_divider {
  uint64_t divisor;
  uint64_t reciprocal;
  uint32_t shift;
} csimd_divider;

typedef struct csimd_row_kernels {
  const char *name;
  // All values are in 0 ..< bound.
  bool (*in_range)(const int64_t *values, size_t count, uint64_t bound);
  // quotients[i] = ids[i] / d, remainders[i] = ids[i] mod d; either may be NULL or be `ids`.
  void (*split)(const int64_t *ids, size_t count, const csimd_divider *divider,
                int64_t *_Nullable quotients, int64_t *_Nullable remainders);
  // quotients[i] = (int64) ((float) ids[i] / divisor)
  void (*float_quotient)(const int64_t *ids, size_t count, float divisor, int64_t *quotients);
  // rows[i] = buckets[ids[i]], of int32 (`is_wide` false) or int64, any alignment.
  void (*lookup)(const void *buckets, bool is_wide, const int64_t *ids, size_t count,
                 int64_t *rows);
  // output[i] = table[index[i]]
  void (*gather)(const csimd_table *table, const int64_t *index, size_t count,
                 csimd_output output);
  // output[i] = output[i] (*|+) table[index[i]]
  void (*apply)(uint32_t operation, const csimd_table *table, const int64_t *index, size_t count,
                csimd_output output);
  // output[i] = first[first_index[i]] (*|+) second[second_index[i]]; equal elements and widths.
  void (*compose)(uint32_t operation, const csimd_table *first, const int64_t *first_index,
                  const csimd_table *second, const int64_t *second_index, size_t count,
                  csimd_output output);
  // output[b] = [output[b] +] sum of [weights[i] *] table[index[i]] over the bag
  void (*pool)(const csimd_table *table, const int64_t *index, const csimd_bags *bags,
               csimd_output output);
  // output[b] = [output[b] +] sum of [weights[i] *] (first[..] (*|+) second[..]) over the bag
  void (*pool_composed)(uint32_t operation, const csimd_table *first, const int64_t *first_index,
                        const csimd_table *second, const int64_t *second_index,
                        const csimd_bags *bags, csimd_output output);
  // output[i] = output[i] (*|+) input[i]
  void (*combine)(uint32_t operation, const float *input, size_t count, float *output);
  // output[i, :] = output[i, :] * factors[i]
  void (*scale)(const float *factors, size_t count, size_t width, csimd_output output);
  // output[b, :] = output[b, :] / (number of indices of bag b), empty bags stay as they are
  void (*divide)(const csimd_bags *bags, size_t width, csimd_output output);
  // output[r] = bias[r] + matrix[r, :] . input, then max(0, .) if `rectify`; any alignment of
  // matrix and bias. The dot product has 16 partial sums, lane l of columns l mod 16, added in
  // halves.
  void (*affine)(const void *matrix, const void *bias, const float *input, size_t rows,
                 size_t columns, bool rectify, float *output);
  // The first row in from ..< to with a NaN or an infinity, or -1.
  int64_t (*first_non_finite)(const csimd_table *table, size_t from, size_t to);
} csimd_row_kernels;

extern const csimd_row_kernels csimd_rows_portable;
#if defined(__x86_64__)
extern const csimd_row_kernels csimd_rows_avx2;    // needs csimd_cpu_has_avx2()
extern const csimd_row_kernels csimd_rows_avx512;  // needs csimd_cpu_has_avx512()
#endif
#if defined(__aarch64__)
extern const csimd_row_kernels csimd_rows_neon;
#endif

// The implementations that this CPU can run: how many, and each, the fastest last.
size_t csimd_rows_available_count(void);
const csimd_row_kernels *_Nullable csimd_rows_available(size_t position);

// Bytes of one row.
size_t csimd_row_byte_count(uint32_t element, size_t width);

// float16 bits to float32 and back (round to nearest even), for any CPU.
float csimd_float_from_half(uint16_t bits);
uint16_t csimd_half_from_float(float value);

// Encodes `count` rows of `width` floats; `output` takes count * csimd_row_byte_count bytes.
// int8: scale (max - min) / 255, bias min; int4: bias min and scale (max - bias) / 15 rounded to
// float16; as FBGEMM (QuantUtils.cc).
void csimd_encode_rows(uint32_t element, const float *rows, size_t count, size_t width,
                       uint8_t *output);

#pragma clang assume_nonnull end
