import HTTPCore
import Testing

/// Streams of bytes and what a strict server makes of them (RFC 9110, RFC 9112). Each row is also
/// cut in two at every place, and into single bytes: how bytes arrive must not matter.
@Suite struct ConformanceTests {
  struct Row: Sendable, CustomTestStringConvertible {
    let name: String
    let bytes: String
    let events: [String]
    var testDescription: String { name }

    init(_ name: String, _ bytes: String, _ events: String...) {
      self.name = name
      self.bytes = bytes
      self.events = events
    }
  }

  static let accepted: [Row] = [
    Row("origin form", "GET /a/b?c=d HTTP/1.1\r\nHost: h\r\n\r\n", "get /a/b?c=d []"),
    Row("empty query", "GET /? HTTP/1.1\r\nHost: h\r\n\r\n", "get / []"),
    Row("question marks in the query", "GET /?a?b HTTP/1.1\r\nHost: h\r\n\r\n", "get /?a?b []"),
    Row("absolute form", "GET http://x:80/p?q HTTP/1.1\r\nHost: h\r\n\r\n", "get /p?q []"),
    Row("absolute form without path", "GET http://x HTTP/1.1\r\nHost: h\r\n\r\n", "get / []"),
    Row("absolute form, query only", "GET HTTPS://x?q HTTP/1.1\r\nHost: h\r\n\r\n", "get /?q []"),
    Row("asterisk form", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", "options * []"),
    Row("unknown method", "BREW /pot HTTP/1.1\r\nHost: h\r\n\r\n", "other /pot []"),
    Row("methods have a case", "get / HTTP/1.1\r\nHost: h\r\n\r\n", "other / []"),
    Row("one empty line before", "\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", "get / []"),
    Row("a later minor version", "GET / HTTP/1.7\r\nHost: h\r\n\r\n", "get / []"),
    Row("HTTP/1.0 closes", "GET / HTTP/1.0\r\n\r\nGET /", "get / []", "close"),
    Row(
      "HTTP/1.0 stays open on request",
      "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\nGET /b HTTP/1.0\r\n\r\n", "get / []",
      "get /b []", "close"),
    Row(
      "close among other tokens", "GET / HTTP/1.1\r\nHost: h\r\nConnection: foo , Close\r\n\r\n",
      "get / []", "close"),
    Row(
      "close in a second field",
      "GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n",
      "get / []", "close"),
    Row("empty host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", "get / []"),
    Row("IPv6 host", "GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", "get / []"),
    Row("header names have no case", "GET / HTTP/1.1\r\nhOsT: h\r\n\r\n", "get / []"),
    Row("blanks around values", "GET / HTTP/1.1\r\nHost: \t h \t \r\n\r\n", "get / []"),
    Row("obs-text in a value", "GET / HTTP/1.1\r\nHost: h\r\nA: é\r\n\r\n", "get / []"),
    Row("empty value", "GET / HTTP/1.1\r\nHost: h\r\nA:\r\n\r\n", "get / []"),
    Row(
      "a length of zero", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", "post / []"),
    Row(
      "leading zeros", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 003\r\n\r\nabc",
      "post / [abc]"),
    Row(
      "pipelining",
      "POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc\r\n"
        + "GET /2 HTTP/1.1\r\nHost: h\r\n\r\n", "post /1 [abc]", "get /2 []"),
    Row("chunked", chunked("3\r\nabc\r\n0\r\n\r\n"), "post / [abc]"),
    Row("chunked in any case", chunked("0\r\n\r\n", coding: "ChUnKeD"), "post / []"),
    Row(
      "two chunks", chunked("3\r\nabc\r\n00A\r\n0123456789\r\n0\r\n\r\n"), "post / [abc0123456789]"),
    Row("extensions", chunked("1;a=b;c=\"d;e\"\r\nx\r\n0 ;f\r\n\r\n"), "post / [x]"),
    Row("trailers", chunked("1\r\nx\r\n0\r\nA: b\r\nC-D:\r\n\r\n"), "post / [x]"),
    Row(
      "data that looks like coding", chunked("5\r\n0\r\n\r\n\r\n0\r\n\r\n"), "post / [0\r\n\r\n]"),
    Row(
      "a request behind a chunked one",
      chunked("1\r\nx\r\n0\r\n\r\n")
        + "GET /2 HTTP/1.1\r\nHost: h\r\n\r\n", "post / [x]", "get /2 []"),
    Row(
      "an expectation without body", "GET / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n",
      "get / []"),
    Row("an expectation of HTTP/1.0", "GET / HTTP/1.0\r\nExpect: x\r\n\r\n", "get / []", "close"),
    Row(
      "an upgrade is not followed",
      "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", "get / []"),
  ]

  static let refused: [Row] = [
    Row("two empty lines before", "\r\n\r\nGET / HTTP/1.1\r\n", "400 methodMissing at 2"),
    Row("bytes of another protocol", "\u{16}\u{3}\u{1}\r\n", "400 methodMissing at 0"),
    Row("a method alone", "GET\r\n", "400 methodMissing at 3"),
    Row("two blanks before the target", "GET  / HTTP/1.1\r\n", "400 targetMissing at 4"),
    Row("two blanks behind the target", "GET /  HTTP/1.1\r\n", "400 versionMalformed at 6"),
    Row("a blank behind the version", "GET / HTTP/1.1 \r\n", "400 lineFeedExpected at 14"),
    Row("a tab between", "GET\t/ HTTP/1.1\r\n", "400 methodMissing at 3"),
    Row("a tab in the target", "GET /\t HTTP/1.1\r\n", "400 targetInvalid at 5"),
    Row("a fragment", "GET /a#b HTTP/1.1\r\n", "400 targetInvalid at 6"),
    Row("a target outside ASCII", "GET /é HTTP/1.1\r\n", "400 targetInvalid at 5"),
    Row("a relative target", "GET a/b HTTP/1.1\r\n", "400 targetInvalid at 4"),
    Row("another scheme", "GET ftp://h/ HTTP/1.1\r\n", "400 targetInvalid at 4"),
    Row("user information", "GET http://u@h/ HTTP/1.1\r\n", "400 targetInvalid at 11"),
    Row("no authority", "GET http:/// HTTP/1.1\r\n", "400 targetInvalid at 11"),
    Row("an asterisk for GET", "GET * HTTP/1.1\r\n", "400 targetInvalid at 4"),
    Row("CONNECT", "CONNECT h:80 HTTP/1.1\r\n", "501 methodNotImplemented at 8"),
    Row("no version", "GET /\r\n", "400 targetMissing at 5"),
    Row("HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\n", "400 targetInvalid at 4"),
    Row("HTTP/2 in a text line", "GET / HTTP/2.0\r\n", "505 versionUnsupported at 11"),
    Row("HTTP/0.9 by name", "GET / HTTP/0.9\r\n", "505 versionUnsupported at 11"),
    Row("a version in lower case", "GET / http/1.1\r\n", "400 versionMalformed at 6"),
    Row("a version of two digits", "GET / HTTP/1.10\r\n", "400 lineFeedExpected at 14"),
    Row("a version without minor", "GET / HTTP/1\r\n", "400 versionMalformed at 12"),
    Row("a bare line feed", "GET / HTTP/1.1\nHost: h\r\n", "400 lineFeedExpected at 14"),
    Row("a bare CR", "GET / HTTP/1.1\rHost: h\r\n", "400 lineFeedExpected at 15"),
    Row("a blank before the colon", head("Host : h"), "400 headerNameInvalid(byte: 32) at 20"),
    Row("a folded line", head("A: b\r\n c"), "400 headerNameInvalid(byte: 32) at 22"),
    Row("a blank before the name", head(" A: b"), "400 headerNameInvalid(byte: 32) at 16"),
    Row("an empty name", head(": b"), "400 headerNameInvalid(byte: 58) at 16"),
    Row("no colon", head("Host"), "400 headerNameInvalid(byte: 13) at 20"),
    Row("NUL in a name", head("A\0: b"), "400 headerNameInvalid(byte: 0) at 17"),
    Row("NUL in a value", head("A: b\0"), "400 headerValueInvalid(byte: 0) at 20"),
    Row("a line feed in a value", head("A: b\nC: d"), "400 headerValueInvalid(byte: 10) at 20"),
    Row("DEL in a value", head("A: b\u{7F}"), "400 headerValueInvalid(byte: 127) at 20"),
    Row("a CR in a value", head("A: b\rc"), "400 lineFeedExpected at 21"),
    Row("no host", "GET / HTTP/1.1\r\n\r\n", "400 hostMissing at 18"),
    Row("two hosts", head("Host: a\r\nHost: a\r\n"), "400 hostRepeated at 25"),
    Row("a host with a path", head("Host: a/b\r\n"), "400 hostInvalid at 22"),
    Row("two hosts in one field", head("Host: a b\r\n"), "400 hostInvalid at 22"),
    Row("a host with a port of letters", head("Host: a:b\r\n"), "400 hostInvalid at 22"),
    Row("an open bracket", head("Host: [::1\r\n"), "400 hostInvalid at 22"),
    Row("user information in the host", head("Host: u@h\r\n"), "400 hostInvalid at 22"),
    Row(
      "another expectation", post("Expect: 200-ok\r\nContent-Length: 1"),
      "417 expectationUnsupported at 34"),
    Row(
      "an expectation with more", post("Expect: 100-continue, x\r\nContent-Length: 1"),
      "417 expectationUnsupported at 34"),
  ]

  @Test(arguments: accepted + refused)
  func `a stream is understood, whole and cut anywhere`(_ row: Row) {
    let bytes = Array(row.bytes.utf8)
    #expect(conversation([bytes]) == row.events)
    for cut in 1..<bytes.count {
      let pieces = [Array(bytes[..<cut]), Array(bytes[cut...])]
      #expect(conversation(pieces) == row.events, "cut at \(cut)")
    }
    #expect(conversation(bytes.map { [$0] }) == row.events, "byte by byte")
  }

  @Test(arguments: accepted)
  func `every prefix of an acceptable stream is a prefix of its events`(_ row: Row) {
    let bytes = Array(row.bytes.utf8)
    for count in 0..<bytes.count {
      let events = conversation([Array(bytes[..<count])])
      #expect(row.events.starts(with: events), "prefix of \(count) bytes: \(events)")
    }
  }
}

func head(_ fields: String) -> String { "GET / HTTP/1.1\r\n\(fields)\r\n\r\n" }

/// A POST with a host and the fields given, which begin at offset 26.
func post(_ fields: String) -> String { "POST / HTTP/1.1\r\nHost: h\r\n\(fields)\r\n\r\n" }

/// A POST with this chunked body.
func chunked(_ body: String, coding: String = "chunked") -> String {
  post("Transfer-Encoding: \(coding)") + body
}
