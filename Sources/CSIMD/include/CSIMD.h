#pragma once
// Kernels per instruction set. One header per family; nothing here allocates or keeps state.
#include "csimd_cpu.h"
