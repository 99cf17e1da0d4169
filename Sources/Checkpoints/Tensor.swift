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
}
