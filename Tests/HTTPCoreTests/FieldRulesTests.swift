import ByteCoding
import TestSupport
import Testing

@testable import HTTPCore

/// RFC 9113 section 8, rule by rule, and byte by byte where a rule is about bytes.
@Suite struct FieldRulesTests {
  typealias Frame = HTTP2Frame
  typealias Fields = [(String, String)]
  typealias Bytes = [UInt8]

  struct Row: Sendable, CustomStringConvertible {
    let name: String
    let isRequest: Bool
    let fields: [(String, String)]
    init(_ name: String, _ isRequest: Bool, _ fields: Fields) {
      (self.name, self.isRequest, self.fields) = (name, isRequest, fields)
    }
    var description: String { name }
  }

  private static func get(_ more: (String, String)...) -> Fields { Frame.request("GET", "/", more) }

  private static func without(_ name: String) -> Fields { get().filter { $0.0 != name } }

  private static func with(_ name: String, _ value: String) -> Fields {
    get().map { $0.0 == name ? (name, value) : $0 }
  }

  static let rows: [Row] = [
    Row("the least", true, get()),
    Row("no field at all", false, []),
    Row("no method", false, without(":method")),
    Row("no scheme", false, without(":scheme")),
    Row("no path", false, without(":path")),
    Row("no authority", false, without(":authority")),
    Row("a host instead", true, without(":authority") + [("host", "a")]),
    Row("a host besides", true, get(("host", "a"))),
    Row("two hosts", false, get(("host", "a"), ("host", "a"))),
    Row("an empty host", false, get(("host", ""))),
    Row("a host of two words", false, get(("host", "a b"))),
    Row("two methods", false, [(":method", "GET")] + get()),
    Row("two schemes", false, [(":scheme", "http")] + get()),
    Row("two paths", false, [(":path", "/")] + get()),
    Row("two authorities", false, [(":authority", "test")] + get()),
    Row("an empty method", false, with(":method", "")),
    Row("an empty scheme", false, with(":scheme", "")),
    Row("an empty path", false, with(":path", "")),
    Row("an empty authority", false, with(":authority", "")),
    Row("a method of its own", true, with(":method", "M-SEARCH")),
    Row("a method of two words", false, with(":method", "GET IT")),
    Row("https", true, with(":scheme", "https")),
    Row("HTTP", true, with(":scheme", "HTTP")),
    Row("a scheme of its own", true, with(":scheme", "coap+tcp")),
    Row("a scheme that is a number", false, with(":scheme", "1")),
    Row("a scheme with a colon", false, with(":scheme", "http:")),
    Row("a path without a slash", false, with(":path", "a")),
    Row(
      "any path for another scheme", true,
      [
        (":method", "GET"), (":scheme", "mailto"), (":path", "me"), (":authority", "test"),
      ]),
    Row("an asterisk to GET", false, with(":path", "*")),
    Row("an asterisk to OPTIONS", true, Frame.request("OPTIONS", "*")),
    Row("two asterisks to OPTIONS", false, Frame.request("OPTIONS", "**")),
    Row("OPTIONS of a path", true, Frame.request("OPTIONS", "/")),
    Row("CONNECT", true, [(":method", "CONNECT"), (":authority", "a:1")]),
    Row("CONNECT without authority", false, [(":method", "CONNECT"), ("host", "a:1")]),
    Row(
      "CONNECT with a path", false,
      [
        (":method", "CONNECT"), (":authority", "a:1"), (":path", "/"),
      ]),
    Row(
      "CONNECT with a scheme", false,
      [
        (":method", "CONNECT"), (":authority", "a:1"), (":scheme", "http"),
      ]),
    Row(
      "an extended CONNECT", false,
      [
        (":method", "CONNECT"), (":authority", "a:1"), (":scheme", "http"), (":path", "/"),
        (":protocol", "websocket"),
      ]),
    Row("a protocol", false, [(":protocol", "websocket")] + get()),
    Row("a status", false, [(":status", "200")] + get()),
    Row("an unknown pseudo-field", false, [(":other", "a")] + get()),
    Row("a colon alone", false, [(":", "a")] + get()),
    Row("a pseudo-field in upper case", false, without(":path") + [(":Path", "/")]),
    Row("a pseudo-field last", false, without(":path") + [("a", "b"), (":path", "/")]),
    Row("an empty name", false, get(("", "a"))),
    Row("an empty value", true, get(("a", ""))),
    Row("a blank first", false, get(("a", " b"))),
    Row("a blank last", false, get(("a", "b "))),
    Row("a tab first", false, get(("a", "\tb"))),
    Row("a tab last", false, get(("a", "b\t"))),
    Row("blanks inside", true, get(("a", "b \t c"))),
    Row("a name in upper case", false, get(("A", "b"))),
    Row("a name with an upper-case letter", false, get(("content-Type", "b"))),
    Row("connection", false, get(("connection", "close"))),
    Row("keep-alive", false, get(("keep-alive", "1"))),
    Row("proxy-connection", false, get(("proxy-connection", "close"))),
    Row("transfer-encoding", false, get(("transfer-encoding", "chunked"))),
    Row("upgrade", false, get(("upgrade", "h2c"))),
    Row("proxy-authorization", true, get(("proxy-authorization", "a"))),
    Row("te: trailers", true, get(("te", "trailers"))),
    Row("te: Trailers", true, get(("te", "Trailers"))),
    Row("te: gzip", false, get(("te", "gzip"))),
    Row("te: trailers, gzip", false, get(("te", "trailers, gzip"))),
    Row("te, empty", false, get(("te", ""))),
    Row("a length", true, get(("content-length", "0"))),
    Row("a length with a zero in front", true, get(("content-length", "00"))),
    Row("the largest length", true, get(("content-length", "9223372036854775807"))),
    Row("a larger length", false, get(("content-length", "9223372036854775808"))),
    Row("a very long length", false, get(("content-length", String(repeating: "9", count: 99)))),
    Row("a negative length", false, get(("content-length", "-1"))),
    Row("a length with a sign", false, get(("content-length", "+1"))),
    Row("a length with a blank", false, get(("content-length", "1 "))),
    Row("two lengths in one", false, get(("content-length", "1, 1"))),
    Row("no number as length", false, get(("content-length", "a"))),
    Row("an empty length", false, get(("content-length", ""))),
    Row("two lengths", false, get(("content-length", "1"), ("content-length", "1"))),
    Row("two cookies", true, get(("cookie", "a=b"), ("cookie", "c=d"))),
  ]

