#pragma once
// What the float writers share: the tables, and the definition of what is written.
//
// A float32 x becomes d * 10^(k - 8) with 10^8 <= d < 10^9 (zero: d = 0, k = 0). d has the fewest
// digits, of nine, eight or seven and fewer, that read back as x: rounded to eight or seven digits
// it is taken if it stays closer to x than half the gap to the next float32. Everything is computed
// in float64, which is exact enough by far: at d = 10^8 the gap is six units, and float64 is off by
// less than a millionth of a unit.
//
// All writers do the same operations in the same order, so that they write the same bytes; tests
// compare them.
//
// The text of x is, with trailing zeros of the digits left out:
//     k in -4 ... -1   0.000abcdefghi   with -k - 1 zeros behind the point
//     k in  0 ...  8   abc.defghi       the point behind digit k + 1, left out when last
//     otherwise        a.bcdefghie-07   the point left out when no digit follows
//     not finite       null
#include <stddef.h>
#include <stdint.h>

enum {
  exponent_min = -45,
  exponent_max = 38,
  form_count = exponent_max - exponent_min + 2,
  null_form = form_count - 1,
};

// The longest text of a float32, its comma included: "-1.23456789e-07,".
enum { float_text_max = 16 };

// What writers may store beyond the last byte they return: one vector.
enum { overhang_max = 64 };

// floor(e * log10(2)) is (e * 78913) >> 18 for every exponent e of a float32. From the biased
// exponent of a float64, 40 less that is (POWER_OFFSET - biased * LOG10_2) >> LOG10_2_SHIFT.
#define LOG10_2 78913
#define LOG10_2_SHIFT 18
#define POWER_OFFSET ((1023ll * LOG10_2) + (40ll << LOG10_2_SHIFT) + (1ll << LOG10_2_SHIFT) - 1)

// Half the gap below a float32 with the bits b as float64 is 2^(e - 24), and half of it at a power
// of two, where subtracting one borrows from the exponent: the bits (b - 1) & GAP_MASK are 2^e.
// Times the scale and GAP_EIGHT that is half the gap in units of the eighth digit.
//
// The margin of 2^-16 of the gap keeps decimals out that lie in the middle of two float32.
#define GAP_MASK (-(1ll << 52))
#define GAP_EIGHT ((1 - 0x1p-16) * 0x1p-24 * 0.1)

// 10^(16 a - 32) and 10^b; their product is 10^n for n = 16 a - 32 + b in -32 ... 63.
static const double big_powers[8] = {1e-32, 1e-16, 1e0, 1e16, 1e32, 1e48, 1e0, 1e0};
static const double small_powers[16] = {
    1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
    1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
};
