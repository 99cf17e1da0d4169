import ByteCoding

/// One array in NumPy's `.npy` format, versions 1 to 3 (numpy/lib/format.py).
///
///     | \x93NUMPY | major | minor | header size, u16 or u32 | Python dictionary | data |
package enum NumpyFile {
  private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
  private static let alignment = 64

  /// NumPy's names of the types that are read and written.
  static let typeNames: [(name: String, type: ElementType)] = [
    ("b1", .bool), ("u1", .u8), ("i1", .i8), ("u2", .u16), ("i2", .i16), ("f2", .f16),
    ("u4", .u32), ("i4", .i32), ("f4", .f32), ("u8", .u64), ("i8", .i64), ("f8", .f64),
    ("c8", .c64),
  ]

  /// Everything before the data of a C-ordered array; a multiple of 64 bytes.
  ///
  /// - Returns: nil for types that NumPy lacks, such as bfloat16.
  package static func header(_ elementType: ElementType, shape: [Int]) -> [UInt8]? {
    guard let type = typeNames.first(where: { $0.type == elementType }) else { return nil }
    let order = elementType.bitCount == 8 ? "|" : "<"
    let sizes = shape.map { "\($0)" }.joined(separator: ", ") + (shape.count == 1 ? "," : "")
    let text = "{'descr': '\(order)\(type.name)', 'fortran_order': False, 'shape': (\(sizes)), }"
    var padded = Array(text.utf8)
    while (10 + padded.count + 1) % alignment != 0 { padded.append(UInt8(ascii: " ")) }
    padded.append(UInt8(ascii: "\n"))
    precondition(padded.count <= 65_535, "a shape of thousands of dimensions")
    return magic + [1, 0, UInt8(padded.count & 0xFF), UInt8(padded.count >> 8)] + padded
  }

  /// Reads the array that fills `range` of `storage`.
  ///
  /// C-ordered data is viewed in place, Fortran-ordered data is copied into C order.
  static func tensor(
    named name: String, in storage: TensorStorage, range: Range<Int>, limits: ArchiveLimits
  ) throws(CheckpointError) -> Tensor {
    let bytes = storage.byteSpan.extracting(range)
    let (headerRange, dataOffset) = try headerRange(bytes, limits: limits)
    var parser = NumpyHeaderParser(bytes.extracting(headerRange), limits: limits)
    let header = try parser.parse()
    guard let byteCount = header.elementType.byteCount(ofShape: header.shape.span) else {
      throw CheckpointError(.malformed, "the array has an impossible shape, \(header.shape)")
    }
    guard byteCount == bytes.count - dataOffset else {
      throw CheckpointError(
        byteCount > bytes.count - dataOffset ? .truncated : .malformed,
        "the array \(header.shape) of \(header.elementType.rawValue) takes \(byteCount) bytes, but "
          + "\(bytes.count - dataOffset) are there")
    }
    let layout = try StridedTensor(
      elementType: header.elementType, shape: header.shape,
      strides: strides(header.shape, isFortranOrdered: header.isFortranOrdered), offset: 0,
      storageByteCount: byteCount, limits: limits)
    return layout.tensor(
      name: name, storage: storage,
      range: (range.lowerBound + dataOffset)..<range.upperBound)
  }

  /// Where the Python dictionary lies, and where the data starts.
  private static func headerRange(
    _ bytes: Span<UInt8>, limits: ArchiveLimits
  ) throws(CheckpointError) -> (Range<Int>, dataOffset: Int) {
    guard bytes.count >= 10, magic.indices.allSatisfy({ bytes[$0] == magic[$0] }) else {
      throw CheckpointError(.malformed, "not a NumPy array: it does not start with \\x93NUMPY")
    }
    let isLong = bytes[6] > 1
    guard (1...3).contains(bytes[6]) else {
      throw CheckpointError(.unsupported, "version \(bytes[6]) of the .npy format is not read")
    }
    guard !isLong || bytes.count >= 12 else {
      throw CheckpointError(.truncated, "the array's header is cut off")
    }
    let start = isLong ? 12 : 10
    let length =
      isLong
      ? Int(LittleEndian.load(UInt32.self, from: bytes, at: 8))
      : Int(LittleEndian.load(UInt16.self, from: bytes, at: 8))
    guard length <= limits.numpyHeaderByteCountMax else {
      throw CheckpointError(
        .tooLarge, "the array's header has more than \(limits.numpyHeaderByteCountMax) bytes")
    }
    guard length <= bytes.count - start else {
      throw CheckpointError(.truncated, "the array's header is cut off")
    }
    return (start..<(start + length), start + length)
  }

  /// Strides in elements; products wrap only for shapes without elements.
  private static func strides(_ shape: [Int], isFortranOrdered: Bool) -> [Int] {
    if shape.contains(0) { return shape.map { _ in 0 } }
    var strides = shape
    var step = 1
    let order = isFortranOrdered ? Array(shape.indices) : shape.indices.reversed()
    for dimension in order {
      strides[dimension] = step
      step *= shape[dimension]
    }
    return strides
  }
}
