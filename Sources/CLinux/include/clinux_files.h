#pragma once
// Calls that Swift cannot import because glibc declares them only with _GNU_SOURCE, and names that
// older headers lack.

// The same number on every architecture since Linux 5.14 (madvise(2)).
static const int CLINUX_MADV_POPULATE_READ = 22;

// Renames, but fails with EEXIST if `to` exists. EINVAL: the file system cannot do that.
int clinux_rename_noreplace(const char *from, const char *to);
// Swaps the two names in one step. EINVAL: the file system cannot do that.
int clinux_rename_exchange(const char *one, const char *other);
