import ByteCoding
import Embeddings

/// Reads a ModelInferRequest into what infer requests over REST are read into.
struct InferMessageReader {
  let model: ServingModel
  let limits: ServiceLimits

  /// - Parameter parts: of `bytes`, found before.
  func read(
    _ bytes: Span<UInt8>, _ parts: borrowing InferMessage, into request: inout InferenceRequest,
    batch: inout LookupBatch
  ) throws(ServiceError) {
    request.reset(for: model)
    batch.reset(featureCount: model.featureNames.count)
    try readIdentifier(bytes.extracting(parts.identifier), into: &request)
    for range in parts.parameters {
      try readParameter(bytes.extracting(range), into: &request, batch: &batch)
    }
    let isRaw = !parts.rawContents.isEmpty
    guard !isRaw || parts.rawContents.count == parts.inputs.count else {
      throw ServiceError(
        .invalidRequest, field: "raw_input_contents",
        "there are \(parts.inputs.count) inputs and \(parts.rawContents.count) of "
          + "raw_input_contents; give one for each, or none")
    }
    for position in parts.inputs.indices {
      let raw = isRaw ? parts.rawContents[position] : nil
      try readInput(
        position, bytes.extracting(parts.inputs[position]), bytes.extracting(raw ?? 0..<0),
        isRaw: isRaw, into: &request, batch: &batch)
    }
    for position in parts.outputs.indices {
      try readOutput(position, bytes.extracting(parts.outputs[position]), into: &request)
    }
    try request.complete(model, limits, into: &batch)
  }

  private func readIdentifier(
    _ text: Span<UInt8>, into request: inout InferenceRequest
  ) throws(ServiceError) {
    guard isUTF8(text) else {
      throw ServiceError(.invalidRequest, field: "id", "`id` is not UTF-8")
    }
    request.identifier.append(text)
    request.hasIdentifier = !text.isEmpty
  }

  // MARK: Parameters

  /// Parameters that we do not know are other servers' and are left alone. Of two with one name the
  /// last holds, as in any map of Protocol Buffers.
  private func readParameter(
    _ entry: Span<UInt8>, into request: inout InferenceRequest, batch: inout LookupBatch
  ) throws(ServiceError) {
    let parameter = try Self.parameter(entry, "parameters")
    let name = entry.extracting(parameter.key)
    if name.equals("binary_data_output") {
      request.wantsBinary = try parameter.bool("parameters.binary_data_output")
    } else if name.equals("missing") || name.equals("missing_policy") {
      batch.missing = try word(
        try parameter.text(in: entry, "parameters.missing"), "parameters.missing")
    } else if name.equals("pooling") {
      batch.pooling = try word(
        try parameter.text(in: entry, "parameters.pooling"), "parameters.pooling")
    } else if name.equals("top_k") {
      request.topK = try parameter.count("parameters.top_k", least: 1)
    } else if name.equals("timeout") {
      request.timeoutMicroseconds = try parameter.count("parameters.timeout", least: 0)
    }
  }

  private static func parameter(
    _ entry: Span<UInt8>, _ field: @autoclosure () -> String
  ) throws(ServiceError) -> CallParameter {
    do { return try CallParameter(entry) } catch {
      throw ServiceError(error, in: field(), field: field())
    }
  }

  // MARK: Inputs

  private func readInput(
    _ position: Int, _ bytes: Span<UInt8>, _ raw: Span<UInt8>, isRaw: Bool,
    into request: inout InferenceRequest, batch: inout LookupBatch
  ) throws(ServiceError) {
    let entry = try InputMessage(bytes, position)
    let name = bytes.extracting(entry.name)
    guard let role = InputTensor.Role(name, of: model, expected: batch.parts.count) else {
      throw .unknownTensor("input", name, model)
    }
    guard let datatype = TensorDatatype(bytes.extracting(entry.datatype)) else {
      throw .unknownDatatype(bytes.extracting(entry.datatype), "inputs[\(position)].datatype")
    }
    let shape = try InputShape(
      entry.sizes, count: entry.sizeCount, "inputs[\(position)].shape")
    let values = InputValues(model: model, limits: limits)
    var input = try values.checked(role, datatype, shape, batch)
    if isRaw {
      guard !entry.hasContents else {
        throw ServiceError(
          .invalidRequest, field: "inputs[\(position)].contents",
          "inputs[\(position)] has contents beside raw_input_contents; keep one")
      }
      try values.readBinary(raw, &input, into: &request, batch: &batch)
    } else {
      try values.readContents(of: bytes, &input, into: &request, batch: &batch)
    }
    input.isContext = entry.isContext
    guard request.add(input) else {
      throw ServiceError(
        .duplicateFeature, field: role.path(in: model),
        "input '\(role.name(in: model))' stands twice in the request; give it once")
    }
  }

  /// The fields of an InferInputTensor but for its contents.
  private struct InputMessage {
    var name = 0..<0
    var datatype = 0..<0
    /// The first two.
    var sizes = InlineArray<2, Int64>(repeating: 0)
    var sizeCount = 0
    var isContext = false
    var hasContents = false

