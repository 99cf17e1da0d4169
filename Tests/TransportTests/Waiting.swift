import Synchronization
import SystemIO
import Telemetry
import Transport

struct NeverHappened: Error, CustomStringConvertible {
  let description: String
}

/// Looks every millisecond, for at most ten seconds, whether another thread has come so far.
func waitUntil(_ what: String, _ holds: () -> Bool) throws {
  var poll = try EventPoll(capacity: 1)
  for _ in 0..<10_000 {
    if holds() { return }
    _ = poll.wait(milliseconds: 1)
  }
  throw NeverHappened(description: "\(what) never happened")
}

extension TestServer {
  var connectionsOpen: Int {
    counters.reduce(0) { $0 + $1.connectionsOpen.load(ordering: .relaxed) }
  }

  func waitForConnections(_ count: Int) throws {
    try waitUntil("\(count) open connections") { connectionsOpen == count }
  }

  func waitForBytes(_ count: Int) throws {
    try waitUntil("\(count) received bytes") {
      counters.reduce(0) { $0 + $1.bytesReceived.load(ordering: .relaxed) } >= count
    }
  }

  func waitForDrain() throws { try waitUntil("the drain") { drainCount > 0 } }

  /// Until the listeners are closed.
  func waitForRefusedConnections() throws {
    try waitUntil("a refused connection") {
      do throws(SystemError) {
        _ = try StreamSocket(connectingTo: SocketAddress(server.boundAddresses[0])!)
        return false
      } catch {
        return true
      }
    }
  }
}
