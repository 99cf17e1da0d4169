#pragma once
#include <stddef.h>
#include <stdint.h>

// Where the fields of tab-separated text end.
//
// Writes the offset of every tab and line feed of text[0, count) to `ends`, in order, and for every
// line feed how many offsets were written up to and including it to `line_ends`. `ends` has room
// for `count`, `line_ends` for `count` numbers; count < 2^32. Returns the number of offsets, and
// the number of line feeds through `line_count`.
size_t csimd_fields_split(
    const uint8_t *text, size_t count, uint32_t *ends, uint32_t *line_ends, size_t *line_count);

// The same, byte by byte: the definition.
size_t csimd_fields_split_portable(
    const uint8_t *text, size_t count, uint32_t *ends, uint32_t *line_ends, size_t *line_count);

