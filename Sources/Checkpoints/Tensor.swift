/// A named, shaped, typed view of bytes: row-major, little-endian, no strides. Copies nothing.
package struct Tensor: Sendable {
  package let name: String
  package let elementType: ElementType
  /// Empty for a scalar.
  package let shape: [Int]
  package let storage: TensorStorage
  /// Where the elements lie in ``storage``; not necessarily aligned.
  package let byteRange: Range<Int>

  /// - Precondition: `byteRange` lies in `storage` and has exactly the shape's size.
  package init(
    name: String, elementType: ElementType, shape: [Int], storage: TensorStorage,
    byteRange: Range<Int>
  ) {
    precondition(
      byteRange.lowerBound >= 0 && byteRange.upperBound <= storage.byteCount,
      "tensor '\(name)' lies outside of its storage")
    precondition(
      shape.reduce(1, *) * elementType.bitCount == byteRange.count * 8,
      "tensor '\(name)' has another size than its shape")
    self.name = name
    self.elementType = elementType
    self.shape = shape
    self.storage = storage
    self.byteRange = byteRange
  }

  package var elementCount: Int { shape.reduce(1, *) }

  /// The elements' bytes.
  package var bytes: RawSpan {
    @_lifetime(borrow self)
    get { storage.bytes.extracting(byteRange) }
  }

  /// The elements' bytes, for code that reads them one by one.
  package var byteSpan: Span<UInt8> {
    @_lifetime(borrow self)
    get { storage.byteSpan.extracting(byteRange) }
  }

  /// Starts to read the elements' bytes, or those of a range, and does not wait for them: for loops
  /// over a whole tensor, and for weights that every request needs.
  package func prefetch(_ range: Range<Int>? = nil) {
    let range = range ?? 0..<byteRange.count
    storage.prefetch(
      (byteRange.lowerBound + range.lowerBound)..<(byteRange.lowerBound + range.upperBound))
  }

  /// For loops in blocks: prefetches the block after the one at `offset`; at the start both.
  func prefetchBlock(after offset: Int, byteCount: Int) {
    let start = offset == 0 ? 0 : offset + byteCount
    let end = min(byteRange.count, offset + 2 * byteCount)
    if start < end { prefetch(start..<end) }
  }

  /// A tensor with a storage of its own that holds a copy of `bytes`.
  ///
  /// - Precondition: `bytes` has exactly the shape's size.
  package init(name: String, elementType: ElementType, shape: [Int], copying bytes: Span<UInt8>) {
    self.init(
      name: name, elementType: elementType, shape: shape, storage: TensorStorage(copying: bytes),
      byteRange: 0..<bytes.count)
  }

  /// The same elements under another name.
  package func renamed(_ name: String) -> Tensor {
    Tensor(
      name: name, elementType: elementType, shape: shape, storage: storage, byteRange: byteRange)
  }
}
