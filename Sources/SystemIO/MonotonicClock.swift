import Glibc

/// Time that only moves forward, for deadlines and durations: nanoseconds since some moment before
/// the process started.
package enum MonotonicClock {
  package static func nanoseconds() -> UInt64 {
    var time = timespec()
    // SAFETY: the kernel fills in `time`, which lives during the call.
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
  }
}

/// Time of day, for dates in headers and log lines: nanoseconds since 1970-01-01T00:00:00Z. It may
/// jump when somebody sets the clock.
package enum WallClock {
  package static func nanoseconds() -> UInt64 {
    var time = timespec()
    // SAFETY: the kernel fills in `time`, which lives during the call.
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
  }
}
