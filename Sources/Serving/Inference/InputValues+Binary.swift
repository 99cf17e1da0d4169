import ByteCoding

extension InputValues {
  /// Reads the little-endian bytes of an input, row by row without gaps.
  func readBinary(
    _ bytes: Span<UInt8>, _ input: inout InputTensor, into request: inout InferenceRequest,
    batch: inout LookupBatch
  ) throws(ServiceError) {
    let size = input.datatype.byteCount
    guard size == 0 || bytes.count == input.elementCount * size else {
      throw otherCount(input, "\(bytes.count) bytes of \(input.datatype.rawValue)")
    }
    switch input.role {
    case .ids(let feature):
      let start = batch.ids.count
      if input.datatype == .bytes {
        try readKeys(bytes, input, feature, into: &batch.ids)
      } else if input.datatype == .uint64 {
        try readUnsigned(bytes, input, feature, into: &batch.ids)
      } else {
        Self.readIntegers(bytes, input.datatype, into: &batch.ids)
        model.resolveIntegers(&batch.ids, from: start, feature: feature)
      }
      input.values = start..<batch.ids.count
    case .lengths:
      let start = request.integers.count
      Self.readIntegers(bytes, input.datatype, into: &request.integers)
      input.values = start..<request.integers.count
    case .dense, .denseFeature, .weights:
      let start = request.floats.count
      Self.readNumbers(bytes, input.datatype, into: &request.floats)
      input.values = start..<request.floats.count
      try checkFinite(input, request.floats)
    }
  }

  /// Each key is its length, four bytes little-endian, and as many bytes.
  private func readKeys(
    _ bytes: Span<UInt8>, _ input: InputTensor, _ feature: Int, into ids: inout [Int64]
  ) throws(ServiceError) {
    var offset = 0
    for position in 0..<input.elementCount {
      guard offset + 4 <= bytes.count else {
        throw otherCount(input, "\(position) elements of data")
      }
      let count = Int(LittleEndian.load(UInt32.self, from: bytes, at: offset))
      offset += 4
      guard count <= bytes.count - offset else {
        throw ServiceError(
          .shapeMismatch, field: input.path(of: position, in: model),
          "\(input.path(of: position, in: model)) has \(count) bytes, but its tensor ends before")
      }
      ids.append(
        try model.id(
          ofKey: bytes.extracting(offset..<offset + count), feature: feature,
          field: input.path(of: position, in: model)))
      offset += count
    }
    guard offset == bytes.count else {
      throw otherCount(input, "more than \(input.elementCount) elements of data")
    }
  }

  private func readUnsigned(
    _ bytes: Span<UInt8>, _ input: InputTensor, _ feature: Int, into ids: inout [Int64]
  ) throws(ServiceError) {
    for position in 0..<input.elementCount {
      let key = LittleEndian.load(UInt64.self, from: bytes, at: position * 8)
      guard let id = id(ofUnsigned: key, feature: feature) else {
        throw outsideOfInt64(input, at: position)
      }
      ids.append(id)
    }
  }

  private static func readIntegers(
    _ bytes: Span<UInt8>, _ datatype: TensorDatatype, into values: inout [Int64]
  ) {
    switch datatype {
    case .int64: values.append(littleEndianInt64s: bytes)
    case .int32: values.append(littleEndianInt32s: bytes)
    case .int16: append(bytes, as: Int16.self, to: &values)
    case .int8: append(bytes, as: Int8.self, to: &values)
    case .uint8: append(bytes, as: UInt8.self, to: &values)
    case .uint16: append(bytes, as: UInt16.self, to: &values)
    case .uint32: append(bytes, as: UInt32.self, to: &values)
    case .uint64: append(bytes, as: UInt64.self, to: &values)
    case .bool, .fp16, .bf16, .fp32, .fp64, .bytes:
      preconditionFailure("types are checked before values are read")
    }
  }

  /// Lengths above Int64.max are longer than any list, and stay so.
  private static func append<Value: FixedWidthInteger>(
    _ bytes: Span<UInt8>, as _: Value.Type, to values: inout [Int64]
  ) {
    let size = MemoryLayout<Value>.size
    for offset in stride(from: 0, to: bytes.count, by: size) {
      values.append(Int64(clamping: LittleEndian.load(Value.self, from: bytes, at: offset)))
    }
  }

  private static func readNumbers(
    _ bytes: Span<UInt8>, _ datatype: TensorDatatype, into values: inout [Float]
  ) {
    let size = datatype.byteCount
    values.reserveCapacity(values.count + bytes.count / max(1, size))
    for offset in stride(from: 0, to: bytes.count, by: size) {
      switch datatype {
      case .fp32: values.append(LittleEndian.loadFloat(from: bytes, at: offset))
      case .fp64: values.append(Float(LittleEndian.loadDouble(from: bytes, at: offset)))
      case .fp16:
        values.append(Float(binary16: LittleEndian.load(UInt16.self, from: bytes, at: offset)))
      case .bf16:
        values.append(Float(bfloat16: LittleEndian.load(UInt16.self, from: bytes, at: offset)))
      case .bool: values.append(bytes[offset] == 0 ? 0 : 1)
      case .int8: values.append(Float(LittleEndian.load(Int8.self, from: bytes, at: offset)))
      case .int16: values.append(Float(LittleEndian.load(Int16.self, from: bytes, at: offset)))
      case .int32: values.append(Float(LittleEndian.load(Int32.self, from: bytes, at: offset)))
      case .int64: values.append(Float(LittleEndian.load(Int64.self, from: bytes, at: offset)))
      case .uint8: values.append(Float(LittleEndian.load(UInt8.self, from: bytes, at: offset)))
      case .uint16: values.append(Float(LittleEndian.load(UInt16.self, from: bytes, at: offset)))
      case .uint32: values.append(Float(LittleEndian.load(UInt32.self, from: bytes, at: offset)))
      case .uint64: values.append(Float(LittleEndian.load(UInt64.self, from: bytes, at: offset)))
      case .bytes: preconditionFailure("types are checked before values are read")
      }
    }
  }
}
