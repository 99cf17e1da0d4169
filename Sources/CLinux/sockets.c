#include "clinux_sockets.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/syscall.h>

// The thread sanitizer learns by the C library's functions which thread waited for which.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define CLINUX_BY_LIBRARY
#endif
#endif

#if defined(__x86_64__) && !defined(CLINUX_BY_LIBRARY)

static inline long call(long number, long a, long b, long c, long d, long e, long f) {
  long result;
  register long fourth __asm__("r10") = d;
  register long fifth __asm__("r8") = e;
  register long sixth __asm__("r9") = f;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth), "r"(sixth)
                   : "rcx", "r11", "memory");
  return result;
}

#elif defined(__aarch64__) && !defined(CLINUX_BY_LIBRARY)

static inline long call(long number, long a, long b, long c, long d, long e, long f) {
  register long first __asm__("x0") = a;
  register long second __asm__("x1") = b;
  register long third __asm__("x2") = c;
  register long fourth __asm__("x3") = d;
  register long fifth __asm__("x4") = e;
  register long sixth __asm__("x5") = f;
  register long which __asm__("x8") = number;
  __asm__ volatile("svc #0"
                   : "+r"(first)
                   : "r"(second), "r"(third), "r"(fourth), "r"(fifth), "r"(sixth), "r"(which)
                   : "memory");
  return first;
}

#else

#define CLINUX_BY_LIBRARY

#endif

#ifdef CLINUX_BY_LIBRARY

long clinux_receive(int socket, void *target, size_t count, int flags) {
  const ssize_t result = recv(socket, target, count, flags);
  return result < 0 ? -(long)errno : result;
}

long clinux_send(int socket, const void *source, size_t count, int flags) {
  const ssize_t result = send(socket, source, count, flags);
  return result < 0 ? -(long)errno : result;
}

long clinux_poll_wait(int poll, struct epoll_event *events, int capacity, int milliseconds) {
  const int result = epoll_wait(poll, events, capacity, milliseconds);
  return result < 0 ? -(long)errno : result;
}

#else

long clinux_receive(int socket, void *target, size_t count, int flags) {
  return call(SYS_recvfrom, socket, (long)target, (long)count, flags, 0, 0);
}

long clinux_send(int socket, const void *source, size_t count, int flags) {
  return call(SYS_sendto, socket, (long)source, (long)count, flags, 0, 0);
}

// Without a mask of signals it is epoll_wait, which newer architectures do not have.
long clinux_poll_wait(int poll, struct epoll_event *events, int capacity, int milliseconds) {
  return call(SYS_epoll_pwait, poll, (long)events, capacity, milliseconds, 0, 0);
}

#endif
