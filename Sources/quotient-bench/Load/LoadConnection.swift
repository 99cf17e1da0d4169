/// One connection of the load generator: at most one request under way.
final class LoadConnection {
  private let socket: LoopbackSocket
  private var scanner = ResponseScanner()
  private var unsent: Range<Int> = 0..<0
  /// When the request under way was due, in nanoseconds.
  private(set) var dueAt: UInt64 = 0
  /// When it was given to the kernel.
  private(set) var sentAt: UInt64 = 0
  private(set) var isBusy = false
  private(set) var isBroken = false
  private(set) var bytesReceived = 0

  init(host: String, port: UInt16) throws { socket = try LoopbackSocket(host: host, port: port) }

  var descriptor: Int32 { socket.descriptor }
  /// Whether the kernel did not take the whole request yet.
  var isSending: Bool { !unsent.isEmpty }
  var status: Int { scanner.status }
  /// The answer says when to come again.
  var saysWhenToRetry: Bool { scanner.hasRetryAfter }

  func start(_ requests: borrowing RequestSet, index: Int, dueAt: UInt64) {
    precondition(!isBusy, "one request at a time")
    self.dueAt = dueAt
    sentAt = monotonicNanoseconds()
    unsent = requests.range(index)
    isBusy = true
    send(requests)
  }

  func send(_ requests: borrowing RequestSet) {
    switch socket.send(requests.bytes, range: unsent) {
    case .bytes(let count): unsent = (unsent.lowerBound + count)..<unsent.upperBound
    case .wouldBlock: break
    case .closed: isBroken = true
    }
  }

  /// Reads once; true if the answer is complete, or the connection is broken.
  func receive(into buffer: inout [UInt8]) -> Bool {
    switch socket.receive(into: &buffer) {
    case .wouldBlock: return false
    case .closed:
      isBroken = true
      return true
    case .bytes(let count):
      bytesReceived += count
      guard isBusy else {
        isBroken = true
        return true
      }
      switch scanner.take(buffer, count: count) {
      case .needsMoreBytes: return false
      case .complete: isBusy = false
      case .broken: isBroken = true
      }
      return true
    }
  }
}
