import CLinux
import Glibc

/// Wakes a thread that waits in an ``EventPoll``, from any other thread (eventfd).
package struct WakeupDescriptor: ~Copyable, Sendable {
  private let descriptor: OwnedDescriptor

  package init() throws(SystemError) {
    descriptor = OwnedDescriptor(
      adopting: try systemCall("eventfd", on: "a new wake-up") { clinux_eventfd() })
  }

  /// For ``EventPoll``: readable once somebody called ``wake()``.
  package var number: CInt { descriptor.number }

  package func wake() {
    var one: UInt64 = 1
    // SAFETY: write reads eight bytes. It fails only when the counter is full, that is, readable.
    _ = unsafe write(descriptor.number, &one, 8)
  }

  /// Makes it unreadable until the next ``wake()``.
  package func clear() {
    var count: UInt64 = 0
    // SAFETY: read writes eight bytes. It fails only when nobody woke us.
    _ = unsafe read(descriptor.number, &count, 8)
  }
}
