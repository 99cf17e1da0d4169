#pragma once
// Mapped files that shrink while they are read. An access behind a file's new end raises SIGBUS;
// the handler puts zeros there and marks the mapping, so that the reader goes on and finds out.

#include <stddef.h>

// Registers a file mapping; its number, or -1 if there is no room for another.
int clinux_guard_mapping(const void *start, size_t length);
// Forgets a mapping. Nobody reads it any more.
void clinux_forget_mapping(int number);
// 1 once an access to the mapping has failed.
int clinux_mapping_is_damaged(int number);
// Installs the handler of SIGBUS, once. What hits no registered mapping ends the process as before.
void clinux_catch_bus_errors(void);

extern int clinux_damages;
// Accesses that failed so far, over all mappings.
static inline int clinux_damage_count(void) {
  return __atomic_load_n(&clinux_damages, __ATOMIC_ACQUIRE);
}
