import ByteCoding
import TestSupport
import Testing

@Suite struct SmallCodingTests {
  @Test(arguments: [
    ("", ""), ("abc", "abc"), ("a%20b", "a b"), ("%41%c3%a9", "Aé"), ("%2F%2f", "//"),
    ("a+b", "a+b"),
  ])
  func `percent sequences become bytes`(_ encoded: String, _ decoded: String) {
    var text = ByteBuffer()
    let isDecoded = percentDecode(Array(encoded.utf8).span, to: &text)
    #expect(isDecoded)
    #expect([UInt8](text.bytes) == Array(decoded.utf8))
  }

  @Test(arguments: ["%", "%4", "a%4", "%4g", "%g4", "%%41"])
  func `a malformed percent sequence is refused`(_ encoded: String) {
    var text = ByteBuffer()
    let isDecoded = percentDecode(Array(encoded.utf8).span, to: &text)
    #expect(!isDecoded)
  }

  @Test func `a plus is a space in a form`() {
    var text = ByteBuffer()
    let isDecoded = percentDecode(Array("a+%2B".utf8).span, plusIsSpace: true, to: &text)
    #expect(isDecoded)
    #expect([UInt8](text.bytes) == Array("a +".utf8))
  }

  @Test func `checksums are the known ones, in any pieces`() {
    #expect(CRC32.of([UInt8]().span) == 0)
    let text = Array("123456789".utf8)
    #expect(CRC32.of(text.span) == 0xCBF4_3926)
    for split in 0...text.count {
      var checksum = CRC32()
      checksum.update(Array(text[..<split]).span)
      checksum.update(Array(text[split...]).span)
      #expect(checksum.value == 0xCBF4_3926)
    }
  }

  @Test func `little-endian numbers are read where they stand`() {
    let bytes: [UInt8] = [0xFF, 1, 2, 3, 4, 5, 6, 7, 0x88, 0, 0, 0x80, 0x3F]
    let span = bytes.span
    #expect(LittleEndian.load(UInt8.self, from: span, at: 0) == 255)
    #expect(LittleEndian.load(Int16.self, from: span, at: 1) == 0x0201)
    #expect(LittleEndian.load(UInt32.self, from: span, at: 1) == 0x0403_0201)
    #expect(
      LittleEndian.load(Int64.self, from: span, at: 1) == Int64(bitPattern: 0x8807_0605_0403_0201))
    #expect(LittleEndian.loadFloat(from: span, at: 9) == 1)
    #expect(LittleEndian.loadDouble(from: span, at: 1) == Double(bitPattern: 0x8807_0605_0403_0201))
    var written = ByteBuffer()
    written.append(littleEndian: UInt32(0x0403_0201))
    written.append(littleEndian: Int64(-2))
    #expect([UInt8](written.bytes) == [1, 2, 3, 4, 0xFE] + [UInt8](repeating: 0xFF, count: 7))
  }

  @Test func `hexadecimal digits are those of the standard library`() {
    var values: [UInt64] = [0, .max, 0x0123_4567_89AB_CDEF]
    for shift in stride(from: 0, to: 64, by: 4) {
      for digit in 0..<16 as Range<UInt64> { values.append(digit << UInt64(shift)) }
    }
    var generator = SeededGenerator(seed: 7)
    for _ in 0..<1000 { values.append(.random(in: 0...(.max), using: &generator)) }
    for value in values {
      var text = ByteBuffer()
      text.append(hexadecimal: value)
      let digits = String(value, radix: 16)
      let expected = String(repeating: "0", count: 16 - digits.count) + digits
      #expect(String(decoding: [UInt8](text.bytes), as: UTF8.self) == expected)
    }
  }

  @Test func `integers are widened from any bytes, also none`() {
    for count in 0..<70 {
      let numbers = (0..<count).map { Int32(truncatingIfNeeded: $0 &* 0x1234_5679 &- 7) }
      let wide = numbers.map(Int64.init)
      var values: [Int64] = [1, 2]
      values.append(littleEndianInt32s: unaligned(numbers).span.extracting(1..<1 + 4 * count))
      #expect(values == [1, 2] + wide)
      values.append(littleEndianInt64s: unaligned(wide).span.extracting(1..<1 + 8 * count))
      #expect(values == [1, 2] + wide + wide)
    }
  }

  /// Little-endian numbers behind one byte of something else.
  private func unaligned<Number: FixedWidthInteger>(_ numbers: [Number]) -> [UInt8] {
    var bytes: [UInt8] = [9]
    for number in numbers {
      for shift in 0..<MemoryLayout<Number>.size {
        bytes.append(UInt8(truncatingIfNeeded: number >> Number(8 * shift)))
      }
    }
    return bytes
  }
}
