/// Where a tensor's elements lie in a storage, before it is made contiguous.
///
///     element [i, j, ...] is at byteOffset + (i * strides[0] + j * strides[1] + ...) * elementSize
struct StridedTensor: Sendable {
  let elementType: ElementType
  let shape: [Int]
  /// In elements, never negative.
  let strides: [Int]
  /// Of the first element, in bytes from the start of the tensor's memory.
  let byteOffset: Int
  /// Bytes of the whole tensor, contiguous.
  let byteCount: Int

  private var elementByteCount: Int { elementType.bitCount / 8 }

  /// Checks that every element lies within `storageByteCount` bytes.
  ///
  /// - Parameter offset: of the first element, in elements.
  init(
    elementType: ElementType, shape: [Int], strides: [Int], offset: Int, storageByteCount: Int,
    limits: ArchiveLimits
  ) throws(CheckpointError) {
    precondition(shape.count == strides.count, "one stride a dimension")
    guard let elementByteCount = elementType.byteCount else {
      throw CheckpointError(.unsupported, "elements narrower than a byte cannot be strided")
    }
    guard let byteCount = elementType.byteCount(ofShape: shape.span),
      shape.allSatisfy({ $0 >= 0 }), strides.allSatisfy({ $0 >= 0 }), offset >= 0
    else { throw CheckpointError(.malformed, "its shape is impossible") }
    self.elementType = elementType
    self.shape = shape
    self.strides = strides
    self.byteCount = byteCount
    guard byteCount > 0 else {
      byteOffset = 0
      return
    }
    guard let last = Self.lastElement(shape: shape, strides: strides, offset: offset),
      last < storageByteCount / elementByteCount
    else { throw CheckpointError(.malformed, "it reaches beyond the end of its storage") }
    byteOffset = offset * elementByteCount
    guard byteCount <= max(storageByteCount, limits.expandedByteCountMax) else {
      throw CheckpointError(
        .tooLarge,
        "it repeats the elements of its storage to \(byteCount) bytes; at most "
          + "\(limits.expandedByteCountMax) are made")
    }
  }

  /// The largest element number; nil if it does not fit an Int.
  private static func lastElement(shape: [Int], strides: [Int], offset: Int) -> Int? {
    var last = offset
    for (size, stride) in zip(shape, strides) {
      let (reach, overflow) = (size - 1).multipliedReportingOverflow(by: stride)
      let (sum, sumOverflow) = last.addingReportingOverflow(reach)
      if overflow || sumOverflow { return nil }
      last = sum
    }
    return last
  }

  /// Whether the elements already stand in row-major order, one after the other.
  var isContiguous: Bool {
    if byteCount == 0 { return true }
    var expected = 1
    for (size, stride) in zip(shape, strides).reversed() {
      if size > 1, stride != expected { return false }
      expected *= size
    }
    return true
  }

  /// The tensor in row-major order: a view of `storage` where it is so already, else a copy.
  ///
  /// - Parameter range: where in `storage` the tensor's memory lies, checked in init.
  func tensor(name: String, storage: TensorStorage, range: Range<Int>) -> Tensor {
    if isContiguous {
      let start = range.lowerBound + byteOffset
      return Tensor(
        name: name, elementType: elementType, shape: shape, storage: storage,
        byteRange: start..<(start + byteCount))
    }
    let source = storage.byteSpan.extracting(range)
    let contiguous = TensorStorage(byteCount: byteCount) { copy(source, into: &$0) }
    return Tensor(
      name: name, elementType: elementType, shape: shape, storage: contiguous,
      byteRange: 0..<byteCount)
  }

  /// Visits the elements in row-major order: an odometer over all dimensions but the last.
  private func copy(_ source: Span<UInt8>, into target: inout MutableSpan<UInt8>) {
    let size = elementByteCount
    let innerCount = shape.last ?? 1
    let innerStep = (strides.last ?? 1) * size
    let outerRank = max(0, shape.count - 1)
    var position = [Int](repeating: 0, count: outerRank)
    var start = byteOffset
    var written = 0
    while written < byteCount {
      var from = start
      for _ in 0..<innerCount {
        for byte in 0..<size { target[written &+ byte] = source[from &+ byte] }
        written += size
        from += innerStep
      }
      var dimension = outerRank - 1
      while dimension >= 0 {
        position[dimension] += 1
        start += strides[dimension] * size
        if position[dimension] < shape[dimension] { break }
        start -= strides[dimension] * size * shape[dimension]
        position[dimension] = 0
        dimension -= 1
      }
    }
  }
}
