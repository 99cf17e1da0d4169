#pragma once
// Kernels per instruction set. One header per family; nothing here allocates or keeps state.
#include "csimd_cpu.h"
#include "csimd_dense.h"
#include "csimd_elementwise.h"
#include "csimd_fields.h"
#include "csimd_interaction.h"
#include "csimd_narrow.h"
#include "csimd_peaks.h"
#include "csimd_rows.h"
#include "csimd_text.h"
#include "csimd_training.h"
