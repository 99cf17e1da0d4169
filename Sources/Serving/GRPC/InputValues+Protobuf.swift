import ByteCoding

extension InputValues {
  /// Reads the InferTensorContents of an InferInputTensor: the list that its type goes into.
  ///
  /// - Throws: 422 for another number of elements than the shape has, for values outside of the
  ///   type, and for another list than the type's; 400 for FP16 and BF16, which have none.
  func readContents(
    of message: Span<UInt8>, _ input: inout InputTensor, into request: inout InferenceRequest,
    batch: inout LookupBatch
  ) throws(ServiceError) {
    let list = try list(of: input)
    let found: Int
    switch input.role {
    case .ids(let feature):
      let start = batch.ids.count
      try readIDs(message, input, feature, list, into: &batch.ids)
      input.values = start..<batch.ids.count
      if input.datatype != .bytes && input.datatype != .uint64 {
        model.resolveIntegers(&batch.ids, from: start, feature: feature)
      }
      found = batch.ids.count - start
    case .lengths:
      let start = request.integers.count
      try forEachElement(of: message, input, list) { (bits, position) throws(ServiceError) in
        request.integers.append(try integer(bits, input, at: position))
      }
      input.values = start..<request.integers.count
      found = request.integers.count - start
    case .dense, .denseFeature, .weights:
      let start = request.floats.count
      try forEachElement(of: message, input, list) { (bits, position) throws(ServiceError) in
        request.floats.append(try number(bits, input, at: position))
      }
      input.values = start..<request.floats.count
      found = request.floats.count - start
      try checkFinite(input, request.floats)
    }
    guard found == input.elementCount else {
      throw otherCount(input, "\(found) elements in \(list.name)")
    }
  }

  private func list(of input: InputTensor) throws(ServiceError) -> ContentsList {
    if let list = ContentsList(of: input.datatype) { return list }
    throw ServiceError(
      .invalidRequest, field: input.role.path(in: model),
      "\(input.role.path(in: model)) is \(input.datatype.rawValue), which goes into "
        + "raw_input_contents only")
  }

  private func readIDs(
    _ message: Span<UInt8>, _ input: InputTensor, _ feature: Int, _ list: ContentsList,
    into ids: inout [Int64]
  ) throws(ServiceError) {
    if list == .bytes {
      return try forEachText(of: message, input) { (key, position) throws(ServiceError) in
        ids.append(
          try model.id(
            ofKey: key, feature: feature, field: input.path(of: position, in: model)))
      }
    }
    try forEachElement(of: message, input, list) { (bits, position) throws(ServiceError) in
      guard input.datatype == .uint64 else {
        ids.append(try integer(bits, input, at: position))
        return
      }
      guard let id = id(ofUnsigned: bits, feature: feature) else {
        throw outsideOfInt64(input, at: position)
      }
      ids.append(id)
    }
  }

  // MARK: Elements

  /// An element of an integer type. Lengths above Int64.max are longer than any list, and stay so.
  private func integer(
    _ bits: UInt64, _ input: InputTensor, at position: Int
  ) throws(ServiceError) -> Int64 {
    let value: Int64
    switch input.datatype {
    case .int8, .int16, .int32: value = Int64(Int32(truncatingIfNeeded: bits))
    case .uint8, .uint16, .uint32: value = Int64(UInt32(truncatingIfNeeded: bits))
    case .uint64: return Int64(clamping: bits)
    default: return Int64(bitPattern: bits)
    }
    guard input.datatype.integerRange.contains(value) else {
      throw outsideOfType(input, at: position)
    }
    return value
  }

  private func number(
    _ bits: UInt64, _ input: InputTensor, at position: Int
  ) throws(ServiceError) -> Float {
    switch input.datatype {
    case .fp32: Float(bitPattern: UInt32(truncatingIfNeeded: bits))
    case .fp64: Float(Double(bitPattern: bits))
    case .bool: bits == 0 ? 0 : 1
    case .uint64: Float(bits)
    default: Float(try integer(bits, input, at: position))
    }
  }

  // MARK: Lists

