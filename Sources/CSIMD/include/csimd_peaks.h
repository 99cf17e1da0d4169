#pragma once
#include <stddef.h>

// Loops of independent multiply-adds on registers alone: what the CPU can do at most. Each runs
// `rounds` rounds and returns the operations done (an addition and a multiplication count two);
// 0: the CPU has no such instructions.
size_t csimd_peak_f32(size_t rounds);   // widest float32 fused multiply-add
size_t csimd_peak_bf16(size_t rounds);  // vdpbf16ps
size_t csimd_peak_f16(size_t rounds);   // float16 fused multiply-add
size_t csimd_peak_int8(size_t rounds);  // vpdpbusd
