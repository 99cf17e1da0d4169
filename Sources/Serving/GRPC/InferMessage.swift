import ByteCoding

/// Where the parts of a ModelInferRequest lie in its message (open_inference_grpc.proto). They
/// may stand in any order, and the model is known only once all were seen. The arrays are kept from
/// request to request.
struct InferMessage: ~Copyable {
  private(set) var modelName = 0..<0
  private(set) var modelVersion = 0..<0
  private(set) var identifier = 0..<0
  private(set) var parameters: [Range<Int>] = []
  private(set) var inputs: [Range<Int>] = []
  private(set) var outputs: [Range<Int>] = []
  private(set) var rawContents: [Range<Int>] = []

  /// Parts of one kind. A model has by far fewer inputs; this bounds the memory for their places.
  static let partCountMax = 65_536

  init() {}

  /// Finds the parts.
  ///
  /// - Throws: 400 if the bytes are no such message, 413 for too many parts.
  mutating func scan(_ bytes: Span<UInt8>) throws(ServiceError) {
    modelName = 0..<0
    modelVersion = 0..<0
    identifier = 0..<0
    parameters.removeAll(keepingCapacity: true)
    inputs.removeAll(keepingCapacity: true)
    outputs.removeAll(keepingCapacity: true)
    rawContents.removeAll(keepingCapacity: true)
    var reader = ProtobufReader(bytes)
    do throws(ProtobufError) {
      while let field = try reader.nextField() {
        switch field.number {
        case 1: modelName = try reader.readBytes(field)
        case 2: modelVersion = try reader.readBytes(field)
        case 3: identifier = try reader.readBytes(field)
        case 4: parameters.append(try reader.readBytes(field))
        case 5: inputs.append(try reader.readBytes(field))
        case 6: outputs.append(try reader.readBytes(field))
        case 7: rawContents.append(try reader.readBytes(field))
        default: try reader.skip(field)
        }
        guard
          max(parameters.count, inputs.count, outputs.count, rawContents.count)
            <= Self.partCountMax
        else { break }
      }
    } catch {
      throw ServiceError(error, in: "the request")
    }
    guard reader.isAtEnd else {
      throw ServiceError(
        .tooLarge, field: "inputs",
        "the request has more than \(Self.partCountMax) parameters, inputs or outputs; send less "
          + "at once")
    }
  }
}

/// One entry of `parameters`, a map from text to InferParameter.
struct CallParameter {
  enum Value: Equatable {
    case none
    case bool(Bool)
    case integer(Int64)
    /// Where it lies in the entry.
    case text(Range<Int>)
    /// A `double`, or an integer that no Int64 holds.
    case number
  }

  private(set) var key = 0..<0
  private(set) var value = Value.none

  /// - Throws: if the bytes are no such entry.
  init(_ entry: Span<UInt8>) throws(ProtobufError) {
    var reader = ProtobufReader(entry)
    while let field = try reader.nextField() {
      switch field.number {
      case 1: key = try reader.readBytes(field)
      case 2:
        let range = try reader.readBytes(field)
        try read(entry.extracting(range), from: range.lowerBound)
      default: try reader.skip(field)
      }
    }
  }

  private mutating func read(_ message: Span<UInt8>, from start: Int) throws(ProtobufError) {
    var reader = ProtobufReader(message)
    while let field = try reader.nextField() {
      switch field.number {
      case 1: value = .bool(try reader.readVarint(field) != 0)
      case 2: value = .integer(Int64(bitPattern: try reader.readVarint(field)))
      case 3:
        let range = try reader.readBytes(field)
        value = .text(start + range.lowerBound..<start + range.upperBound)
      case 4:
        _ = try reader.readFixed64(field)
        value = .number
      case 5:
        value = Int64(exactly: try reader.readVarint(field)).map { .integer($0) } ?? .number
      default: try reader.skip(field)
      }
    }
  }
}

extension ServiceError {
  /// Bytes that are no message.
  ///
  /// - Parameter part: which message was read.
  init(_ error: ProtobufError, in part: String, field: String? = nil) {
    self.init(.invalidRequest, field: field, "\(part) is malformed: \(error)")
  }

  /// A parameter whose value is of another type than its own.
  static func otherParameter(_ field: String, _ expected: String) -> ServiceError {
    ServiceError(.invalidRequest, field: field, "`\(field)` is \(expected)")
  }
}
