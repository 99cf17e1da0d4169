// Field ends of tab-separated text, 64 bytes at a time: one mask for tabs and one for line feeds,
// whose bits are then taken out from the lowest on. SSE2 belongs to every x86-64.
#include "csimd_fields.h"

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

typedef struct {
  uint32_t *ends, *line_ends;
  size_t end_count, line_count;
} field_writer;

static inline void note_byte(field_writer *writer, uint8_t byte, size_t offset) {
  if (byte != '\t' && byte != '\n') return;
  writer->ends[writer->end_count++] = (uint32_t)offset;
  if (byte == '\n') writer->line_ends[writer->line_count++] = (uint32_t)writer->end_count;
}

size_t csimd_fields_split_portable(
    const uint8_t *text, size_t count, uint32_t *ends, uint32_t *line_ends, size_t *line_count) {
  field_writer writer = {ends, line_ends, 0, 0};
  for (size_t i = 0; i < count; i++) note_byte(&writer, text[i], i);
  *line_count = writer.line_count;
  return writer.end_count;
}

#if defined(__x86_64__)
static inline uint64_t equal_mask(const uint8_t *text, __m128i wanted) {
  uint64_t mask = 0;
  for (int part = 0; part < 4; part++) {
    const __m128i bytes = _mm_loadu_si128((const __m128i *)(text + 16 * part));
    mask |= (uint64_t)(uint16_t)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, wanted)) << (16 * part);
  }
  return mask;
}

size_t csimd_fields_split(
    const uint8_t *text, size_t count, uint32_t *ends, uint32_t *line_ends, size_t *line_count) {
  const __m128i tab = _mm_set1_epi8('\t'), feed = _mm_set1_epi8('\n');
  field_writer writer = {ends, line_ends, 0, 0};
  size_t offset = 0;
  for (; offset + 64 <= count; offset += 64) {
    uint64_t feeds = equal_mask(text + offset, feed);
    uint64_t both = feeds | equal_mask(text + offset, tab);
    for (; feeds; feeds &= feeds - 1) {
      const uint64_t through = feeds ^ (feeds - 1);
      writer.line_ends[writer.line_count++] =
          (uint32_t)(writer.end_count + (size_t)__builtin_popcountll(both & through));
    }
    for (; both; both &= both - 1)
      writer.ends[writer.end_count++] = (uint32_t)(offset + (size_t)__builtin_ctzll(both));
  }
  for (; offset < count; offset++) note_byte(&writer, text[offset], offset);
  *line_count = writer.line_count;
  return writer.end_count;
}
#else
size_t csimd_fields_split(
    const uint8_t *text, size_t count, uint32_t *ends, uint32_t *line_ends, size_t *line_count) {
  return csimd_fields_split_portable(text, count, ends, line_ends, line_count);
}
#endif
