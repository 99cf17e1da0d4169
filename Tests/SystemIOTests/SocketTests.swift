import Foundation
import Glibc
import SystemIO
import Testing

@Suite struct SocketTests {
  @Test(arguments: [
    ("127.0.0.1:8080", "127.0.0.1:8080"), ("0.0.0.0:0", "0.0.0.0:0"), (":9", "0.0.0.0:9"),
    ("*:9", "0.0.0.0:9"), ("255.254.253.252:65535", "255.254.253.252:65535"),
    ("[::1]:80", "[::1]:80"), ("[::]:0", "[::]:0"),
    ("[2001:db8::ff00:42:8329]:1", "[2001:db8::ff00:42:8329]:1"),
    ("localhost:1", "127.0.0.1:1"), ("unix:/a/b c", "unix:/a/b c"),
  ])
  func `an address is read and written`(_ text: String, _ expected: String) {
    #expect(SocketAddress(text)?.description == expected)
  }

  @Test(arguments: [
    "", "80", ":", "a:", ":x", "127.0.0.1", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1",
    "::1:80",
    "[::1]", "[::1]80", "[127.0.0.1]:80", "[]:80", "[:80", "unix:", "no such host:80",
    "1.2.3.4.5:80",
  ])
  func `an address of another form is refused`(_ text: String) {
    #expect(SocketAddress(text) == nil)
  }

  @Test func `a path too long for the kernel is refused`() {
    #expect(SocketAddress("unix:/" + String(repeating: "a", count: 106)) != nil)
    #expect(SocketAddress("unix:/" + String(repeating: "a", count: 107)) == nil)
  }

  @Test(arguments: [
    ("127.0.0.1:1", true), ("127.9.9.9:1", true), ("128.0.0.1:1", false), ("[::1]:1", true),
    ("[::2]:1", false), ("[::ffff:127.0.0.1]:1", true), ("[::ffff:10.0.0.1]:1", false),
    ("unix:/a", true),
  ])
  func `loopback addresses are known`(_ text: String, _ isLoopback: Bool) {
    #expect(SocketAddress(text)?.isLoopback == isLoopback)
  }

  @Test(arguments: ["127.0.0.1:0", "[::1]:0", "unix:/tmp/quotient-socket-test"])
  func `bytes go both ways and the end is seen`(_ text: String) throws {
    let address = try #require(SocketAddress(text))
    let listener = try ListeningSocket(at: address, sharesPort: false, backlog: 8)
    defer { address.removePath() }
    let client = try StreamSocket(connectingTo: listener.address)
    guard case .accepted(let server, let peer) = listener.accept() else {
      Issue.record("nobody was accepted")
      return
    }
    #expect(peer.isLoopback)
    #expect(receive(server) == (.wouldBlock, []))
    #expect(client.send([1, 2, 3].span) == .transferred(3))
    #expect(receive(server) == (.transferred(3), [1, 2, 3]))
    #expect(server.send([4].span) == .transferred(1))
    server.shutdownSending()
    #expect(receive(client) == (.transferred(1), [4]))
    #expect(receive(client) == (.ended, []))
    if case .wouldBlock = listener.accept() {} else { Issue.record("somebody else connected") }
  }

  private func receive(_ socket: borrowing StreamSocket) -> (TransferOutcome, [UInt8]) {
    var bytes = [UInt8](repeating: 0, count: 100)
    var span = bytes.mutableSpan
    let outcome = socket.receive(into: &span)
    guard case .transferred(let count) = outcome else { return (outcome, []) }
    return (outcome, Array(bytes[..<count]))
  }

  @Test func `accepted connections send small answers at once`() throws {
    let listener = try ListeningSocket(
      at: SocketAddress("127.0.0.1:0")!, sharesPort: true, backlog: 8)
    let client = try StreamSocket(connectingTo: listener.address)
    guard case .accepted(let server, _) = listener.accept() else {
      Issue.record("nobody was accepted")
      return
    }
    var isOn: CInt = 0
    var length = socklen_t(4)
    // SAFETY: the kernel writes one int.
    unsafe getsockopt(server.number, CInt(IPPROTO_TCP), TCP_NODELAY, &isOn, &length)
    #expect(isOn != 0)
    client.shutdownSending()
  }

  @Test func `a port that somebody listens at is not free, shared or not`() throws {
    for sharesPort in [true, false] {
      let listener = try ListeningSocket(
        at: SocketAddress("127.0.0.1:0")!, sharesPort: sharesPort, backlog: 8)
      let address = listener.address
      #expect(throws: SystemError.self) { try ListeningSocket.checkIsFree(address) }
    }
  }

  @Test func `an abandoned path is taken over, one in use is not`() throws {
    let path = "/tmp/quotient-path-test-\(getpid())"
    let address = SocketAddress("unix:\(path)")!
    defer { address.removePath() }
    do {
      let listener = try ListeningSocket(at: address, sharesPort: false, backlog: 8)
      #expect(throws: SystemError.self) {
        _ = try ListeningSocket(at: address, sharesPort: false, backlog: 8)
      }
      #expect(listener.address == address)
    }
    let successor = try ListeningSocket(at: address, sharesPort: false, backlog: 8)
    #expect(successor.address == address)
  }
}

@Suite struct ThreadTests {
  @Test func `a thread runs its body under its name and is awaited`() throws {
    let name = Text()
    let thread = try WorkerThread(name: "a-name-that-is-too-long") {
      let comm = try? String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8)
      name.value.withLock { $0 = comm ?? "" }
    }
    thread.join()
    #expect(name.value.withLock { $0 } == "a-name-that-is-\n")
  }

  private final class Text: Sendable {
    let value = Lock("")
  }

  @Test func `a wake-up is seen once`() throws {
    let wakeup = try WakeupDescriptor()
    var poll = try EventPoll(capacity: 4)
    try poll.add(wakeup.number, for: .readable, token: 42)
    #expect(poll.wait(milliseconds: 0) == 0)
    wakeup.wake()
    wakeup.wake()
    #expect(poll.wait(milliseconds: 1000) == 1)
    #expect(poll.event(0).token == 42)
    #expect(poll.event(0).isReadable && !poll.event(0).hasPeerEnded)
    wakeup.clear()
    #expect(poll.wait(milliseconds: 0) == 0)
  }

  @Test func `clocks move forward and agree with the calendar`() {
    let first = MonotonicClock.nanoseconds()
    #expect(MonotonicClock.nanoseconds() >= first)
    let seconds = Int(WallClock.nanoseconds() / 1_000_000_000)
    #expect(abs(seconds - Int(Date().timeIntervalSince1970)) <= 2)
  }

  @Test func `the process knows what it uses`() {
    let usage = ProcessUsage.current()
    #expect(usage.cpuSeconds > 0)
    #expect(usage.openDescriptorCount >= 3)
    #expect(usage.descriptorCountMax >= usage.openDescriptorCount)
    #expect(usage.residentByteCount > 1_000_000)
    #expect(usage.virtualByteCount >= usage.residentByteCount)
    #expect(usage.threadCount >= 1)
    let now = Double(WallClock.nanoseconds()) / 1e9
    #expect(usage.startTime > now - 86_400 && usage.startTime < now + 1)
  }
}
