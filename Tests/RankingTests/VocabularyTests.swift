import Checkpoints
import Testing

@testable import Ranking

@Suite struct VocabularyTests {
  static func integers(_ name: String, _ numbers: [Int64], isWide: Bool) -> Tensor {
    let width = isWide ? 8 : 4
    let bytes = numbers.flatMap { number in
      (0..<width).map { UInt8(truncatingIfNeeded: number >> Int64(8 * $0)) }
    }
    return Tensor(
      name: name, elementType: isWide ? .i64 : .i32, shape: [numbers.count], copying: bytes.span)
  }

  static func vocabulary(
    _ keys: [String], ids: [Int64], cardinality: Int = 100, offsets: [Int64]? = nil,
    isWide: Bool = true
  ) throws -> Vocabulary {
    let bytes = keys.flatMap(\.utf8)
    let ends = keys.reduce(into: [Int64(0)]) { $0.append($0[$0.count - 1] + Int64($1.utf8.count)) }
    return try Vocabulary(
      keys: Tensor(name: "k", elementType: .u8, shape: [bytes.count], copying: bytes.span),
      offsets: integers("o", offsets ?? ends, isWide: isWide),
      indices: integers("i", ids, isWide: isWide), cardinality: cardinality)
  }

  @Test(arguments: [false, true])
  func `every key is found, and no other`(isWide: Bool) throws {
    for count in 0...17 {
      let keys = (0..<count).map { "key-\($0)ü" }.sorted {
        Array($0.utf8).lexicographicallyPrecedes($1.utf8)
      }
      let ids = (0..<count).map { Int64(($0 * 7) % 100) }
      let vocabulary = try Self.vocabulary(keys, ids: ids, isWide: isWide)
      #expect(vocabulary.problem() == nil)
      for (position, key) in keys.enumerated() {
        #expect(vocabulary.id(of: Array(key.utf8).span) == ids[position])
      }
      for key in ["", "a", "key", "key-0", "key-0üx", "zzz", "\u{10FFFF}"] {
        #expect(vocabulary.id(of: Array(key.utf8).span) == nil, "\(key) of \(count)")
      }
    }
  }

  static let defects: [(keys: [String], ids: [Int64], offsets: [Int64]?, problem: String)] = [
    (["b", "a"], [1, 2], nil, "key 1 does not follow key 0 in byte order"),
    (["a", "a"], [1, 2], nil, "key 1 does not follow key 0 in byte order"),
    (["a", "b"], [1, 100], nil, "key 1 stands for id 100, outside of 0 ..< 100"),
    (["a", "b"], [-1, 2], nil, "key 0 stands for id -1, outside of 0 ..< 100"),
    (
      ["a", "b"], [1, 2], [0, 2, 1],
      "the offsets of key 1 are out of order or outside of the keys"
    ),
    (
      ["a", "b"], [1, 2], [0, 1, .max],
      "the offsets of key 1 are out of order or outside of the keys"
    ),
  ]

  @Test(arguments: defects)
  func `damage is named, and a lookup of a damaged key finds nothing`(
    _ row: (keys: [String], ids: [Int64], offsets: [Int64]?, problem: String)
  ) throws {
    let vocabulary = try Self.vocabulary(row.keys, ids: row.ids, offsets: row.offsets)
    #expect(vocabulary.problem() == row.problem)
    for key in row.keys {
      let id = vocabulary.id(of: Array(key.utf8).span)
      #expect(id == nil || (0..<100).contains(id!))
    }
  }

  @Test func `tensors of other shapes are refused`() {
    #expect(throws: ModelError.self) {
      _ = try Self.vocabulary(["a"], ids: [1, 2])
    }
    #expect(throws: ModelError.self) {
      _ = try Self.vocabulary(["a"], ids: [1], offsets: [0])
    }
  }
}