  @Test(arguments: rows)
  func `a request is what the rules call one`(_ row: Row) {
    let fields = row.fields.map { (Array($0.0.utf8), Array($0.1.utf8)) }
    #expect(isRequest(fields) == row.isRequest)
  }

  /// The rules must be as strict as the library's were, which they stand for.
  @Test(arguments: rows)
  func `libnghttp2 says the same`(_ row: Row) {
    let talk = ReferenceServer()
    #expect(talk.admits(Frame.block(row.fields)) == row.isRequest)
  }

  /// A byte alone, first, in the middle and last, in each kind of name and value.
  @Test func `every byte is judged as libnghttp2 judges it`() {
    for byte in UInt8.min...UInt8.max {
      for text in [
        [byte], [byte, 97], [97, byte], Array(repeating: 97, count: 9) + [byte, 97, 97],
      ] {
        let slash = [UInt8(ascii: "/")]
        let sections: [[(Bytes, Bytes)]] = [
          Self.bytes(Self.get()) + [(text, [97])], Self.bytes(Self.get()) + [([97], text)],
          Self.bytes(Self.get()) + [(Array("host".utf8), text)],
          Self.bytes(Self.get()) + [(Array("te".utf8), text)],
          Self.bytes(Self.get()) + [(Array("content-length".utf8), text)],
          Self.replacing(":method", text), Self.replacing(":scheme", text),
          Self.replacing(":path", text), Self.replacing(":path", slash + text),
          Self.replacing(":authority", text), [([58] + text, [97])] + Self.bytes(Self.get()),
        ]
        for (number, fields) in sections.enumerated() {
          let isAdmitted = ReferenceServer().admits(HTTP2Frame.block(bytes: fields))
          #expect(isRequest(fields) == isAdmitted, "\(text) in section \(number)")
        }
      }
    }
  }

  private static let pieces: [(String, String)] = [
    (":method", "GET"), (":method", "OPTIONS"), (":method", "CONNECT"), (":scheme", "http"),
    (":scheme", "ftp"), (":path", "/"), (":path", "*"), (":path", "a"), (":path", ""),
    (":authority", "a"), (":status", "200"), ("host", "a"), ("host", ""), ("a", "b"), ("A", "b"),
    ("te", "trailers"), ("te", "a"), ("content-length", "0"), ("content-length", "x"),
    ("connection", "a"), ("upgrade", "a"), ("a", " "), ("", ""), (":", ""),
  ]

