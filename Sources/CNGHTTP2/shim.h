#include <nghttp2/nghttp2.h>

// Bounds of the library that came with fixes of CVE-2023-44487 and CVE-2024-28182: distributions
// took them over into older versions, so that only the linker knows whether they are there.
extern void nghttp2_option_set_max_continuations(nghttp2_option *option, size_t value)
    __attribute__((weak));
extern void nghttp2_option_set_stream_reset_rate_limit(nghttp2_option *option, uint64_t burst,
                                                       uint64_t rate) __attribute__((weak));

// Lifts the library's own bounds, for a caller that has stricter ones. The library counts every
// read that ends within a CONTINUATION frame's header as a further frame.
static inline void cnghttp2_lift_bounds(nghttp2_option *option) {
  if (nghttp2_option_set_max_continuations)
    nghttp2_option_set_max_continuations(option, SIZE_MAX);
  if (nghttp2_option_set_stream_reset_rate_limit)
    nghttp2_option_set_stream_reset_rate_limit(option, UINT32_MAX, UINT32_MAX);
}
