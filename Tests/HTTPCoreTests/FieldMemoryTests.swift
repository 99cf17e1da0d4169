import ByteCoding
import TestSupport
import Testing

@testable import HTTPCore

/// What is remembered of a connection's last header section must never show in the next one.
@Suite struct FieldMemoryTests {
  typealias Frame = HTTP2Frame
  typealias Fields = [(String, String)]

  private static let limits = HTTPLimits(headerCountMax: 8)

  private static let sections: [Fields] = [
    Frame.request("GET", "/a"),
    Frame.request("GET", "/a?b"),
    Frame.request("POST", "/a") + [("content-type", "text/plain"), ("content-length", "3")],
    Frame.request("POST", "/a") + [("content-type", "text/plain"), ("content-length", "4")],
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
  ]

  @Test func `every section after every others is received as it would be alone`() {
    for first in Self.sections.indices {
      for second in Self.sections.indices {
        var memory = FieldMemory()
        for number in [first, second, first, first, second] {
          #expect(
            receive(Self.sections[number], &memory) == receiveAlone(Self.sections[number]),
            "\(number) of \(first) and \(second)")
        }
      }
    }
  }

  @Test func `a section that is given up is forgotten, and changes nothing`() {
    for first in Self.sections.indices {
      for broken in Self.sections.indices {
        for count in 0...3 {
          var memory = FieldMemory()
          _ = receive(Self.sections[first], &memory)
          // The library found something wrong behind the first few fields.
          var content = HTTP2Content()
          memory.begin()
          for field in Self.sections[broken].prefix(count) {
            receive(field, &memory, into: &content)
          }
          for number in [broken, first] {
            #expect(
              receive(Self.sections[number], &memory) == receiveAlone(Self.sections[number]),
              "\(number) after \(count) fields of \(broken)")
          }
        }
      }
    }
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

  private func receive(
    _ field: (String, String), _ memory: inout FieldMemory, into content: inout HTTP2Content
  ) {
    let (name, value) = (Array(field.0.utf8), Array(field.1.utf8))
    memory.receive(name.span, value.span, Self.limits, into: &content)
  }

  /// Everything that is known of a section once it is complete.
  private func receive(_ fields: Fields, _ memory: inout FieldMemory) -> String {
    var content = HTTP2Content()
    memory.begin()
    for field in fields { receive(field, &memory, into: &content) }
    let summary = memory.finish(&content, Self.limits)
    return describe(content, summary)
  }

  private func receiveAlone(_ fields: Fields) -> String {
    var content = HTTP2Content()
    for (name, value) in fields {
      let (name, value) = (Array(name.utf8), Array(value.utf8))
      content.receiveField(name.span, value.span, Self.limits)
    }
    let summary = content.finishHead(Self.limits)
    return describe(content, summary)
  }

  private func describe(
    _ content: borrowing HTTP2Content, _ summary: HTTP2Content.HeadSummary
  ) -> String {
    let text = String(decoding: [UInt8](copying: content.text.bytes), as: UTF8.self)
    let defect = content.defect.map { "\($0) at \($0.offset)" } ?? ""
    return "\(content.head) \(text) \(content.headByteCount) \(content.expectsContinue) "
      + "\(summary) \(defect)"
  }
}
