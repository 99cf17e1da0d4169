import ByteCoding
import Ranking
import TestSupport
import Testing

@testable import Training

@Suite struct RecordParserTests {
  static let layout = RecordLayout(
    denseNames: ["I1", "I2"], categoricalNames: ["C1", "C2", "C3"],
    codings: [.key, .hash(radix: 16, range: 10), .index])

  private func parse(_ text: String, _ layout: RecordLayout = layout) -> RecordBlock {
    RecordParser(layout).parse(Array(text.utf8).span)
  }

  private func column(_ block: RecordBlock, _ feature: Int) -> [UInt64] {
    let column = block.column(feature)
    return column.indices.map { column[$0] }
  }

  @Test(arguments: ["\n", "\r\n"])
  func `fields become numbers`(end: String) {
    let block = parse(
      "1\t-3\t2.5\tab\tff\t7\(end)0\t\t\t\t\t\(end)0\t007\t1e3\tüü\t0xA\t0\(end)")
    #expect(block.count == 3 && block.lineCount == 3 && block.badLineCount == 0)
    #expect(block.labels == [1, 0, 0])
    #expect(Array(block.dense[0..<2]) == [-3, 2.5])
    #expect(block.dense[2].isNaN && block.dense[3].isNaN)
    #expect(Array(block.dense[4..<6]) == [7, 1000])
    #expect(column(block, 0) == [0x6261, 0, 0xBCC3_BCC3])
    #expect(column(block, 1) == [5, RecordKey.missing, 0])
    #expect(column(block, 2) == [7, RecordKey.missing, 0])
    #expect(block.texts.count == 0)
  }

  struct Refusal: Sendable, CustomTestStringConvertible {
    let line: String
    let reason: String
    var testDescription: String { String(line.prefix(40)) }
  }

  static let refusals: [Refusal] = [
    .init(line: "", reason: "the line is empty"),
    .init(
      line: "1\t2",
      reason: "2 fields; expected are 6: a label, 2 dense and 3 categorical values"),
    .init(
      line: "1\t1\t1\ta\t1\t1\t",
      reason: "7 fields; expected are 6: a label, 2 dense and 3 categorical values"),
    .init(
      line: "2\t1\t1\ta\t1\t1",
      reason: "column 1 (the label): '2' is no label; it must be 0 or 1"),
    .init(
      line: "\t1\t1\ta\t1\t1",
      reason: "column 1 (the label): '' is no label; it must be 0 or 1"),
    .init(
      line: "01\t1\t1\ta\t1\t1",
      reason: "column 1 (the label): '01' is no label; it must be 0 or 1"),
    .init(
      line: "1\tx\t1\ta\t1\t1", reason: "column 2 (I1): 'x' is no number of float32"),
    .init(
      line: "1\t1\t-\ta\t1\t1", reason: "column 3 (I2): '-' is no number of float32"),
    .init(
      line: "1\t1\tnan\ta\t1\t1", reason: "column 3 (I2): 'nan' is no number of float32"),
    .init(
      line: "1\t1\t1e39\ta\t1\t1", reason: "column 3 (I2): '1e39' is no number of float32"),
    .init(
      line: "1\t1\t 1\ta\t1\t1", reason: "column 3 (I2): ' 1' is no number of float32"),
    .init(
      line: "1\t1\t1\ta\tg\t1",
      reason: "column 5 (C2): 'g' is no hexadecimal number, which hashed inputs are"),
    .init(
      line: "1\t1\t1\ta\t1\t-1",
      reason: "column 6 (C3): '-1' is no id; ids are integers from 0 to 2147483646"),
    .init(
      line: "1\t1\t1\ta\t1\t2147483647",
      reason: "column 6 (C3): '2147483647' is no id; ids are integers from 0 to 2147483646"),
    .init(
      line: "1\t1\t1\t\(String(repeating: "k", count: 4097))\t1\t1",
      reason: "column 4 (C1): the key has more than 4096 bytes"),
    .init(
      line: "1\t\(String(repeating: "9", count: 60))x\t1\ta\t1\t1",
      reason: "column 2 (I1): '\(String(repeating: "9", count: 40))...' is no number of float32"),
  ]

