import ByteCoding
import Checkpoints
import Ranking
import TestSupport
import Testing

@testable import Training

@Suite struct KeyTableTests {
  /// Keys of one to twelve bytes, the empty one among them, few of them often.
  private func keys(_ count: Int, seed: UInt64) -> [String] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { _ in
      let number = Int.random(
        in: 0...Int.random(in: 0...5000, using: &generator), using: &generator)
      return number == 0 ? "" : String(repeating: "k", count: number % 9) + "\(number)"
    }
  }

  private func block(_ keys: [String]) -> RecordBlock {
    let text = keys.map { "1\t\($0)\n" }.joined()
    return RecordParser(RecordLayout(denseCount: 0, categoricalCount: 1, coding: .key))
      .parse(Array(text.utf8).span)
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func `ids are in order of first appearance`(seed: UInt64) {
    let keys = keys(20_000, seed: seed)
    var table = KeyTable()
    var known: [String: UInt32] = [:]
    var order: [String] = []
    var counts: [UInt32] = []
    for start in stride(from: 0, to: keys.count, by: 700) {
      let part = Array(keys[start..<min(start + 700, keys.count)])
      let block = block(part)
      var ids: [UInt32] = []
      #expect(table.assign(block.column(0), texts: block.texts, to: &ids))
      let expected = part.map { key -> UInt32 in
        if known[key] == nil {
          known[key] = UInt32(order.count)
          order.append(key)
          counts.append(0)
        }
        counts[Int(known[key]!)] += 1
        return known[key]!
      }
      expectSame(ids, expected)
    }
    let (list, occurrences) = table.list()
    #expect((0..<list.count).map { String(decoding: list[$0], as: UTF8.self) } == order)
    #expect(occurrences == counts)
    #expect(list.missingID == order.firstIndex(of: ""))
  }

  @Test func `a checkpoint's vocabulary finds every key again`() throws {
    for hasLongKeys in [false, true] {
      let keys = Set(keys(3000, seed: 9)).filter { hasLongKeys || $0.utf8.count <= 8 }
      var list = KeyList()
      for key in keys { list.append(Array(key.utf8).span) }
      let description = DatasetDescription(
        denseFeatures: [],
        categoricalFeatures: [
          .init(name: "C1", cardinality: list.count, input: .vocabulary(list))
        ])
      let tensors = description.vocabularyTensors().map { content -> Tensor in
        guard case .bytes(let bytes) = content.content else { fatalError("bytes are written") }
        return Tensor(
          name: content.name, elementType: content.elementType, shape: content.shape,
          copying: bytes.span)
      }
      let vocabulary = try Vocabulary(
        keys: tensors[0], offsets: tensors[1], indices: tensors[2], cardinality: list.count)
      #expect(vocabulary.problem() == nil)
      for id in 0..<list.count {
        #expect(vocabulary.id(of: list[id].span) == Int64(id))
      }
      #expect(vocabulary.id(of: Array("no such key".utf8).span) == nil)
    }
  }
}
