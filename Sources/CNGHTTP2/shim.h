#include <nghttp2/nghttp2.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

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

// Memory for the library's small objects, of which every stream needs some: what is freed waits in
// lists by size, to be used again. For one thread at a time.
enum {
  CNGHTTP2_SIZE_STEP = 32,
  CNGHTTP2_SIZE_COUNT = 16,
  // So many bytes wait at most, over all sizes.
  CNGHTTP2_SPARE_BYTES_MAX = 512 * 1024,
};

// In front of each object; its size keeps what follows aligned for anything.
typedef union cnghttp2_head {
  size_t byte_count;
  union cnghttp2_head *next;
  max_align_t alignment;
} cnghttp2_head;

typedef struct {
  cnghttp2_head *spare[CNGHTTP2_SIZE_COUNT];
  size_t spare_bytes;
} cnghttp2_memory;

// The list for objects of a size, whose objects all have the size rounded up.
static inline size_t cnghttp2_list(size_t byte_count) {
  return byte_count == 0 ? 0 : (byte_count - 1) / CNGHTTP2_SIZE_STEP;
}

static inline void *cnghttp2_malloc(size_t byte_count, void *user) {
  cnghttp2_memory *memory = user;
  const size_t list = cnghttp2_list(byte_count);
  if (list < CNGHTTP2_SIZE_COUNT) {
    byte_count = (list + 1) * CNGHTTP2_SIZE_STEP;
    cnghttp2_head *head = memory->spare[list];
    if (head) {
      memory->spare[list] = head->next;
      memory->spare_bytes -= byte_count;
      head->byte_count = byte_count;
      return head + 1;
    }
  }
  if (byte_count > SIZE_MAX - sizeof(cnghttp2_head)) return NULL;
  cnghttp2_head *head = malloc(sizeof(cnghttp2_head) + byte_count);
  if (!head) return NULL;
  head->byte_count = byte_count;
  return head + 1;
}

static inline void cnghttp2_free(void *object, void *user) {
  if (!object) return;
  cnghttp2_memory *memory = user;
  cnghttp2_head *head = (cnghttp2_head *)object - 1;
  const size_t byte_count = head->byte_count, list = cnghttp2_list(byte_count);
  if (list >= CNGHTTP2_SIZE_COUNT || memory->spare_bytes + byte_count > CNGHTTP2_SPARE_BYTES_MAX) {
    free(head);
    return;
  }
  head->next = memory->spare[list];
  memory->spare[list] = head;
  memory->spare_bytes += byte_count;
}

static inline void *cnghttp2_calloc(size_t count, size_t byte_count, void *user) {
  if (byte_count && count > SIZE_MAX / byte_count) return NULL;
  void *object = cnghttp2_malloc(count * byte_count, user);
  if (object) memset(object, 0, count * byte_count);
  return object;
}

static inline void *cnghttp2_realloc(void *object, size_t byte_count, void *user) {
  if (!object) return cnghttp2_malloc(byte_count, user);
  const size_t old_count = ((cnghttp2_head *)object - 1)->byte_count;
  if (byte_count <= old_count && byte_count > old_count / 2) return object;
  void *moved = cnghttp2_malloc(byte_count, user);
  if (!moved) return NULL;
  memcpy(moved, object, byte_count < old_count ? byte_count : old_count);
  cnghttp2_free(object, user);
  return moved;
}

// Gives all spare memory back.
static inline void cnghttp2_release(cnghttp2_memory *memory) {
  for (size_t list = 0; list < CNGHTTP2_SIZE_COUNT; list++) {
    while (memory->spare[list]) {
      cnghttp2_head *head = memory->spare[list];
      memory->spare[list] = head->next;
      free(head);
    }
  }
  memory->spare_bytes = 0;
}

static inline int cnghttp2_server_new(nghttp2_session **session,
                                      const nghttp2_session_callbacks *callbacks, void *user,
                                      const nghttp2_option *option, cnghttp2_memory *memory) {
  nghttp2_mem functions = {memory, cnghttp2_malloc, cnghttp2_free, cnghttp2_calloc,
                           cnghttp2_realloc};
  return nghttp2_session_server_new3(session, callbacks, user, option, &functions);
}
