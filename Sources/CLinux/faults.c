#include "clinux_faults.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

// Static and fixed, since a signal handler may neither allocate nor lock. A free slot has length 0.
struct mapping {
  uintptr_t start;
  uintptr_t length;
  int is_damaged;
};
static struct mapping mappings[16384];
static const int mapping_count_max = sizeof mappings / sizeof mappings[0];
// Slots from here on were never used.
static int mapping_count;
static pthread_mutex_t registration = PTHREAD_MUTEX_INITIALIZER;
static struct sigaction former;
static uintptr_t page_mask;

int clinux_damages;

int clinux_guard_mapping(const void *start, size_t length) {
  int found = -1;
  pthread_mutex_lock(&registration);
  for (int number = 0; number < mapping_count && found < 0; number++) {
    if (mappings[number].length == 0) found = number;
  }
  if (found < 0 && mapping_count < mapping_count_max) found = mapping_count;
  if (found >= 0) {
    struct mapping *mapping = &mappings[found];
    __atomic_store_n(&mapping->is_damaged, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&mapping->start, (uintptr_t)start, __ATOMIC_RELAXED);
    __atomic_store_n(&mapping->length, length, __ATOMIC_RELEASE);
    if (found == mapping_count) __atomic_store_n(&mapping_count, found + 1, __ATOMIC_RELEASE);
  }
  pthread_mutex_unlock(&registration);
  return found;
}

void clinux_forget_mapping(int number) {
  if (number < 0) return;
  pthread_mutex_lock(&registration);
  __atomic_store_n(&mappings[number].length, 0, __ATOMIC_RELEASE);
  pthread_mutex_unlock(&registration);
}

int clinux_mapping_is_damaged(int number) {
  return number >= 0 && __atomic_load_n(&mappings[number].is_damaged, __ATOMIC_ACQUIRE);
}

// The faulting thread holds its mapping, so the slot that matches stays as it is; slots that change
// meanwhile are other mappings'. Everything up to the mapping's end becomes zeros at once: page by
// page, a large file would soon use up the kernel's limit of mappings (vm.max_map_count).
static int replace_by_zeros(uintptr_t address) {
  int count = __atomic_load_n(&mapping_count, __ATOMIC_ACQUIRE);
  for (int number = 0; number < count; number++) {
    struct mapping *mapping = &mappings[number];
    uintptr_t length = __atomic_load_n(&mapping->length, __ATOMIC_ACQUIRE);
    uintptr_t start = __atomic_load_n(&mapping->start, __ATOMIC_RELAXED);
    uintptr_t end = (start + length + ~page_mask) & page_mask;
    if (length == 0 || address < start || address >= end) continue;
    uintptr_t page = address & page_mask;
    __atomic_store_n(&mapping->is_damaged, 1, __ATOMIC_RELEASE);
    __atomic_add_fetch(&clinux_damages, 1, __ATOMIC_RELEASE);
    return mmap((void *)page, end - page, PROT_READ,
                MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) != MAP_FAILED;
  }
  return 0;
}

static void on_bus_error(int number, siginfo_t *cause, void *context) {
  (void)context;
  int saved = errno;
  // Positive codes come from the kernel, with an address; a signal that was sent has none.
  int is_mended = cause->si_code > 0 && replace_by_zeros((uintptr_t)cause->si_addr);
  // Not ours: the instruction faults again, and the former disposition ends the process.
  if (!is_mended) sigaction(number, &former, NULL);
  if (!is_mended && cause->si_code <= 0) raise(number);
  errno = saved;
}

static void install(void) {
  page_mask = ~((uintptr_t)sysconf(_SC_PAGESIZE) - 1);
  struct sigaction action = {0};
  action.sa_sigaction = on_bus_error;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGBUS, &action, &former);
}

void clinux_catch_bus_errors(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, install);
}
