import Testing

@testable import Ranking

@Suite struct RawKeyTests {
  static let hashes: [(key: String, radix: Int, cardinality: Int, id: Int64?)] = [
    ("0", 10, 7, 0), ("17", 10, 7, 3), ("-1", 10, 7, 6), ("-7", 10, 7, 0), ("-", 10, 7, nil),
    ("", 10, 7, nil), ("12a", 10, 7, nil), (" 1", 10, 7, nil), ("+1", 10, 7, nil),
    ("68fd1e64", 16, 10_131_227, 0x68fd_1e64 % 10_131_227),
    ("68FD1E64", 16, 10_131_227, 0x68fd_1e64 % 10_131_227), ("0xff", 16, 1000, 255),
    ("0x", 16, 1000, nil), ("g", 16, 1000, nil), ("-f", 16, 1000, nil),
    // 2^80 mod 1000003, more digits than an integer holds.
    ("100000000000000000000", 16, 1_000_003, 554_286),
    ("ffffffffffffffff", 16, 1 << 48, 0xffff_ffff_ffff),
  ]

  @Test(arguments: hashes)
  func `a key is its number modulo the cardinality`(
    _ row: (key: String, radix: Int, cardinality: Int, id: Int64?)
  ) {
    let id = HashedKey.id(
      of: Array(row.key.utf8).span, radix: row.radix, cardinality: row.cardinality)
    #expect(id == row.id, "\(row.key)")
  }

  @Test func `integers have Euclidean remainders`() {
    for integer in [Int64.min, -8, -7, -1, 0, 1, 6, 7, .max] {
      let id = HashedKey.id(of: integer, cardinality: 7)
      #expect((0..<7).contains(id))
      let written = HashedKey.id(of: Array("\(integer)".utf8).span, radix: 10, cardinality: 7)
      #expect(written == id, "\(integer)")
    }
  }

  @Test func `every name is found, and nothing else`() {
    for count in [0, 1, 2, 3, 26, 100] {
      let names = (0..<count).map { "C\($0)" }
      let index = NameIndex(names)
      for (position, name) in names.enumerated() {
        #expect(index.index(of: Array(name.utf8).span) == position)
      }
      for name in ["", "C", "C\(count)", "c0", "C00", "D0"] {
        #expect(index.index(of: Array(name.utf8).span) == nil, "\(name) of \(count)")
      }
    }
  }
}