  @Test func `any order of any fields is judged as libnghttp2 judges it`() {
    var random = SeededGenerator(seed: 9_113)
    var admittedCount = 0
    for turn in 0..<6_000 {
      var fields = turn % 2 == 0 ? [] : Frame.request()
      for _ in 0..<Int.random(in: 0...4, using: &random) {
        let place = Int.random(in: 0...fields.count, using: &random)
        fields.insert(Self.pieces.randomElement(using: &random)!, at: place)
      }
      let isAdmitted = ReferenceServer().admits(Frame.block(fields))
      #expect(isRequest(Self.bytes(fields)) == isAdmitted, "\(fields)")
      if isAdmitted { admittedCount += 1 }
    }
    #expect(admittedCount > 300)
  }

  struct Trailer: Sendable, CustomStringConvertible {
    let name: String
    let value: String
    let isAdmitted: Bool
    var description: String { "\(name): \(value)" }
  }

  static let trailers: [Trailer] = [
    ("grpc-status", "0", true), ("x", "", true), ("x", "é", true), ("te", "trailers", true),
    (":method", "GET", false), (":status", "200", false), ("X", "a", false), ("", "a", false),
    ("x y", "a", false), ("x", "a\nb", false), ("x", " a", false), ("te", "gzip", false),
    ("connection", "close", false), ("keep-alive", "1", false), ("upgrade", "a", false),
    ("proxy-connection", "a", false), ("transfer-encoding", "chunked", false),
    ("content-length", "1", false), ("host", "a", false),
  ].map { Trailer(name: $0.0, value: $0.1, isAdmitted: $0.2) }

  @Test(arguments: trailers)
  func `trailers keep the rules, too`(_ row: Trailer) {
    for isIndexed in [false, true] {
      let talk = HTTP2Conversation()
      talk.send(
        .headers(1, Frame.request("POST"), ends: false), .data(1, [65], ends: false))
      var block = Frame.block([("a", "b"), (row.name, row.value)])
      if isIndexed { block = HeaderDeflater().deflate(Self.bytes([(row.name, row.value)])) }
      talk.send(Frame(.headers, flags: Frame.endHeaders | Frame.endStream, stream: 1, block))
      #expect(talk.reader.answers[1]?.resetCode == (row.isAdmitted ? nil : 1))
      #expect(talk.text(1) == (row.isAdmitted ? "POST / [A]" : ""))
      talk.send(.headers(3))
      #expect(talk.text(3) == "GET / []")
    }
  }

  /// Each length against each amount, in one frame and in several, with trailers and without.
  @Test func `content is as long as it was said to be`() {
    for declared in 0...4 {
      for sent in 0...4 {
        for way in ["whole", "in bytes", "with trailers"] {
          let talk = HTTP2Conversation()
          let fields = Frame.request("POST", "/", [("content-length", "\(declared)")])
          talk.send(.headers(1, fields, ends: false))
          let bytes = [UInt8](repeating: 65, count: sent)
          if way == "in bytes" { for byte in bytes { talk.send(.data(1, [byte], ends: false)) } }
          if way == "with trailers" {
            talk.send(.data(1, bytes, ends: false))
            talk.send(.headers(1, [("a", "b")]))
          } else {
            talk.send(.data(1, way == "whole" ? bytes : []))
          }
          let isRight = declared == sent
          #expect(
            talk.reader.answers[1]?.resetCode == (isRight ? nil : 1), "\(declared) \(sent) \(way)")
          #expect(talk.served.count == (isRight ? 1 : 0), "\(declared) \(sent) \(way)")
          #expect(talk.session.heldByteCount == 0 && talk.session.openStreamCount == 0)
        }
      }
    }
  }

  @Test func `a request that ends with its head has no content`() {
    for declared in 0...1 {
      let talk = HTTP2Conversation()
      talk.send(.headers(1, Frame.request("POST", "/", [("content-length", "\(declared)")])))
      #expect(talk.reader.answers[1]?.resetCode == (declared == 0 ? nil : 1))
    }
  }

  private func isRequest(_ fields: [(Bytes, Bytes)]) -> Bool {
    var sections = RequestSections()
    var content = HTTP2Content()
    let block = HTTP2Frame.block(bytes: fields)
    switch sections.readHead(block.span, HTTPLimits(), into: &content) {
    case .read: return true
    case .malformed: return false
    case .unreadable:
      Issue.record("the section is readable")
      return false
    }
  }

  private static func bytes(_ fields: Fields) -> [(Bytes, Bytes)] {
    fields.map { (Array($0.0.utf8), Array($0.1.utf8)) }
  }

  private static func replacing(_ name: String, _ value: Bytes) -> [(Bytes, Bytes)] {
    bytes(get()).map { $0.0 == Array(name.utf8) ? ($0.0, value) : $0 }
  }
}
