// Counts a process's allocations: AllocationTests builds this as a library and preloads it.
//
// The count is the first 64-bit word of the file that COUNT_ALLOCATIONS names, mapped into the
// process, so that it can be read from outside at any moment. Memory that is given back is not
// counted: who frees on a request has allocated on one.
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static uint64_t unmapped;
static uint64_t *counter = &unmapped;

__attribute__((constructor)) static void map_counter(void) {
  const char *path = getenv("COUNT_ALLOCATIONS");
  if (path == NULL) return;
  const int file = open(path, O_RDWR | O_CLOEXEC);
  if (file < 0) return;
  void *memory = mmap(NULL, sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (memory != MAP_FAILED) counter = memory;
}

static void count(void) { __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED); }

void *malloc(size_t size) {
  count();
  return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
  count();
  return __libc_calloc(number, size);
}

void *realloc(void *memory, size_t size) {
  count();
  return __libc_realloc(memory, size);
}

void *memalign(size_t alignment, size_t size) {
  count();
  return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **memory, size_t alignment, size_t size) {
  void *const found = memalign(alignment, size);
  if (found == NULL) return 12;  // ENOMEM
  *memory = found;
  return 0;
}
