/// The bytes behind an infer request's JSON: its binary tensors, one after the other
/// (extension_binary_data.md).
struct BinaryTensors: ~Escapable {
  private let bytes: Span<UInt8>
  private var offset = 0

  @_lifetime(copy bytes)
  init(_ bytes: Span<UInt8>) { self.bytes = bytes }

  /// The bytes of the next tensor.
  ///
  /// - Throws: 400 if the body ends before it does.
  @_lifetime(copy self)
  mutating func next(
    _ byteCount: Int, _ field: @autoclosure () -> String
  ) throws(ServiceError) -> Span<UInt8> {
    guard byteCount <= bytes.count - offset else {
      throw ServiceError(
        .invalidRequest, field: "\(field()).parameters.binary_data_size",
        "\(field()) has \(byteCount) bytes of data, but the body ends "
          + "\(byteCount - (bytes.count - offset)) bytes before")
    }
    let start = offset
    offset += byteCount
    return bytes.extracting(start..<offset)
  }

  /// Throws 400 if bytes are left that belong to no tensor.
  func checkEnd() throws(ServiceError) {
    guard offset == bytes.count else {
      throw ServiceError(
        .invalidRequest, field: "body",
        "the body has \(bytes.count - offset) bytes more than its inputs; say them in "
          + "`binary_data_size`, or leave them out")
    }
  }
}
