#include "clinux_watch.h"

#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

int clinux_watch_open(void) { return inotify_init1(IN_NONBLOCK | IN_CLOEXEC); }

int clinux_watch_add(int watch, const char *path) {
  return inotify_add_watch(watch, path,
                           IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_CREATE | IN_DELETE |
                               IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF |
                               IN_ONLYDIR);
}

int clinux_watch_remove(int watch, int number) { return inotify_rm_watch(watch, number); }

// ioprio_set(2): who = a thread, 0 = the calling one; class 2 is the
// usual one, and stands in bits 13 to 15; 7 is its lowest level.
enum { io_priority_of_thread = 1, io_priority_lowest = 2 << 13 | 7 };

// Not the lowest: a thread that hardly ever runs may hold a lock that another one waits for.
enum { nice_value = 10 };

int clinux_lower_priority(void) {
  // In Linux a nice value belongs to a thread; 0 is the calling one.
  if (setpriority(PRIO_PROCESS, 0, nice_value) != 0) return -1;
  return (int)syscall(SYS_ioprio_set, io_priority_of_thread, 0, io_priority_lowest);
}
