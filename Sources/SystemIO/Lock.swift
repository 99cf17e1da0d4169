import Glibc

/// A value that one thread at a time may touch, for locks that threads contend for.
///
/// Swift's `Mutex` is as good, but the thread sanitizer does not see how the kernel hands it over,
/// and reports what it protects. This one is the C library's, which the sanitizer knows.
@safe
package final class Lock<Value: Sendable>: @unchecked Sendable {
  // SAFETY: `value` is touched only while the mutex is held.
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private var value: Value

  package init(_ value: Value) {
    // SAFETY: initialized before its first use, destroyed in deinit, never moved.
    unsafe mutex = .allocate(capacity: 1)
    unsafe mutex.initialize(to: pthread_mutex_t())
    let code = unsafe pthread_mutex_init(mutex, nil)
    precondition(code == 0, "a plain mutex needs no resources")
    self.value = value
  }

  deinit {
    // SAFETY: nobody holds the mutex of an object that nobody has.
    unsafe pthread_mutex_destroy(mutex)
    unsafe mutex.deallocate()
  }

  /// Waits until no other thread has the value, and lends it.
  ///
  /// Not recursive: a body that takes the same lock waits for ever.
  package func withLock<Result>(_ body: (inout Value) -> Result) -> Result {
    // SAFETY: the mutex lives as long as self.
    unsafe pthread_mutex_lock(mutex)
    defer { unsafe pthread_mutex_unlock(mutex) }
    return body(&value)
  }
}
