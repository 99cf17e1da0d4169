import ByteCoding

extension InputValues {
  /// Reads `data`: a list, or lists in lists; what counts is the number of elements, row by row.
  func readJSON(
    _ reader: inout BodyReader, _ input: inout InputTensor, into request: inout InferenceRequest,
    batch: inout LookupBatch, text: inout ByteBuffer
  ) throws(ServiceError) {
    let found: Int
    switch input.role {
    case .ids(let feature):
      let start = batch.ids.count
      try readIDs(&reader, input, feature, start: start, into: &batch.ids, text: &text)
      input.values = start..<batch.ids.count
      if input.datatype != .bytes && input.datatype != .uint64 {
        model.resolveIntegers(&batch.ids, from: start, feature: feature)
      }
      found = batch.ids.count - start
    case .lengths:
      let start = request.integers.count
      try readIntegers(&reader, input, start: start, into: &request.integers)
      input.values = start..<request.integers.count
      found = request.integers.count - start
    case .dense, .denseFeature, .weights:
      let start = request.floats.count
      try readNumbers(&reader, input, start: start, into: &request.floats)
      input.values = start..<request.floats.count
      found = request.floats.count - start
      try checkFinite(input, request.floats)
    }
    guard found == input.elementCount else { throw otherCount(input, "\(found) elements of data") }
  }

  /// True if the next value is a list of lists.
  private func holdsLists(
    _ reader: borrowing BodyReader, _ input: InputTensor
  ) throws(ServiceError) -> Bool {
    var probe = copy reader
    try probe.beginArray(input.role.path(in: model))
    guard try probe.nextElement() else { return false }
    return try probe.peekKind(input.role.path(in: model)) == .array
  }

  // MARK: Integers

  private func readIDs(
    _ reader: inout BodyReader, _ input: InputTensor, _ feature: Int, start: Int,
    into ids: inout [Int64], text: inout ByteBuffer
  ) throws(ServiceError) {
    guard input.datatype == .bytes || input.datatype == .uint64 else {
      return try readIntegers(&reader, input, start: start, into: &ids)
    }
    let field = input.role.path(in: model)
    if try holdsLists(reader, input) {
      try reader.beginArray(field)
      while try reader.nextElement() {
        try readIDs(&reader, input, feature, start: start, into: &ids, text: &text)
      }
      return
    }
    try reader.beginArray(field)
    while try reader.nextElement() {
      let position = ids.count - start
      guard position < input.elementCount else { throw moreData(input) }
      if input.datatype == .bytes {
        let raw = try reader.readRawString(input.path(of: position, in: model))
        text.removeAll()
        reader.json.unescape(raw, into: &text)
        ids.append(
          try model.id(
            ofKey: text.bytes, feature: feature, field: input.path(of: position, in: model)))
      } else {
        let key: UInt64
        do { key = try reader.json.readUInt64() } catch { throw failure(error, input, position) }
        guard let id = id(ofUnsigned: key, feature: feature) else {
          throw outsideOfInt64(input, at: position)
        }
        ids.append(id)
      }
    }
  }

  /// Integers are never read as floating-point numbers: each of 64 bits arrives as it was sent.
  private func readIntegers(
    _ reader: inout BodyReader, _ input: InputTensor, start: Int, into values: inout [Int64]
  ) throws(ServiceError) {
    if try holdsLists(reader, input) {
      try reader.beginArray(input.role.path(in: model))
      while try reader.nextElement() {
        try readIntegers(&reader, input, start: start, into: &values)
      }
      return
    }
    let first = values.count
    do {
      try reader.json.readInt64List(
        into: &values, countMax: input.elementCount - (first - start))
    } catch {
      throw failure(error, input, values.count - start)
    }
    let range = input.datatype.integerRange
    guard input.datatype != .int64 else { return }
    for position in first..<values.count where !range.contains(values[position]) {
      throw outsideOfType(input, at: position - start)
    }
  }

  // MARK: Numbers

  private func readNumbers(
    _ reader: inout BodyReader, _ input: InputTensor, start: Int, into values: inout [Float]
  ) throws(ServiceError) {
    if try holdsLists(reader, input) {
      try reader.beginArray(input.role.path(in: model))
      while try reader.nextElement() {
        try readNumbers(&reader, input, start: start, into: &values)
      }
      return
    }
    if input.datatype.isInteger {
      var integers: [Int64] = []
      try readIntegers(&reader, input, start: start - values.count, into: &integers)
      for integer in integers { values.append(Float(integer)) }
      return
    }
    if input.datatype == .bool {
      return try readEachNumber(&reader, input, start: start, into: &values)
    }
    let first = values.count
    let before = copy reader
    do {
      try reader.json.readFloatList(
        into: &values, countMax: input.elementCount - (first - start))
    } catch {
      if case .tooMany = error.reason { throw moreData(input) }
      // The slow way finds the place to blame.
      values.removeLast(values.count - first)
    }
    // What is not finite may have been `null`.
    var isPlain = values.count > first
    for position in first..<values.count where !values[position].isFinite { isPlain = false }
    if !isPlain {
      values.removeLast(values.count - first)
      reader = before
      try readEachNumber(&reader, input, start: start, into: &values)
    }
    round(&values, from: first, input.datatype)
  }

  /// `null` in dense values means that the value is missing.
  private func readEachNumber(
    _ reader: inout BodyReader, _ input: InputTensor, start: Int, into values: inout [Float]
  ) throws(ServiceError) {
    let scores = ScoreRequestReader(model: model, limits: limits)
    try reader.beginArray(input.role.path(in: model))
    while try reader.nextElement() {
      let position = values.count - start
      guard position < input.elementCount else { throw moreData(input) }
      if input.datatype == .bool {
        values.append(try reader.readBool(input.path(of: position, in: model)) ? 1 : 0)
        continue
      }
      let path = { input.path(of: position, in: model) }
      switch input.role {
      case .dense:
        values.append(try scores.readNumber(position % input.columnCount, &reader, path))
      case .denseFeature(let feature):
        values.append(try scores.readNumber(feature, &reader, path))
      case .weights, .ids, .lengths:
        let value: Float
        do { value = try reader.json.readFloat() } catch {
          throw failure(error, input, position)
        }
        guard value.isFinite else { throw .notFinite(path()) }
        values.append(value)
      }
    }
  }

  /// A number of a narrow type counts as what the type makes of it.
  private func round(_ values: inout [Float], from start: Int, _ datatype: TensorDatatype) {
    switch datatype {
    case .fp16:
      for position in start..<values.count {
        values[position] = values[position].roundedToBinary16
      }
    case .bf16:
      for position in start..<values.count {
        values[position] = values[position].roundedToBFloat16
      }
    default: break
    }
  }

  private func moreData(_ input: InputTensor) -> ServiceError {
    otherCount(input, "more than \(input.elementCount) elements of data")
  }

  private func failure(
    _ error: JSONError, _ input: InputTensor, _ position: Int
  ) -> ServiceError {
    switch error.reason {
    case .tooMany: moreData(input)
    case .numberOutOfRange: outsideOfInt64(input, at: position)
    default: .noInteger(error, input.path(of: position, in: model))
    }
  }
}
