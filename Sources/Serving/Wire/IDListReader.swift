import ByteCoding

/// Reads a feature's ids from JSON: a list of them, or bags, a list of lists.
struct IDListReader {
  let model: ServingModel
  let limits: ServiceLimits

  /// Reads `[17, 42]` or `[[1, 2], []]` behind what the arrays hold.
  ///
  /// - Parameter offsets: of bags gets where each begins, counted from the first id that is read
  ///   here, and the end.
  /// - Returns: true for bags. An empty list is one of ids.
  func readListOrBags(
    _ reader: inout BodyReader, field: FieldName, ids: inout [Int64], offsets: inout [Int],
    text: inout ByteBuffer
  ) throws(ServiceError) -> Bool {
    let start = ids.count
    // A look at the first element tells ids from bags.
    var probe = reader
    try probe.beginArray(field.path)
    guard try probe.nextElement(), try probe.peekKind(field.path) == .array else {
      try readList(&reader, field: field, into: &ids, text: &text)
      return false
    }
    offsets.append(0)
    try reader.beginArray(field.path)
    var bag = 0
    while try reader.nextElement() {
      guard offsets.count <= limits.idCountMax + limits.featureCountMax else {
        throw .tooManyIDs(field.path, limits)
      }
      try readList(&reader, field: field.at(bag), into: &ids, text: &text)
      offsets.append(ids.count - start)
      bag += 1
    }
    return true
  }

  /// Reads one list of ids: all at once if they are integers, else one by one.
  func readList(
    _ reader: inout BodyReader, field: FieldName, into ids: inout [Int64],
    text: inout ByteBuffer
  ) throws(ServiceError) {
    let start = ids.count
    let before = reader
    do {
      try reader.json.readInt64List(into: &ids, countMax: limits.idCountMax - start)
      if !model.takesPlainIDs[field.feature] {
        for place in start..<ids.count {
          ids[place] = model.id(ofInteger: ids[place], feature: field.feature)
        }
      }
      return
    } catch {
      if case .tooMany = error.reason { throw .tooManyIDs(field.path, limits) }
      // The slow way finds the place to blame, or reads what the fast way cannot: keys.
      ids.removeLast(ids.count - start)
      reader = before
    }
    try reader.beginArray(field.path)
    var position = 0
    while try reader.nextElement() {
      guard ids.count < limits.idCountMax else { throw .tooManyIDs(field.path, limits) }
      ids.append(try readID(&reader, field: field.at(position), text: &text))
      position += 1
    }
  }

  /// Reads one id: an integer, or a string where the feature's input takes keys.
  func readID(
    _ reader: inout BodyReader, field: FieldName, text: inout ByteBuffer
  ) throws(ServiceError) -> Int64 {
    let kind = try reader.peekKind(field.path)
    if kind == .string && model.takesKeys[field.feature] {
      let raw = try reader.readRawString(field.path)
      text.removeAll()
      reader.json.unescape(raw, into: &text)
      return try model.id(ofKey: text.bytes, feature: field.feature, field: field.path)
    }
    do {
      return model.id(ofInteger: try reader.json.readInt64(), feature: field.feature)
    } catch {
      switch error.reason {
      case .numberOutOfRange:
        throw ServiceError(
          .categoryOutOfRange, field: field.path,
          "feature '\(model.featureNames[field.feature])': the id at \(field.path) does not fit "
            + "in 64 bits; send another id")
      case .wrongType(_, let found):
        let expected = model.takesKeys[field.feature] ? "an integer or a string" : "an integer"
        let given = found == .number ? "a number with a fraction or exponent" : found.phrase
        throw ServiceError(
          .invalidRequest, field: field.path,
          "\(field.path) must be \(expected), not \(given)")
      default:
        throw ServiceError(error, field: field.path)
      }
    }
  }
}
