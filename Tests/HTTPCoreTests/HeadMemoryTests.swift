import ByteCoding
import TestSupport
import Testing

@testable import HTTPCore

/// What is remembered of the last head must never show in the next one.
@Suite struct HeadMemoryTests {
  private static let heads = [
    "POST /v1/models/demo:lookup HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n",
    "POST /v1/models/demo:lookup HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\n",
    "POST /v1/models/demo:lookup HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nAccept: x\r\n\r\n",
    "POST /v1/models/demo:lookup HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST /v1/models/demo:lookup?a=b HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Request-ID: 1\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Request-ID: 2\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nX-Request-ID: 2\r\nConnection: close  \r\n\r\n",
    "\r\nGET / HTTP/1.0\r\n\r\n",
    "GET / HTTP/1.0\r\n\r\n",
    "GET / HTTP/1.0\r\nHost: a\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nBad Name: b\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nBad: \u{1}\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\n",
    "GET / HTTP/2.0\r\n\r\n",
  ]

  @Test func `every head after every other is parsed as it would be alone`() {
    for first in Self.heads {
      for second in Self.heads {
        for third in [first, second] {
          var memory = HeadMemory()
          for head in [first, second, third] {
            #expect(parse(head, &memory) == parseAlone(head), "\(first) \(second) \(third)")
          }
        }
      }
    }
  }

  @Test func `heads that differ in one byte are parsed as they would be alone`() {
    var generator = SeededGenerator(seed: 7)
    let original = Array(
      "POST /a?b HTTP/1.1\r\nHost: h\r\nAccept: */*\r\nTransfer-Encoding: chunked\r\n\r\nbody".utf8)
    for place in original.indices {
      for _ in 0..<8 {
        var other = original
        other[place] = [0x0A, 0x0D, 0x20, 0x3A, 0x61, 0x7F].randomElement(using: &generator)!
        var memory = HeadMemory()
        for bytes in [original, other, original, other] {
          let text = String(decoding: bytes, as: UTF8.self)
          #expect(parse(text, &memory) == parseAlone(text), "byte \(place) \(other[place])")
        }
      }
    }
  }

  @Test func `a known head ends where it ends, whatever follows`() {
    var memory = HeadMemory()
    for body in ["", "x", "GET / HTTP/1.1\r\n"] {
      _ = parse(Self.heads[0] + body, &memory)
      #expect(memory.head.byteCount == Self.heads[0].utf8.count)
    }
  }

  @Test func `a head cut short is not known, and forgets the one before`() {
    var memory = HeadMemory()
    for count in 0..<Self.heads[0].utf8.count {
      _ = parse(Self.heads[0], &memory)
      let cut = String(Self.heads[0].prefix(count))
      #expect(parse(cut, &memory) == parseAlone(cut))
    }
  }

  @Test func `a head that is too long to be remembered is parsed each time`() {
    let long =
      "GET / HTTP/1.1\r\nHost: a\r\nCookie: \(String(repeating: "c", count: 5_000))\r\n\r\n"
    var memory = HeadMemory()
    for head in [long, long, Self.heads[5], long] {
      #expect(parse(head, &memory) == parseAlone(head))
    }
  }

  /// The head and what it says of its body, or the error.
  private func parse(_ text: String, _ memory: inout HeadMemory) -> String {
    let bytes = Array(text.utf8)
    do throws(HTTPParseError) {
      guard try memory.parse(bytes.span, limits: HTTPLimits()) == .complete else { return "more" }
      return "\(memory.head) \(try memory.framing(bytes.span, limits: HTTPLimits()))"
    } catch {
      return "\(error) at \(error.offset)"
    }
  }

  private func parseAlone(_ text: String) -> String {
    var memory = HeadMemory()
    return parse(text, &memory)
  }
}
