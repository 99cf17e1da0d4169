import ByteCoding

/// The shape of an input: one or two sizes, none negative.
struct InputShape {
  let rank: Int
  let rowCount: Int
  let columnCount: Int

  init(_ rowCount: Int) { (rank, self.rowCount, columnCount) = (1, rowCount, 1) }

  init(_ rowCount: Int, _ columnCount: Int) {
    (rank, self.rowCount, self.columnCount) = (2, rowCount, columnCount)
  }

  /// - Parameters:
  ///   - sizes: the first two.
  ///   - count: how many there are.
  /// - Throws: 422 for a number of dimensions that no input has.
  init(
    _ sizes: InlineArray<2, Int64>, count: Int, _ field: @autoclosure () -> String
  ) throws(ServiceError) {
    // Larger sizes are refused for their product all the same.
    let sizeMax = Int64(Int32.max)
    switch count {
    case 1: self.init(Int(min(sizes[0], sizeMax)))
    case 2: self.init(Int(min(sizes[0], sizeMax)), Int(min(sizes[1], sizeMax)))
    default:
      throw ServiceError(
        .shapeMismatch, field: field(),
        "\(field()) has \(count) dimensions; inputs have one or two")
    }
  }
}

/// One element of `inputs` while its members are read, which may stand in any order.
struct InputEntry {
  private let position: Int
  private(set) var role: InputTensor.Role?
  private(set) var datatype: TensorDatatype?
  private(set) var shape: InputShape?
  private(set) var binaryByteCount: Int?
  /// `parameters.context`: the one row is shared by all candidates.
  private(set) var isContext = false
  private var seen = 0

  private enum Member: Int { case name, shape, datatype, parameters, data }

  init(_ position: Int) { self.position = position }

  var field: String { "inputs[\(position)]" }

  /// Reads a member's value; true: it is `data`, whose value the caller reads or skips.
  mutating func readsData(
    _ name: Range<Int>, _ reader: inout BodyReader, _ model: ServingModel, expected: Int,
    text: inout ByteBuffer
  ) throws(ServiceError) -> Bool {
    let member = try member(name, in: reader)
    guard seen & (1 << member.rawValue) == 0 else {
      throw .standsTwice("\(field).\(reader.bytes.extracting(name).printable)")
    }
    seen |= 1 << member.rawValue
    switch member {
    case .name:
      let raw = try reader.readRawString("\(field).name")
      text.removeAll()
      reader.json.unescape(raw, into: &text)
      role = InputTensor.Role(text.bytes, of: model, expected: expected)
      if role == nil { throw .unknownTensor("input", text.bytes, model) }
    case .shape: shape = try readShape(&reader)
    case .datatype:
      let raw = try reader.readRawString("\(field).datatype")
      datatype = TensorDatatype(reader.bytes.extracting(raw))
      if datatype == nil {
        throw .unknownDatatype(reader.bytes.extracting(raw), "\(field).datatype")
      }
    case .parameters: try readParameters(&reader)
    case .data: return true
    }
    return false
  }

  /// Name, type and shape, all of which must be there by now, and so must the data.
  func complete() throws(ServiceError) -> (InputTensor.Role, TensorDatatype, InputShape) {
    guard let role else { throw .lacksMember("name", field) }
    guard let datatype else { throw .lacksMember("datatype", field) }
    guard let shape else { throw .lacksMember("shape", field) }
    try checkDataStandsOnce()
    return (role, datatype, shape)
  }

  /// Throws 400 unless there is either `data` or `parameters.binary_data_size`.
  func checkDataStandsOnce() throws(ServiceError) {
    let hasData = seen & (1 << Member.data.rawValue) != 0
    guard hasData != (binaryByteCount != nil) else {
      throw ServiceError(
        .invalidRequest, field: "\(field).data",
        hasData
          ? "\(field) has both `data` and `parameters.binary_data_size`; keep one"
          : "\(field) has neither `data` nor `parameters.binary_data_size`; give one")
    }
  }