  /// Hands over each number of the input's list, as its bits, packed or not.
  private func forEachElement(
    of message: Span<UInt8>, _ input: InputTensor, _ list: ContentsList,
    _ body: (UInt64, Int) throws(ServiceError) -> Void
  ) throws(ServiceError) {
    var position = 0
    try forEachField(of: message, input, list) { (values, isPacked) throws(ServiceError) in
      var reader = ProtobufReader(values)
      while !reader.isAtEnd {
        let bits: UInt64
        do throws(ProtobufError) {
          bits = try list.next(&reader)
        } catch {
          throw malformed(error, input)
        }
        guard position < input.elementCount else { throw moreElements(input) }
        try body(bits, position)
        position += 1
      }
    }
  }

  private func forEachText(
    of message: Span<UInt8>, _ input: InputTensor,
    _ body: (Span<UInt8>, Int) throws(ServiceError) -> Void
  ) throws(ServiceError) {
    var position = 0
    try forEachField(of: message, input, .bytes) { (text, _) throws(ServiceError) in
      guard position < input.elementCount else { throw moreElements(input) }
      try body(text, position)
      position += 1
    }
  }

  /// Hands over the bytes of each field of the list, in all `contents` of an InferInputTensor:
  /// packed numbers, one number, or a text. Messages that stand several times are merged.
  private func forEachField(
    of message: Span<UInt8>, _ input: InputTensor, _ list: ContentsList,
    _ body: (Span<UInt8>, Bool) throws(ServiceError) -> Void
  ) throws(ServiceError) {
    var outer = ProtobufReader(message)
    while let contents = try next(&outer, input) {
      guard contents.field.number == 5 else { continue }
      let bytes = message.extracting(contents.value)
      var inner = ProtobufReader(bytes)
      while let (field, value) = try next(&inner, input) {
        guard field.number == list.rawValue else {
          guard let other = ContentsList(rawValue: field.number), !value.isEmpty else { continue }
          throw ServiceError(
            .invalidValue, field: input.role.path(in: model),
            "\(input.role.path(in: model)) is \(input.datatype.rawValue), which goes into "
              + "\(list.name), not into \(other.name)")
        }
        let isText = field.wireType == .bytes
        guard isText || (list.wireType == field.wireType && list != .bytes) else {
          throw malformed(
            ProtobufError(.otherWireType(field: field.number), at: value.lowerBound), input)
        }
        try body(bytes.extracting(value), isText)
      }
    }
  }

  /// A field and where its value lies.
  private func next(
    _ reader: inout ProtobufReader, _ input: InputTensor
  ) throws(ServiceError) -> (field: ProtobufField, value: Range<Int>)? {
    do throws(ProtobufError) {
      guard let field = try reader.nextField() else { return nil }
      if field.wireType == .bytes { return (field, try reader.readBytes(field)) }
      let start = reader.offset
      try reader.skip(field)
      return (field, start..<reader.offset)
    } catch {
      throw malformed(error, input)
    }
  }

  private func malformed(_ error: ProtobufError, _ input: InputTensor) -> ServiceError {
    let field = input.role.path(in: model)
    return ServiceError(error, in: "the contents of \(field)", field: field)
  }

  private func moreElements(_ input: InputTensor) -> ServiceError {
    otherCount(input, "more than \(input.elementCount) elements in its contents")
  }
}

/// The lists of InferTensorContents, by their field numbers.
private enum ContentsList: Int {
  case bool = 1
  case int, int64, uint, uint64, fp32, fp64, bytes

  /// nil: values of this type are raw only.
  init?(of datatype: TensorDatatype) {
    switch datatype {
    case .bool: self = .bool
    case .int8, .int16, .int32: self = .int
    case .int64: self = .int64
    case .uint8, .uint16, .uint32: self = .uint
    case .uint64: self = .uint64
    case .fp32: self = .fp32
    case .fp64: self = .fp64
    case .bytes: self = .bytes
    case .fp16, .bf16: return nil
    }
  }

  var name: String { "\(self)_contents" }

  /// Of a single element.
  var wireType: ProtobufField.WireType {
    switch self {
    case .bool, .int, .int64, .uint, .uint64: .varint
    case .fp32: .fixed32
    case .fp64: .fixed64
    case .bytes: .bytes
    }
  }

  /// The bits of the next number of a packed list.
  func next(_ reader: inout ProtobufReader) throws(ProtobufError) -> UInt64 {
    switch self {
    case .fp32:
      UInt64(try reader.readFixed32(ProtobufField(number: rawValue, wireType: .fixed32)))
    case .fp64: try reader.readFixed64(ProtobufField(number: rawValue, wireType: .fixed64))
    default: try reader.readVarint()
    }
  }
}
