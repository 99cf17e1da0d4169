import ByteCoding
import TestSupport
import Testing

@testable import HTTPCore

/// HPACK as clients write it, and as nobody should. libnghttp2 writes, and says what is right.
@Suite struct FieldSectionTests {
  typealias Fields = [(name: String, value: String)]

  @Test func `every symbol, pair and byte of a string is decoded as it was coded`() throws {
    let deflater = HeaderDeflater()
    var reader = FieldSectionReader()
    var texts = (0...255).map { [UInt8($0)] }
    for symbol: UInt8 in 0...255 { texts.append([symbol, 97, symbol, 255 - symbol, 48]) }
    texts.append((0...255).map { UInt8($0) } + (0...255).reversed().map { UInt8($0) })
    for text in texts {
      let block = deflater.deflate([(Array("x".utf8), text)])
      let fields = try #require(read(block, &reader))
      #expect(fields.count == 1 && fields[0].name == [120] && fields[0].value == text)
    }
  }

  /// Section 5.2 and appendix B, by hand: padding, and the end of string that no string has.
  @Test func `what is no string of the code is refused`() {
    let rows: [(name: String, code: [UInt8], text: [UInt8]?)] = [
      ("nothing", [], []), ("a, padded with ones", [0b0001_1111], [97]),
      ("a, padded with zeros", [0b0001_1000], nil), ("padding alone", [0xFF], nil),
      ("seven bits of padding", [0b0001_1111, 0b1111_1111], nil),
      ("an eight-bit code", [0xF8], [38]), ("a cut code", [0xFE], nil),
      ("the end of string", [0xFF, 0xFF, 0xFF, 0xFF], nil),
      ("the longest code", [0xFF, 0xFF, 0xFF, 0xF3], [10]),
      ("one bit short of it", [0xFF, 0xFF, 0xFF], nil),
    ]
    for row in rows {
      var text = ByteBuffer()
      let isDecoded = HuffmanCode.shared.decode(row.code.span, into: &text)
      #expect(isDecoded == (row.text != nil), "\(row.name)")
      if let expected = row.text {
        #expect([UInt8](copying: text.bytes) == expected, "\(row.name)")
      }
    }
  }

  @Test func `every static field stands at its number`() throws {
    #expect(StaticFields.count == 61)
    for index in 1...61 {
      let block = [0x80 | UInt8(index)]
      var reader = FieldSectionReader()
      let fields = try #require(read(block, &reader))
      let expected = try #require(HeaderInflater().inflate(block))
      #expect(describe(fields) == expected.map { "\($0.name): \($0.value)" })
    }
  }

  /// Tables that fill, overflow, shrink and grow, over many sections of one connection.
  @Test(arguments: [4_096, 0, 31, 100, 1_000])
  func `a client's sections are read as it meant them`(tableByteCount: Int) throws {
    let deflater = HeaderDeflater()
    var reader = FieldSectionReader()
    var random = SeededGenerator(seed: UInt64(tableByteCount))
    deflater.changeTableSize(to: tableByteCount)
    for turn in 0..<400 {
      if turn % 50 == 49 {
        deflater.changeTableSize(to: 0)
        deflater.changeTableSize(to: Int.random(in: 0...4_096, using: &random))
      }
      let fields = (0..<Int.random(in: 0...12, using: &random)).map { _ in
        randomField(&random)
      }
      let block = deflater.deflate(fields)
      let found = try #require(read(block, &reader), "turn \(turn)")
      #expect(found.map(\.name) == fields.map(\.name), "turn \(turn)")
      #expect(found.map(\.value) == fields.map(\.value), "turn \(turn)")
    }
  }

  /// Whatever the bytes are: both read the same, or both refuse.
  @Test func `damaged sections are read as libnghttp2 reads them`() {
    var random = SeededGenerator(seed: 7_541)
    var refusedCount = 0
    for _ in 0..<3_000 {
      let deflater = HeaderDeflater()
      let inflater = HeaderInflater()
      var reader = FieldSectionReader()
      for _ in 0..<4 {
        let fields = (0..<Int.random(in: 0...6, using: &random)).map { _ in
          randomField(&random)
        }
        var block = deflater.deflate(fields)
        for _ in 0..<Int.random(in: 0...2, using: &random) where !block.isEmpty {
          let place = Int.random(in: 0..<block.count, using: &random)
          block[place] = UInt8.random(in: 0...255, using: &random)
        }
        if Bool.random(using: &random) {
          block = Array(block.dropLast(Int.random(in: 0...2, using: &random)))
        }
        let found = read(block, &reader)
        let expected = inflater.inflate(block)
        #expect((found == nil) == (expected == nil), "\(block)")
        guard let found, let expected else {
          refusedCount += 1
          break
        }
        #expect(describe(found) == expected.map { "\($0.name): \($0.value)" }, "\(block)")
      }
    }
    #expect(refusedCount > 300)
  }

  @Test func `a number has an end, and at most 32 bits`() {
    // A literal with an indexed name: its number in four bits, and then in groups of seven.
    let rows: [(bytes: [UInt8], isNumber: Bool)] = [
      ([0x0F, 0x00], true), ([0x0F, 0x80, 0x00], true),
      ([0x0F, 0x80, 0x80, 0x80, 0x80, 0x00], true),
      ([0x0F, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00], false),
      ([0x0F, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F], false),
      ([0x0F, 0x80], false), ([0x0F], false),
    ]
    for row in rows {
      var reader = FieldSectionReader()
      #expect((read(row.bytes + [1, 97], &reader) != nil) == row.isNumber, "\(row.bytes)")
    }
  }

  private func randomField(_ random: inout SeededGenerator) -> (name: [UInt8], value: [UInt8]) {
    let names = [":path", "content-type", "x-a", "x-long-name-of-a-field", "cookie", ":method"]
    let name = names.randomElement(using: &random)!
    let count = Int.random(in: 0...9, using: &random) == 0 ? 1_500 : 12
    let value = (0..<Int.random(in: 0...count, using: &random)).map { _ in
      UInt8.random(in: 32...126, using: &random)
    }
    let isCommon = Bool.random(using: &random)
    return (Array(name.utf8), isCommon ? Array("common".utf8) : value)
  }

  private func read(
    _ block: [UInt8], _ reader: inout FieldSectionReader
  ) -> [(name: [UInt8], value: [UInt8])]? {
    var fields: [(name: [UInt8], value: [UInt8])] = []
    var text = ByteBuffer()
    var offset = 0
    while offset < block.count {
      text.removeAll()
      switch reader.next(block.span, &offset, isFirst: fields.isEmpty, into: &text) {
      case .size: continue
      case .broken: return nil
      case .field(let nameByteCount):
        let bytes = [UInt8](copying: text.bytes)
        fields.append((Array(bytes.prefix(nameByteCount)), Array(bytes.dropFirst(nameByteCount))))
      }
    }
    return fields
  }

  private func describe(_ fields: [(name: [UInt8], value: [UInt8])]) -> [String] {
    fields.map {
      "\(String(decoding: $0.name, as: UTF8.self)): \(String(decoding: $0.value, as: UTF8.self))"
    }
  }
}
