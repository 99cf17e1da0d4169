#pragma once
// What a service manager and a process that takes over another's sockets need.

#include <sys/types.h>

// Sends one datagram to a Unix socket; a leading @ stands for the abstract name space.
int clinux_notify(const char *path, const char *text);
// Marks an inherited descriptor as closed on exec and non-blocking. -1 with errno if it is none.
int clinux_adopt(int descriptor);
// Starts a program that inherits `count` descriptors under their numbers. 0, or an errno.
int clinux_spawn(pid_t *child, const char *path, char *const arguments[], char *const environment[],
                 const int *descriptors, int count);
extern char **environ;
