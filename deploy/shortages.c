// Makes system calls fail on demand, for deploy/faults.py: preloaded into the server, steered by a
// shared file. Every N-th call of one kind returns an error of choice without being made.
//
//   cc -O2 -shared -fPIC -o shortages.so shortages.c -ldl
//   SHORTAGES_FILE=... LD_PRELOAD=./shortages.so quotient serve ...
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum kind { none, accepting, polling, receiving, sending, opening, mapping, reading, writing, syncing };

// What the test writes, and the count that it reads back.
struct steering {
  volatile uint32_t kind, period, error;
  uint32_t failures;
};

static struct steering *steering;
static uint32_t calls;

#define REAL(name) ((__typeof__(&name))real(#name))

static void *real(const char *name) { return dlsym(RTLD_NEXT, name); }

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("SHORTAGES_FILE");
  int file = path ? REAL(open)(path, O_RDWR | O_CLOEXEC) : -1;
  if (file < 0) return;
  void *memory = REAL(mmap)(NULL, sizeof *steering, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (memory != MAP_FAILED) steering = memory;
}

// 1 if this call is to fail; errno is set then.
static int fails(enum kind kind) {
  if (!steering || steering->kind != (uint32_t)kind) return 0;
  uint32_t period = steering->period;
  if (!period || __atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED) % period) return 0;
  __atomic_add_fetch(&steering->failures, 1, __ATOMIC_RELAXED);
  errno = (int)steering->error;
  return 1;
}

int accept4(int listener, struct sockaddr *address, socklen_t *length, int flags) {
  return fails(accepting) ? -1 : REAL(accept4)(listener, address, length, flags);
}

int epoll_ctl(int poll, int operation, int file, struct epoll_event *event) {
  // Taking out of a poll cannot fail for want of memory.
  return operation != EPOLL_CTL_DEL && fails(polling)
             ? -1
             : REAL(epoll_ctl)(poll, operation, file, event);
}

ssize_t recv(int socket, void *bytes, size_t count, int flags) {
  return fails(receiving) ? -1 : REAL(recv)(socket, bytes, count, flags);
}

ssize_t send(int socket, const void *bytes, size_t count, int flags) {
  return fails(sending) ? -1 : REAL(send)(socket, bytes, count, flags);
}

#define OPEN(name)                                        \
  int name(const char *path, int flags, ...) {            \
    va_list list;                                         \
    va_start(list, flags);                                \
    mode_t mode = flags & O_CREAT ? va_arg(list, int) : 0; \
    va_end(list);                                         \
    return fails(opening) ? -1 : REAL(name)(path, flags, mode); \
  }
OPEN(open)
OPEN(open64)

#define MAP(name)                                                                          \
  void *name(void *start, size_t length, int protection, int flags, int file, off_t offset) { \
    return file >= 0 && fails(mapping)                                                     \
               ? MAP_FAILED                                                                \
               : REAL(name)(start, length, protection, flags, file, offset);               \
  }
MAP(mmap)
MAP(mmap64)

ssize_t pread(int file, void *bytes, size_t count, off_t offset) {
  return fails(reading) ? -1 : REAL(pread)(file, bytes, count, offset);
}

ssize_t pread64(int file, void *bytes, size_t count, off_t offset) {
  return fails(reading) ? -1 : REAL(pread64)(file, bytes, count, offset);
}

// Files and logs: an eventfd's write does not fail for want of space.
ssize_t write(int file, const void *bytes, size_t count) {
  struct stat status;
  int is_file = file == STDERR_FILENO || (fstat(file, &status) == 0 && S_ISREG(status.st_mode));
  return is_file && fails(writing) ? -1 : REAL(write)(file, bytes, count);
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) {
  return fails(writing) ? -1 : REAL(pwrite)(file, bytes, count, offset);
}

int fsync(int file) { return fails(syncing) ? -1 : REAL(fsync)(file); }
