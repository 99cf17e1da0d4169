import CLinux
import Glibc

/// Waits for many descriptors at once (epoll). Belongs to one thread.
@safe
package struct EventPoll: ~Copyable {
  /// What a descriptor is watched for, or was seen to be.
  package struct Readiness: OptionSet, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let readable = Readiness(rawValue: EPOLLIN.rawValue)
    package static let writable = Readiness(rawValue: EPOLLOUT.rawValue)
    /// The peer ended its sending direction.
    package static let peerEnded = Readiness(rawValue: EPOLLRDHUP.rawValue)
    /// The connection is gone in both directions, or broken. Always reported.
    package static let hungUp = Readiness(rawValue: EPOLLHUP.rawValue | EPOLLERR.rawValue)
    /// Report only what is new since the last report.
    package static let edgeTriggered = Readiness(rawValue: EPOLLET.rawValue)
    /// Of several polls that watch this descriptor, wake only some.
    package static let exclusive = Readiness(rawValue: EPOLLEXCLUSIVE.rawValue)
  }

  package struct Event: Sendable {
    /// What was given to ``add(_:for:token:)``.
    package let token: UInt64
    package let readiness: Readiness
    /// There are bytes, an end or an error to be read.
    package let isReadable: Bool
    /// The peer will send no more, or the connection is broken.
    package let hasPeerEnded: Bool
    /// The connection is gone in both directions, or failed.
    package let hasHungUp: Bool

    init(token: UInt64, readiness: UInt32) {
      self.token = token
      self.readiness = Readiness(rawValue: readiness)
      let ends = EPOLLRDHUP.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue
      isReadable = readiness & (EPOLLIN.rawValue | ends) != 0
      hasPeerEnded = readiness & ends != 0
      hasHungUp = readiness & (EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0
    }
  }

  private let descriptor: OwnedDescriptor
  private let events: UnsafeMutablePointer<epoll_event>
  private let capacity: Int

  /// - Parameter capacity: the most events that one wait returns.
  package init(capacity: Int = 256) throws(SystemError) {
    precondition(capacity > 0, "a wait returns at least one event")
    descriptor = OwnedDescriptor(
      adopting: try systemCall("epoll_create1", on: "a new poll") {
        epoll_create1(CInt(EPOLL_CLOEXEC))
      })
    self.capacity = capacity
    // SAFETY: room for `capacity` events, freed once in deinit; read only as far as it was filled.
    unsafe events = .allocate(capacity: capacity)
    unsafe events.initialize(repeating: epoll_event(), count: capacity)
  }

  deinit { unsafe events.deallocate() }

  /// Watches a descriptor until it is removed or closed.
  package func add(_ number: CInt, for readiness: Readiness, token: UInt64) throws(SystemError) {
    try control(EPOLL_CTL_ADD, number, readiness, token)
  }

  /// Changes what a descriptor is watched for.
  package func change(_ number: CInt, to readiness: Readiness, token: UInt64) throws(SystemError) {
    try control(EPOLL_CTL_MOD, number, readiness, token)
  }

  package func remove(_ number: CInt) throws(SystemError) {
    try control(EPOLL_CTL_DEL, number, [], 0)
  }

  private func control(
    _ operation: CInt, _ number: CInt, _ readiness: Readiness, _ token: UInt64
  ) throws(SystemError) {
    // SAFETY: the kernel reads `event` during the call; the token is the only view of its union.
    var event = unsafe epoll_event()
    unsafe event.events = readiness.rawValue
    unsafe event.data.u64 = token
    let poll = descriptor.number
    _ = try systemCall("epoll_ctl", on: "fd \(number)") {
      unsafe epoll_ctl(poll, operation, number, &event)
    }
  }

  /// Waits for events; returns how many there are for ``event(_:)``. 0 after the time given.
  ///
  /// - Parameter milliseconds: 0 returns at once, -1 waits for as long as it takes.
  package mutating func wait(milliseconds: Int) -> Int {
    // SAFETY: the kernel fills in at most `capacity` events.
    let count = unsafe clinux_poll_wait(
      descriptor.number, events, CInt(capacity), CInt(clamping: milliseconds))
    // The one error that a correct call can have is an interruption by a signal.
    precondition(count >= 0 || -count == EINTR, "epoll_wait failed with errno \(-count)")
    return max(0, count)
  }

  /// One of the events that the last wait returned.
  package func event(_ position: Int) -> Event {
    precondition(position >= 0 && position < capacity, "an event of the last wait")
    // SAFETY: all `capacity` events are initialized.
    let event = unsafe events[position]
    return unsafe Event(token: event.data.u64, readiness: event.events)
  }
}