    init(_ bytes: Span<UInt8>, _ position: Int) throws(ServiceError) {
      var parameters = 0
      do throws(ProtobufError) {
        var reader = ProtobufReader(bytes)
        while let field = try reader.nextField() {
          switch field.number {
          case 1: name = try reader.readBytes(field)
          case 2: datatype = try reader.readBytes(field)
          case 3: try readSizes(field, &reader)
          case 4:
            _ = try reader.readBytes(field)
            parameters += 1
          case 5: hasContents = try !reader.readBytes(field).isEmpty || hasContents
          default: try reader.skip(field)
          }
        }
      } catch {
        throw ServiceError(error, in: "inputs[\(position)]", field: "inputs[\(position)]")
      }
      for index in 0..<min(2, sizeCount) where sizes[index] < 0 {
        throw .negativeSize(sizes[index], "inputs[\(position)].shape")
      }
      if parameters > 0 { try readParameters(bytes, "inputs[\(position)].parameters") }
    }

    /// Packed, or one by one.
    private mutating func readSizes(
      _ field: ProtobufField, _ reader: inout ProtobufReader
    ) throws(ProtobufError) {
      guard field.wireType == .bytes else { return add(try reader.readVarint(field)) }
      let range = try reader.readBytes(field)
      var packed = ProtobufReader(reader.bytes.extracting(range))
      while !packed.isAtEnd { add(try packed.readVarint()) }
    }

    private mutating func add(_ size: UInt64) {
      if sizeCount < 2 { sizes[sizeCount] = Int64(bitPattern: size) }
      sizeCount += 1
    }

    private mutating func readParameters(
      _ bytes: Span<UInt8>, _ path: String
    ) throws(ServiceError) {
      try forEachParameter(of: bytes, field: 4, path) { (entry, parameter) throws(ServiceError) in
        let name = entry.extracting(parameter.key)
        if name.equals("context") {
          isContext = try parameter.bool("\(path).context")
        } else if name.equals("shared_memory_region") {
          throw .noSharedMemory(path)
        }
      }
    }
  }

  // MARK: Outputs

  private func readOutput(
    _ position: Int, _ bytes: Span<UInt8>, into request: inout InferenceRequest
  ) throws(ServiceError) {
    let path = { "outputs[\(position)]" }
    var name = 0..<0
    var hasParameters = false
    do throws(ProtobufError) {
      var reader = ProtobufReader(bytes)
      while let field = try reader.nextField() {
        if field.number == 1 {
          name = try reader.readBytes(field)
        } else {
          hasParameters = hasParameters || field.number == 2
          try reader.skip(field)
        }
      }
    } catch {
      throw ServiceError(error, in: path(), field: path())
    }
    guard let kind = OutputTensor.Kind(bytes.extracting(name), of: model) else {
      throw .unknownTensor("output", bytes.extracting(name), model)
    }
    guard !request.asks(for: kind) else { throw .standsTwice(kind.name(in: model)) }
    let isBinary = hasParameters ? try readOutputParameters(bytes, path() + ".parameters") : nil
    request.outputs.append(OutputTensor(kind, isBinary: isBinary))
  }

  private func readOutputParameters(
    _ bytes: Span<UInt8>, _ path: String
  ) throws(ServiceError) -> Bool? {
    var isBinary: Bool?
    try forEachParameter(of: bytes, field: 2, path) { (entry, parameter) throws(ServiceError) in
      let name = entry.extracting(parameter.key)
      if name.equals("binary_data") {
        isBinary = try parameter.bool("\(path).binary_data")
      } else if name.equals("shared_memory_region") {
        throw .noSharedMemory(path)
      } else if name.equals("classification") {
        throw .noClassification(path)
      }
    }
    return isBinary
  }
}

/// Hands over the entries of a map of parameters inside a message.
func forEachParameter(
  of bytes: Span<UInt8>, field number: Int, _ path: String,
  _ body: (Span<UInt8>, CallParameter) throws(ServiceError) -> Void
) throws(ServiceError) {
  var reader = ProtobufReader(bytes)
  while true {
    var entry = 0..<0
    var parameter: CallParameter?
    do throws(ProtobufError) {
      guard let field = try reader.nextField() else { return }
      if field.number == number {
        entry = try reader.readBytes(field)
        parameter = try CallParameter(bytes.extracting(entry))
      } else {
        try reader.skip(field)
      }
    } catch {
      throw ServiceError(error, in: path, field: path)
    }
    if let parameter { try body(bytes.extracting(entry), parameter) }
  }
}

extension CallParameter {
  fileprivate func bool(_ field: @autoclosure () -> String) throws(ServiceError) -> Bool {
    guard case .bool(let value) = value else {
      throw .otherParameter(field(), "true or false, a bool_param")
    }
    return value
  }

  @_lifetime(copy entry)
  fileprivate func text(
    in entry: Span<UInt8>, _ field: @autoclosure () -> String
  ) throws(ServiceError) -> Span<UInt8> {
    guard case .text(let range) = value else {
      throw .otherParameter(field(), "a word, a string_param")
    }
    return entry.extracting(range)
  }

  fileprivate func count(
    _ field: @autoclosure () -> String, least: Int64
  ) throws(ServiceError) -> Int {
    guard case .integer(let value) = value else {
      throw .otherParameter(field(), "a whole number, an int64_param")
    }
    guard value >= least else {
      throw ServiceError(
        .invalidValue, field: field(), "`\(field())` is \(value); it is at least \(least)")
    }
    return Int(value)
  }
}
