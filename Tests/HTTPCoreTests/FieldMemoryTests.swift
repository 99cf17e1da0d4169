import ByteCoding
import TestSupport
import Testing

@testable import HTTPCore

/// What is remembered of a connection's last header section must never show in the next one.
@Suite struct FieldMemoryTests {
  typealias Frame = HTTP2Frame

  private static let limits = HTTPLimits(headerCountMax: 8, bodyBytesMax: 1_000)

  private static let sections: [[UInt8]] = [
    Frame.request("GET", "/a"),
    Frame.request("GET", "/a?b"),
    Frame.request("POST", "/a") + [("content-type", "text/plain"), ("content-length", "3")],
    Frame.request("POST", "/a") + [("content-type", "text/plain"), ("content-length", "4")],
    Frame.request("POST", "/a") + [("content-length", "4000")],
    Frame.request("POST", "/a") + [("content-type", "text/plainly")],
    Frame.request("POST", "/a") + [("content-typ", "etext/plain")],
    Frame.request("HEAD", "/a") + [("x-request-id", "1")],
    Frame.request("HEAD", "/a") + [("x-request-id", "1"), ("x-request-id", "2")],
    Frame.request("POST", "/a") + [("expect", "100-continue")],
    Frame.request("POST", "/a") + [("expect", "a miracle")],
    Frame.request("GET", "/a#b"),
    Frame.request("GET", "/a") + (0..<12).map { ("x-\($0)", "\($0)") },
    Frame.request("GET", "/a") + [("cookie", String(repeating: "c", count: 3_000))],
    Frame.request("GET", "/a") + [("a", "")],
    Frame.request("GET", "/a") + [("a", "b"), ("c", "d")],
    Frame.request("GET", "/a") + [("ab", ""), ("c", "d")],
    Frame.request("GET", "/a") + [("A", "b")],
    Array(Frame.request("GET", "/a").prefix(3)),
  ].map { Frame.block($0) }

  @Test func `every section after every others is received as it would be alone`() {
    for first in Self.sections.indices {
      for second in Self.sections.indices {
        var sections = RequestSections()
        for number in [first, second, first, first, second] {
          var alone = RequestSections()
          #expect(
            receive(Self.sections[number], &sections) == receive(Self.sections[number], &alone),
            "\(number) of \(first) and \(second)")
        }
      }
    }
  }

  /// The same bytes stand for other fields once the table is another one.
  @Test func `a section is known only as long as the table is the same`() {
    let request = Frame.block(Frame.request("GET", "/a"))
    func insertion(_ value: UInt8) -> [UInt8] { request + [0x40, 1, 0x78, 1, value] }
    let reference = request + [0xBE]
    var sections = RequestSections()
    for value: UInt8 in [0x31, 0x32] {
      let text = "test" + "x" + String(UnicodeScalar(value))
      #expect(receive(insertion(value), &sections).contains(text))
      for _ in 0..<3 { #expect(receive(reference, &sections).contains(text)) }
    }
    // A table that the client empties, for ever or for a moment.
    #expect(receive([0x20] + request, &sections).contains("/a"))
    #expect(receive(reference, &sections) == "unreadable")
  }

  @Test func `requests on a connection do not show in each other`() {
    let talk = HTTP2Conversation()
    var stream: UInt32 = 1
    for path in ["/a", "/a", "/ab", "/a", "/b?c", "/b?c", "/a"] {
      for method in ["GET", "POST", "POST"] {
        talk.send(
          .headers(stream, Frame.request(method, path), ends: method == "GET"))
        if method == "POST" { talk.send(.data(stream, Array(path.utf8))) }
        #expect(talk.text(stream) == "\(method) \(path) [\(method == "GET" ? "" : path)]")
        stream += 2
      }
    }
  }

  /// Everything that is known of a section once it is complete.
  private func receive(_ block: [UInt8], _ sections: inout RequestSections) -> String {
    var content = HTTP2Content()
    switch sections.readHead(block.span, Self.limits, into: &content) {
    case .malformed: return "malformed"
    case .unreadable: return "unreadable"
    case .read(let summary):
      let text = String(decoding: [UInt8](copying: content.text.bytes), as: UTF8.self)
      let defect = content.defect.map { "\($0) at \($0.offset)" } ?? ""
      return "\(content.head) \(text) \(content.headByteCount) \(summary) \(defect)"
    }
  }
}
