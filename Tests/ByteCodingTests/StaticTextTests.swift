import ByteCoding
import Testing

@Suite struct StaticTextTests {
  static let texts: [StaticString] = [
    "", "a", "id", "text", "feature", "features", "datatypes", "grpc-timeout", "binary_data_size",
    "application/grpc", "application/grpc+", "raw_input_contents", "inference-header-content",
    "inference-header-content-", "{a}~`^_-",
  ]

  /// As it is, and in any case.
  private func compare(_ text: StaticString, _ bytes: [UInt8]) -> [Bool] {
    [text.equals(bytes.span), text.equalsIgnoringCase(bytes.span)]
  }

  @Test(arguments: texts.indices)
  func `a text equals its own bytes and no others`(index: Int) {
    let text = Self.texts[index]
    let bytes = Array("\(text)".utf8)
    #expect(compare(text, bytes) == [true, true])
    for other in [bytes + [0], bytes.dropLast() + [], [0] + bytes] where other != bytes {
      #expect(compare(text, other) == [false, false])
    }
    for place in bytes.indices {
      for bit in 0..<8 {
        var other = bytes
        other[place] ^= 1 << UInt8(bit)
        let isLetter = bytes[place] &- 0x61 < 26
        #expect(compare(text, other) == [false, isLetter && bit == 5], "\(place) \(bit)")
      }
    }
  }

  @Test func `a text is identical to itself alone`() {
    let text: StaticString = "application/json"
    #expect(text.isIdentical(to: text) && !text.isIdentical(to: "application/jso"))
    #expect(!text.isIdentical(to: "text/plain"))
  }

  @Test(arguments: 0...40)
  func `as many bytes as there are are appended`(count: Int) {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: 0xA0 + $0) }
    var buffer = ByteBuffer()
    for _ in 0..<3 {
      buffer.append(bytes.span)
      buffer.append(1 as UInt8)
    }
    let appended = buffer.bytes.indices.map { buffer.bytes[$0] }
    #expect(appended == bytes + [1] + bytes + [1] + bytes + [1])
  }

  @Test(arguments: texts.indices)
  func `a text is appended whole`(index: Int) {
    var buffer = ByteBuffer()
    for _ in 0..<2 { buffer.append(Self.texts[index]) }
    let appended = buffer.bytes.indices.map { buffer.bytes[$0] }
    #expect(appended == Array("\(Self.texts[index])\(Self.texts[index])".utf8))
  }

  @Test func `bytes are compared up to the first that differs`() {
    let bytes = (0..<100).map { UInt8(truncatingIfNeeded: $0 &* 37) }
    for count in bytes.indices {
      let part = Array(bytes[..<count])
      #expect(commonPrefixCount(part, bytes) == count && commonPrefixCount(bytes, part) == count)
      #expect(isEqual(part, part) && !isEqual(part, bytes))
      for place in part.indices {
        for bit in [0, 7] {
          var other = part
          other[place] ^= 1 << UInt8(bit)
          #expect(commonPrefixCount(part, other) == place && !isEqual(part, other))
        }
      }
    }
  }

  private func commonPrefixCount(_ bytes: [UInt8], _ others: [UInt8]) -> Int {
    bytes.span.commonPrefixCount(with: others.span)
  }

  private func isEqual(_ bytes: [UInt8], _ others: [UInt8]) -> Bool {
    bytes.span.isEqual(to: others.span)
  }

  @Test(arguments: texts.indices)
  func `a field is a line`(index: Int) {
    for count in 0...40 {
      let value = [UInt8](repeating: UInt8(ascii: "v"), count: count)
      var buffer = ByteBuffer()
      for _ in 0..<2 { buffer.append(field: Self.texts[index], value.span) }
      let appended = buffer.bytes.indices.map { buffer.bytes[$0] }
      let line = Array("\(Self.texts[index]): ".utf8) + value + [0x0D, 0x0A]
      #expect(appended == line + line)
    }
  }

  @Test func `a decimal has its digits`() {
    let values = Array(-20...20_000) + [99_999, 100_000, 1 << 40, .max, .min + 1]
    var buffer = ByteBuffer()
    for value in values {
      buffer.append(decimal: value)
      buffer.append(UInt8(ascii: ","))
    }
    let text = String(decoding: buffer.bytes.indices.map { buffer.bytes[$0] }, as: UTF8.self)
    #expect(text == values.map { "\($0)," }.joined())
  }
}