  @Test(arguments: refusals, ["\n", "\r\n"])
  func `a bad line says what is wrong with which column`(_ row: Refusal, end: String) {
    let good = "1\t1\t1\ta\t1\t1"
    let block = parse(good + end + row.line + end + good + end)
    #expect(block.lineCount == 3)
    #expect(block.badLines == [BadLine(line: 1, reason: row.reason)])
    #expect(block.count == 2 && column(block, 2) == [1, 1], "the lines around it are read")
  }

  @Test func `keys must be UTF-8`() {
    let text = Array("1\t1\t1\t".utf8) + [0xFF] + Array("\t1\t1\n".utf8)
    let block = RecordParser(Self.layout).parse(text.span)
    #expect(block.badLines.map(\.reason) == ["column 4 (C1): the key is not UTF-8"])
  }

  @Test func `keys of more than eight bytes, or with a zero byte, are listed`() {
    let block = parse(
      "1\t1\t1\tlonger than eight\t1\t1\n0\t1\t1\ta\0b\t1\t1\n0\t1\t1\tshort\t1\t1\n")
    #expect(block.count == 3 && block.texts.count == 2)
    let keys = column(block, 0)
    #expect(keys[0] == RecordKey.listed(0) && keys[1] == RecordKey.listed(1))
    #expect(RecordKey.isListed(keys[0]) && !RecordKey.isListed(keys[2]))
    #expect(
      String(decoding: block.texts.bytes[block.texts.range(0)], as: UTF8.self)
        == "longer than eight")
  }

  @Test func `hashes are those of serving`() {
    var generator = SeededGenerator(seed: 5)
    let digits = Array("0123456789abcdefABCDEFxg-".utf8)
    for _ in 0..<20_000 {
      let count = Int.random(in: 1...12, using: &generator)
      let key = (0..<count).map { _ in digits.randomElement(using: &generator)! }
      let range = Int.random(
        in: 1...1 << Int.random(in: 1...47, using: &generator), using: &generator)
      for radix in [10, 16] {
        let id = RecordParser.hash(key.span, from: 0, to: count, radix: radix, range: range)
        let served = HashedKey.id(of: key.span, radix: radix, cardinality: range)
        #expect(id.map { Int64($0) } == served, "\(key) \(radix) \(range)")
      }
    }
  }

  @Test func `every byte is a hexadecimal digit or none, at every place`() {
    for count in 1...8 {
      for place in 0..<count {
        for byte in UInt8.min...UInt8.max {
          var key = [UInt8](repeating: UInt8(ascii: "5"), count: count)
          key[place] = byte
          let text = String(decoding: key, as: UTF8.self)
          let isDigit = byte < 0x80 && Character(UnicodeScalar(byte)).isHexDigit
          let expected = isDigit ? UInt32(text, radix: 16) : nil
          let packed = PackedText.pack(key.span, from: 0, to: count)
          let value = packed.flatMap { RecordParser.hexadecimal($0, count: count) }
          if value != expected { Issue.record("\(key)") }
        }
      }
    }
  }

  @Test func `numbers are those of Swift`() {
    for text in ["0", "-0", "1", "999999999", "-999999999", "16777217", "123456789", "1.5", "1e-3"]
    {
      let bytes = Array(text.utf8)
      #expect(RecordParser.number(bytes.span, from: 0, to: bytes.count) == Float(text), "\(text)")
    }
    for text in ["+1", "1.", ".5", "0x10", "inf", "1 ", "--1"] {
      let bytes = Array(text.utf8)
      #expect(RecordParser.number(bytes.span, from: 0, to: bytes.count) == nil, "\(text)")
    }
  }

  @Test func `any bytes are read or refused, line by line`() {
    var generator = SeededGenerator(seed: 17)
    let alphabet = Array("01\t\t\t\t\n\r-.eag".utf8) + [0, 0xC3, 0xBC, 0xFF]
    for _ in 0..<3000 {
      let count = Int.random(in: 0...80, using: &generator)
      let text = (0..<count).map { _ in alphabet.randomElement(using: &generator)! } + [10]
      let block = RecordParser(Self.layout).parse(text.span)
      #expect(block.lineCount == text.count { $0 == 10 })
      #expect(block.count + block.badLineCount == block.lineCount)
    }
  }
}
