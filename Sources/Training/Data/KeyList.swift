import ByteCoding

/// The keys of a feature in the order of their ids.
package struct KeyList: Sendable, Equatable {
  /// As ``RecordKey`` says, the longer ones in ``texts``.
  private(set) var packed: [UInt64] = []
  private(set) var texts = TextList()

  package init() {}

  init(packed: [UInt64], texts: TextList) {
    self.packed = packed
    self.texts = texts
  }

  package var count: Int { packed.count }

  package mutating func append(_ key: Span<UInt8>) {
    if let short = PackedText.pack(key, from: 0, to: key.count) {
      packed.append(short)
    } else {
      texts.append(key)
      packed.append(RecordKey.listed(texts.count - 1))
    }
  }

  /// The bytes of a key.
  package subscript(id: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    append(id, to: &bytes)
    return bytes
  }

  func append(_ id: Int, to bytes: inout [UInt8]) {
    let key = packed[id]
    if RecordKey.isListed(key) {
      bytes.append(contentsOf: texts.bytes[texts.range(RecordKey.position(key))])
    } else {
      PackedText.append(key, to: &bytes)
    }
  }

  func byteCount(_ id: Int) -> Int {
    let key = packed[id]
    return RecordKey.isListed(key)
      ? texts.range(RecordKey.position(key)).count : PackedText.byteCount(key)
  }

  /// The id of the empty key: a missing value.
  package var missingID: Int? { packed.firstIndex(of: 0) }

  /// The ids in ascending order of their keys' bytes.
  package func sortedIDs() -> [Int32] {
    var ids = (0..<Int32(packed.count)).map { $0 }
    if texts.count == 0 {
      // Without zero bytes in them, packed keys read from the first byte on sort like their texts.
      ids.sort { packed[Int($0)].byteSwapped < packed[Int($1)].byteSwapped }
    } else {
      ids.sort { self[Int($0)].lexicographicallyPrecedes(self[Int($1)]) }
    }
    return ids
  }

  /// The list without the keys that `isKept` refuses; the others keep their order.
  func filtered(_ isKept: (Int) -> Bool) -> KeyList {
    var kept = KeyList()
    for id in packed.indices where isKept(id) {
      let key = packed[id]
      if RecordKey.isListed(key) {
        kept.append(texts.bytes.span.extracting(texts.range(RecordKey.position(key))))
      } else {
        kept.packed.append(key)
      }
    }
    return kept
  }
}
