package import Checkpoints

/// Raw keys of a feature and their ids, as they lie in the checkpoint: sorted UTF-8 keys one after
/// the other, found by binary search. Nothing is copied, so opening costs nothing.
package struct Vocabulary: Sendable {
  /// U8 [bytes]: the keys, ascending by their bytes.
  private let keys: Tensor
  /// I32 or I64 [count + 1]: where each key begins; the last is the end.
  private let offsets: IntegerColumn
  /// I32 or I64 [count]: the id of each key.
  private let indices: IntegerColumn
  private let cardinality: Int

  /// Number of keys.
  package var count: Int { indices.count }

  package init(
    keys: Tensor, offsets: Tensor, indices: Tensor, cardinality: Int
  ) throws(ModelError) {
    guard keys.elementType == .u8, keys.shape.count == 1 else {
      throw ModelError("tensor '\(keys.name)' must be U8 of rank 1: keys one after the other")
    }
    self.keys = keys
    self.offsets = try IntegerColumn(offsets)
    self.indices = try IntegerColumn(indices)
    self.cardinality = cardinality
    guard self.offsets.count == self.indices.count + 1 else {
      throw ModelError(
        "tensor '\(offsets.name)' has \(self.offsets.count) offsets; \(self.indices.count) keys "
          + "need one more than that")
    }
  }

  /// The id of a key; nil if it is unknown. Allocates nothing.
  ///
  /// Offsets and ids that cannot be (a damaged checkpoint) find nothing.
  package func id(of key: Span<UInt8>) -> Int64? {
    let bytes = keys.byteSpan
    var low = 0
    var high = count
    while low < high {
      let middle = low + (high - low) / 2
      guard let range = keyRange(middle, byteCount: bytes.count) else { return nil }
      switch Self.compare(key, bytes.extracting(range)) {
      case 0:
        let id = indices[middle]
        return (0..<Int64(cardinality)).contains(id) ? id : nil
      case ..<0: high = middle
      default: low = middle + 1
      }
    }
    return nil
  }

  private func keyRange(_ index: Int, byteCount: Int) -> Range<Int>? {
    let start = offsets[index]
    let end = offsets[index + 1]
    guard 0 <= start, start <= end, end <= Int64(byteCount) else { return nil }
    return Int(start)..<Int(end)
  }

  /// Negative: left comes first; 0: equal.
  private static func compare(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Int {
    let shared = min(left.count, right.count)
    for i in 0..<shared where left[i] != right[i] { return Int(left[i]) - Int(right[i]) }
    return left.count - right.count
  }

  /// What is wrong with the values, in a sentence: keys out of order, ids out of range; nil:
  /// nothing.
  package func problem() -> String? {
    let bytes = keys.byteSpan
    var previous: Range<Int>?
    for index in 0..<count {
      guard let range = keyRange(index, byteCount: bytes.count) else {
        return "the offsets of key \(index) are out of order or outside of the keys"
      }
      if let previous,
        Self.compare(bytes.extracting(previous), bytes.extracting(range)) >= 0
      {
        return "key \(index) does not follow key \(index - 1) in byte order"
      }
      previous = range
      let id = indices[index]
      if !(0..<Int64(cardinality)).contains(id) {
        return "key \(index) stands for id \(id), outside of 0 ..< \(cardinality)"
      }
    }
    return nil
  }
}

/// A column of integers of a checkpoint, read where they lie.
package struct IntegerColumn: Sendable {
  private let tensor: Tensor
  package let count: Int

  package init(_ tensor: Tensor) throws(ModelError) {
    guard tensor.elementType == .i32 || tensor.elementType == .i64, tensor.shape.count == 1 else {
      throw ModelError("tensor '\(tensor.name)' must be I32 or I64 of rank 1")
    }
    self.tensor = tensor
    count = tensor.shape[0]
  }

  package subscript(index: Int) -> Int64 {
    let width = tensor.elementType == .i32 ? 4 : 8
    let bytes = tensor.byteSpan
    var bits: UInt64 = 0
    for i in 0..<width { bits |= UInt64(bytes[index * width + i]) << UInt64(8 * i) }
    return width == 4 ? Int64(Int32(truncatingIfNeeded: bits)) : Int64(bitPattern: bits)
  }
}