  private func member(
    _ name: Range<Int>, in reader: borrowing BodyReader
  ) throws(ServiceError) -> Member {
    if reader.json.name(name, equals: "name") { return .name }
    if reader.json.name(name, equals: "shape") { return .shape }
    if reader.json.name(name, equals: "datatype") { return .datatype }
    if reader.json.name(name, equals: "parameters") { return .parameters }
    if reader.json.name(name, equals: "data") { return .data }
    throw .unknownMember(
      reader.bytes.extracting(name), "an input",
      "`name`, `shape`, `datatype`, `parameters`, `data`")
  }

  private func readShape(_ reader: inout BodyReader) throws(ServiceError) -> InputShape {
    var sizes = InlineArray<2, Int64>(repeating: 0)
    var count = 0
    try reader.beginArray("\(field).shape")
    while try reader.nextElement() {
      let size: Int64
      do { size = try reader.json.readInt64() } catch {
        throw .noInteger(error, "\(field).shape")
      }
      guard size >= 0 else { throw .negativeSize(size, "\(field).shape") }
      if count < 2 { sizes[count] = size }
      count += 1
    }
    return try InputShape(sizes, count: count, "\(field).shape")
  }

  private mutating func readParameters(_ reader: inout BodyReader) throws(ServiceError) {
    try reader.beginObject("\(field).parameters")
    while let name = try reader.nextMember() {
      if reader.json.name(name, equals: "binary_data_size") {
        guard binaryByteCount == nil else {
          throw .standsTwice("\(field).parameters.binary_data_size")
        }
        binaryByteCount = try reader.readCount("\(field).parameters.binary_data_size", least: 0)
      } else if reader.json.name(name, equals: "context") {
        isContext = try reader.readBool("\(field).parameters.context")
      } else if reader.json.name(name, equals: "shared_memory_region") {
        throw .noSharedMemory("\(field).parameters")
      } else {
        try reader.skipParameter()
      }
    }
  }
}

extension BodyReader {
  @_lifetime(self: copy self)
  mutating func readBool(_ field: @autoclosure () -> String) throws(ServiceError) -> Bool {
    do { return try json.readBool() } catch { throw ServiceError(error, field: field()) }
  }

  /// A whole number from `least` on.
  @_lifetime(self: copy self)
  mutating func readCount(
    _ field: @autoclosure () -> String, least: Int64
  ) throws(ServiceError) -> Int {
    let value: Int64
    do { value = try json.readInt64() } catch { throw .noInteger(error, field()) }
    guard value >= least else {
      throw ServiceError(
        .invalidValue, field: field(), "`\(field())` is \(value); it is at least \(least)")
    }
    return Int(value)
  }

  /// Skips the value of a parameter, which is a string, a number or a boolean.
  @_lifetime(self: copy self)
  mutating func skipParameter() throws(ServiceError) {
    switch try peekKind("parameters") {
    case .array, .object, .null:
      throw ServiceError(
        .invalidRequest, field: "parameters",
        "the value of a parameter is a string, a number or a boolean")
    default: try skipValue()
    }
  }
}

extension ServiceError {
  static func unknownDatatype(_ name: Span<UInt8>, _ field: String) -> ServiceError {
    let known = TensorDatatype.allCases.map(\.rawValue).joined(separator: ", ")
    return ServiceError(
      .invalidRequest, field: field, "'\(name.printable)' is no datatype; there are \(known)")
  }

  static func negativeSize(_ size: Int64, _ field: String) -> ServiceError {
    ServiceError(
      .invalidRequest, field: field, "\(field) has the size \(size); write the real one")
  }

  /// A number, but none that counts, is well-formed and still nothing to work with.
  static func noInteger(_ error: JSONError, _ field: String) -> ServiceError {
    guard case .wrongType(_, .number) = error.reason else {
      return ServiceError(error, field: field)
    }
    return ServiceError(
      .invalidValue, field: field,
      "\(field) is a whole number, written without fraction and exponent")
  }
}
