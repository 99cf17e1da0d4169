import ArgumentParser
import SystemIO

/// The parts of `http://HOST:PORT/PATH`; or `unix:PATH`, which is asked for `/readyz`.
struct HealthTarget {
  let address: SocketAddress
  let authority: String
  let path: String

  init(_ url: String) throws {
    if url.hasPrefix("unix:") {
      guard let address = SocketAddress(url) else {
        throw ValidationError("'\(url)' is no path like unix:/run/quotient.sock")
      }
      self.address = address
      authority = "localhost"
      path = "/readyz"
      return
    }
    guard url.hasPrefix("http://") else {
      throw ValidationError("'\(url)' does not begin with http://")
    }
    let rest = url.dropFirst("http://".count)
    let end = rest.firstIndex(of: "/") ?? rest.endIndex
    let hasPort = rest[..<end].last?.isNumber == true && rest[..<end].contains(":")
    authority = String(rest[..<end])
    path = rest[end...].isEmpty || rest[end...] == "/" ? "/readyz" : String(rest[end...])
    let named =
      authority.hasPrefix("localhost")
      ? "127.0.0.1" + authority.dropFirst("localhost".count) : authority
    guard let address = SocketAddress(hasPort ? named : named + ":80") else {
      throw ValidationError("'\(authority)' is no address like 127.0.0.1:8080 or [::1]:8080")
    }
    self.address = address
  }
}

/// One GET over a connection of its own.
enum HealthProbe {
  private static let headBytesMax = 65_536

  /// The status of the answer.
  static func status(
    of target: HealthTarget, timeout: Duration
  ) throws(CommandFailure) -> Int {
    let clock = ContinuousClock()
    let deadline = clock.now + timeout
    do {
      let socket = try StreamSocket(connectingTo: target.address)
      var poll = try EventPoll(capacity: 1)
      try poll.add(socket.number, for: [.readable, .peerEnded], token: 0)
      let request =
        "GET \(target.path) HTTP/1.1\r\nHost: \(target.authority)\r\nConnection: close\r\n\r\n"
      _ = socket.send([UInt8](request.utf8).span)
      var head: [UInt8] = []
      while head.count < headBytesMax {
        var block = [UInt8](repeating: 0, count: 4_096)
        var span = block.mutableSpan
        switch socket.receive(into: &span) {
        case .transferred(let count): head += block.prefix(count)
        case .wouldBlock: _ = poll.wait(milliseconds: remaining(until: deadline, clock))
        case .ended: return try statusCode(head, target)
        case .failed(let code):
          throw CommandFailure("\(target.authority) broke the connection (errno \(code))")
        }
        if head.contains(0x0A) { return try statusCode(head, target) }
        guard clock.now < deadline else {
          throw CommandFailure("\(target.authority) does not answer within \(timeout)")
        }
      }
      throw CommandFailure("\(target.authority) does not answer like an HTTP server")
    } catch let failure as CommandFailure {
      throw failure
    } catch {
      throw CommandFailure(error)
    }
  }

  private static func remaining(
    until deadline: ContinuousClock.Instant, _ clock: ContinuousClock
  ) -> Int {
    max(1, Int((deadline - clock.now) / .milliseconds(1)))
  }

  /// `HTTP/1.1 200 OK`: the number.
  private static func statusCode(
    _ head: [UInt8], _ target: HealthTarget
  ) throws(CommandFailure) -> Int {
    let line = String(decoding: head.prefix { $0 != 0x0D && $0 != 0x0A }, as: UTF8.self)
    let words = line.split(separator: " ")
    guard words.count >= 2, words[0].hasPrefix("HTTP/"), let code = Int(words[1]) else {
      throw CommandFailure("\(target.authority) does not answer like an HTTP server")
    }
    return code
  }
}
