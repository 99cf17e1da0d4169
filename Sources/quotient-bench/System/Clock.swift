import Glibc

/// Nanoseconds of the monotonic clock.
func monotonicNanoseconds() -> UInt64 {
  var time = timespec()
  // SAFETY: the kernel writes one timespec, which is ours.
  unsafe clock_gettime(CLOCK_MONOTONIC, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// User and system time of this process in nanoseconds.
func ownProcessorNanoseconds() -> UInt64 {
  var time = timespec()
  // SAFETY: the kernel writes one timespec, which is ours.
  unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
