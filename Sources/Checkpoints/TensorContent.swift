/// A tensor to be written.
package struct TensorContent {
  package enum Content {
    case tensor(Tensor)
    case bytes([UInt8])
    /// Fills a block of the tensor that starts `byteOffset` bytes into it. Called with ascending
    /// offsets, block after block, so that a tensor larger than memory can be written.
    case generated((_ byteOffset: Int, _ block: inout MutableSpan<UInt8>) -> Void)
  }

  package let name: String
  package let elementType: ElementType
  package let shape: [Int]
  package let content: Content
  /// Every generated block but the last has a multiple of this many bytes: a row, for example.
  package let blockByteMultiple: Int

  package init(
    name: String, elementType: ElementType, shape: [Int], blockByteMultiple: Int = 64,
    content: Content
  ) {
    precondition(blockByteMultiple > 0, "a block has bytes")
    self.name = name
    self.elementType = elementType
    self.shape = shape
    self.content = content
    self.blockByteMultiple = blockByteMultiple
  }

  /// The tensor as it is.
  package init(_ tensor: Tensor) {
    self.init(
      name: tensor.name, elementType: tensor.elementType, shape: tensor.shape,
      content: .tensor(tensor))
  }
}
