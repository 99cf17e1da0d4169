import ByteCoding

extension PickleReader {
  /// BINPERSID: `('storage', class, key, location, count)`, in the oldest files with a sixth item.
  mutating func pushStorage(_ identifier: PickleValue) throws(CheckpointError) {
    guard let items = document.items(of: identifier, kind: .tuple), [5, 6].contains(items.count),
      text(items[0]) == "storage", case .global(.storageClass(let elementType)) = items[1],
      let key = text(items[2]), !key.isEmpty, case .int(let count) = items[4], count >= 0
    else { throw malformed("the description of a storage is expected") }
    var storage = PickleStorage(
      elementType: elementType, key: key, count: Int(count), viewOffset: 0)
    if items.count == 6, items[5] != .none {
      // (key of the view, offset, count)
      guard let view = document.items(of: items[5], kind: .tuple), view.count == 3,
        case .int(let offset) = view[1], case .int(let viewCount) = view[2],
        offset >= 0, viewCount >= 0, offset <= count, viewCount <= count - offset
      else { throw malformed("the description of a view is expected") }
      storage = PickleStorage(
        elementType: elementType, key: key, count: Int(viewCount), viewOffset: Int(offset))
    }
    document.storages.append(storage)
    push(.storage(Int32(document.storages.count - 1)))
  }

  /// `_rebuild_tensor(storage, offset, size, stride)`; v2 adds requires_grad, hooks and metadata,
  /// v3 an element type before the metadata.
  mutating func pushTensor(
    _ global: PickleGlobal, _ arguments: [PickleValue]
  ) throws(CheckpointError) {
    guard arguments.count >= 4, arguments.count <= 8, case .storage(let storage) = arguments[0],
      case .int(let offset) = arguments[1], let shape = sizes(arguments[2]),
      let strides = sizes(arguments[3]), shape.count == strides.count
    else { throw malformed("the description of a tensor is expected") }
    guard offset >= 0, shape.allSatisfy({ $0 >= 0 }), strides.allSatisfy({ $0 >= 0 }) else {
      throw malformed("a tensor has a negative offset, size or stride")
    }
    var elementType = document.storages[Int(storage)].elementType
    if global == .rebuildTensorV3 {
      guard arguments.count >= 7, case .global(.elementType(let type)) = arguments[6] else {
        throw malformed("a tensor without an element type")
      }
      elementType = type
    }
    guard let elementType, elementType.byteCount != nil else {
      throw malformed("a tensor of bytes without an element type")
    }
    document.tensors.append(
      PickleTensor(
        storage: Int(storage), elementType: elementType, offset: Int(offset), shape: shape,
        strides: strides))
    push(.tensor(Int32(document.tensors.count - 1)))
  }

  /// A tuple of at most ``ArchiveLimits/rankMax`` integers.
  private func sizes(_ value: PickleValue) -> [Int]? {
    guard let items = document.items(of: value, kind: .tuple), items.count <= limits.rankMax else {
      return nil
    }
    var result: [Int] = []
    for item in items {
      guard case .int(let size) = item else { return nil }
      result.append(Int(size))
    }
    return result
  }

  /// `scalar(dtype, bytes)`: a number.
  func numpyScalar(_ arguments: [PickleValue]) throws(CheckpointError) -> PickleValue {
    guard arguments.count == 2,
      let type = document.items(of: arguments[0], kind: .numpyType), let name = text(type[0])
    else { throw malformed("a NumPy number is expected") }
    if type.count > 1, let order = text(type[1]), order == ">" {
      throw CheckpointError(.unsupported, "a NumPy number is big-endian; convert the file")
    }
    guard let bits = bits(of: arguments[1]) else {
      throw malformed("a NumPy number has more than 8 bytes")
    }
    switch (name, bits.byteCount) {
    case ("f8", 8): return .float(Double(bitPattern: bits.value))
    case ("f4", 4): return .float(Double(Float(bitPattern: UInt32(bits.value))))
    case ("i8", 8): return .int(Int64(bitPattern: bits.value))
    case ("i4", 4): return .int(Int64(Int32(truncatingIfNeeded: bits.value)))
    case ("i2", 2): return .int(Int64(Int16(truncatingIfNeeded: bits.value)))
    case ("i1", 1): return .int(Int64(Int8(truncatingIfNeeded: bits.value)))
    case ("u1", 1), ("u2", 2), ("u4", 4): return .int(Int64(bits.value))
    case ("u8", 8): return Int64(exactly: bits.value).map { .int($0) } ?? .float(Double(bits.value))
    case ("b1", 1): return .bool(bits.value != 0)
    default: return .none
    }
  }

  /// At most eight bytes, lowest first; nil for anything else.
  private func bits(of value: PickleValue) -> (value: UInt64, byteCount: Int)? {
    var result: UInt64 = 0
    switch value {
    case .bytes(let range):
      guard range.count <= 8 else { return nil }
      for (shift, index) in range.enumerated() { result |= UInt64(source[index]) << (8 * shift) }
      return (result, range.count)
    case .latin1(let range):
      // Code points below 256 take one or two bytes of UTF-8.
      guard range.count <= 16, let text = String(utf8: source.extracting(range)) else { return nil }
      let scalars = Array(text.unicodeScalars)
      guard scalars.count <= 8, scalars.allSatisfy({ $0.value < 256 }) else { return nil }
      for (shift, scalar) in scalars.enumerated() {
        result |= UInt64(scalar.value) << (8 * shift)
      }
      return (result, scalars.count)
    default: return nil
    }
  }
}
