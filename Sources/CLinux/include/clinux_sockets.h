#pragma once
// The system calls of a request, without the C library around them: it makes each a place where
// another thread may cancel the caller, which nobody here does, and which costs two locked
// instructions a call. Each returns what the kernel does: a count, or an errno below 0.

#include <stddef.h>
#include <sys/epoll.h>

// recv(2).
long clinux_receive(int socket, void *target, size_t count, int flags);
// send(2).
long clinux_send(int socket, const void *source, size_t count, int flags);
// epoll_wait(2).
long clinux_poll_wait(int poll, struct epoll_event *events, int capacity, int milliseconds);
