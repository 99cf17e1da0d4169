import ByteCoding
import HTTPCore
import TestSupport
import Testing

/// Small inputs, all of them.
@Suite struct ExhaustiveTests {
  @Test func `each byte is allowed exactly where RFC 9110 and 9112 allow it`() {
    let token = Set("!#$%&'*+-.^_`|~0123456789".utf8)
    // RFC 3986 section 3.2.2.
    let hostMarks = Set("-._~%!$&'()*+,;=".utf8)
    for byte in UInt8.min...UInt8.max {
      let isLetter = (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
      let isTokenByte = token.contains(byte) || isLetter
      let name = Array("GET / HTTP/1.1\r\nHost: h\r\nA".utf8) + [byte] + Array("B: c\r\n\r\n".utf8)
      let isEnd = byte == UInt8(ascii: ":")
      #expect((conversation([name]) == ["get / []"]) == (isTokenByte || isEnd), "name \(byte)")

      let value = Array("GET / HTTP/1.1\r\nHost: h\r\nA: b".utf8) + [byte] + Array("c\r\n\r\n".utf8)
      let isValueByte = byte == 0x09 || (byte >= 0x20 && byte != 0x7F)
      #expect((conversation([value]) == ["get / []"]) == isValueByte, "value \(byte)")

      let target = Array("GET /a".utf8) + [byte] + Array("b HTTP/1.1\r\nHost: h\r\n\r\n".utf8)
      let isTargetByte = byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "#")
      #expect((conversation([target]).first?.hasPrefix("get /a") == true) == isTargetByte)

      let host = Array("GET / HTTP/1.1\r\nHost: h".utf8) + [byte] + Array("i\r\n\r\n".utf8)
      let isHostByte =
        isLetter || (0x30...0x39).contains(byte) || hostMarks.contains(byte)
      #expect((conversation([host]) == ["get / []"]) == isHostByte, "host \(byte)")

      let method = Array("G".utf8) + [byte] + Array("T / HTTP/1.1\r\nHost: h\r\n\r\n".utf8)
      let isMethod = conversation([method]).first?.hasSuffix(" / []") == true
      #expect(isMethod == isTokenByte, "method \(byte)")
    }
  }

  /// The whole-word scan must find the offending byte at every place of a word.
  @Test func `a forbidden byte is found at every place of a value and a target`() {
    for length in 0..<40 {
      for place in 0...length {
        var value = [UInt8](repeating: UInt8(ascii: "x"), count: length)
        value.insert(0, at: place)
        let start = Array("GET / HTTP/1.1\r\nHost: h\r\nA: ".utf8)
        let events = conversation([start + value + Array("\r\n\r\n".utf8)])
        #expect(events == ["400 headerValueInvalid(byte: 0) at \(start.count + place)"])

        var target = [UInt8](repeating: UInt8(ascii: "y"), count: length)
        target.insert(0x7F, at: place)
        let bytes = Array("GET /".utf8) + target + Array(" HTTP/1.1\r\n\r\n".utf8)
        #expect(conversation([bytes]) == ["400 targetInvalid at \(5 + place)"])
      }
    }
  }

  @Test func `the parser reads nothing behind its bytes`() throws {
    let text =
      "POST /v1/models/demo:lookup?a=b HTTP/1.1\r\nHost: localhost:8080\r\n"
      + "Content-Length: 12\r\nInference-Header-Content-Length: 7\r\nAccept: */*\r\n\r\n"
    let bytes = Array(text.utf8)
    for count in 0...bytes.count {
      // SAFETY: the buffer is used inside the call alone.
      try unsafe withGuardedBuffer(Array(bytes[..<count])) { buffer in
        var head = RequestHead()
        // SAFETY: the buffer holds its bytes during the call; behind it lies an unmapped page.
        let span = unsafe Span(_unsafeElements: UnsafeBufferPointer(buffer))
        let progress = try parseRequestHead(span, limits: HTTPLimits(), into: &head)
        #expect(progress == (count == bytes.count ? .complete : .needsMoreBytes))
      }
    }
  }

  /// All streams of up to four pieces of coding: whole and byte by byte agree.
  @Test func `short chunked bodies are understood alike in every split`() {
    let alphabet = ["0", "1", "\r\n", "\r", "\n", ";", "A: b", " "]
    var bodies = [""]
    var begin = 0
    for _ in 0..<4 {
      let end = bodies.count
      for body in bodies[begin..<end] { bodies += alphabet.map { body + $0 } }
      begin = end
    }
    let start = Array(chunked("").utf8)
    for body in bodies {
      let coded = Array(body.utf8)
      let whole = conversation([start + coded])
      #expect(conversation([start] + coded.map { [$0] }) == whole, "\(coded)")
      #expect(whole.count <= 2)
    }
  }

  @Test func `every known header is found in any case, and no other`() throws {
    for known in KnownHeader.allCases {
      let name = "\(known.name)"
      for spelling in [name, name.uppercased(), name.capitalized] {
        #expect(try value(of: known, in: "\(spelling): v\r\n") == "v", "\(spelling)")
      }
      for place in name.indices {
        var other = name
        other.replaceSubrange(place...place, with: name[place] == "x" ? "y" : "x")
        #expect(try value(of: known, in: "\(other): v\r\n") == nil, "\(other)")
      }
      #expect(try value(of: known, in: "\(name)x: v\r\n") == nil)
      #expect(try value(of: known, in: "\(name.dropLast()): v\r\n") == nil)
      #expect(try value(of: known, in: "\(name): first\r\n\(name): second\r\n") == "first")
    }
  }

  /// CR, say, differs from `-` in the bit that case differs in.
  @Test func `no byte of a known header stands for another`() {
    let tokens = Set("!#$%&'*+-.^_`|~0123456789".utf8)
    for known in KnownHeader.allCases {
      let name = Array("\(known.name)".utf8)
      for place in name.indices {
        for byte in UInt8.min...UInt8.max where byte != UInt8(ascii: ":") {
          var field = name + Array(": v\r\nAnother: header\r\n\r\n".utf8)
          field[place] = byte
          let isLetter = UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20
          let isSame = byte == name[place] || isLetter && byte | 0x20 == name[place]
          let expected: KnownHeader??
          if isLetter || tokens.contains(byte) {
            expected = .some(isSame ? known : nil)
          } else {
            expected = nil
          }
          #expect(firstField(field) == expected, "\(known.name), byte \(place): \(byte)")
        }
      }
    }
  }

  /// Which known header the first field is; nil if the head is refused.
  private func firstField(_ field: [UInt8]) -> KnownHeader?? {
    let bytes = Array("GET / HTTP/1.1\r\n".utf8) + field
    var head = RequestHead()
    guard (try? parseRequestHead(bytes.span, limits: HTTPLimits(), into: &head)) == .complete else {
      return nil
    }
    return .some(head.fields[0].known)
  }

  private func value(of known: KnownHeader, in fields: String) throws -> String? {
    let bytes = Array("GET / HTTP/1.1\r\n\(fields)Z: z\r\n\r\n".utf8)
    var head = RequestHead()
    #expect(try parseRequestHead(bytes.span, limits: HTTPLimits(), into: &head) == .complete)
    return head.first(known).map { String(decoding: bytes[$0.value], as: UTF8.self) }
  }
}

extension String {
  /// Every second letter in upper case.
  fileprivate var capitalized: String {
    String(enumerated().map { $0.isMultiple(of: 2) ? Character($1.uppercased()) : $1 })
  }
}
