#pragma once
// Changes of folders (inotify), and threads that stand back.

#include <stdint.h>

// inotify_init1, non-blocking, closed on exec.
int clinux_watch_open(void);
// Watches a folder for names that come and go and for files in it that change. The watch's number.
int clinux_watch_add(int watch, const char *path);
int clinux_watch_remove(int watch, int number);
// Gives the calling thread a tenth of what the others get, of processors and of disks. 0, or -1
// with errno.
int clinux_lower_priority(void);
