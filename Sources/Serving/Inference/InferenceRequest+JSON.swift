import ByteCoding
import Embeddings

/// Reads the body of a REST infer request: a JSON header, then the bytes of its binary tensors.
struct InferenceRequestReader {
  let model: ServingModel
  let limits: ServiceLimits

  private enum Member: Int { case id, parameters, inputs, outputs, modelName, modelVersion }

  /// - Parameters:
  ///   - headerCount: `Inference-Header-Content-Length`; nil: all of the body is JSON.
  ///   - text: scratch for names and keys with escapes.
  func read(
    _ body: Span<UInt8>, headerCount: Int?, into request: inout InferenceRequest,
    batch: inout LookupBatch, text: inout ByteBuffer
  ) throws(ServiceError) {
    request.reset(for: model)
    batch.reset(featureCount: model.featureNames.count)
    guard headerCount != 0 else { return try readRaw(body, into: &request, batch: &batch) }
    let end = headerCount ?? body.count
    guard end <= body.count else {
      throw ServiceError(
        .invalidRequest, field: "Inference-Header-Content-Length",
        "`Inference-Header-Content-Length` is \(end), but the body has \(body.count) bytes")
    }
    var binary = BinaryTensors(body.extracting(end..<body.count))
    var reader = BodyReader(
      body.extracting(0..<end), depthMax: limits.jsonDepthMax, acceptsNonFinite: true)
    var seen = 0
    try reader.beginObject(nil)
    while let name = try reader.nextMember() {
      let member = try Self.member(name, in: reader)
      guard seen & (1 << member.rawValue) == 0 else {
        throw .standsTwice(reader.bytes.extracting(name).printable)
      }
      seen |= 1 << member.rawValue
      switch member {
      case .id:
        let raw = try reader.readRawString("id")
        reader.json.unescape(raw, into: &request.identifier)
        request.hasIdentifier = true
      case .parameters: try readParameters(&reader, into: &request, batch: &batch)
      case .inputs:
        try readInputs(&reader, &binary, into: &request, batch: &batch, text: &text)
      case .outputs: try readOutputs(&reader, into: &request, text: &text)
      case .modelName, .modelVersion: _ = try reader.readRawString("model_name")
      }
    }
    try reader.endOfInput()
    guard seen & (1 << Member.inputs.rawValue) != 0 else {
      throw ServiceError(
        .invalidRequest, field: "inputs",
        "`inputs` is missing; send for example {\"inputs\": [{\"name\": \"FEATURE\", "
          + "\"shape\": [1], \"datatype\": \"INT64\", \"data\": [1]}]}")
    }
    try binary.checkEnd()
    try request.complete(model, limits, into: &batch)
  }

  private static func member(
    _ name: Range<Int>, in reader: borrowing BodyReader
  ) throws(ServiceError) -> Member {
    if reader.json.name(name, equals: "id") { return .id }
    if reader.json.name(name, equals: "parameters") { return .parameters }
    if reader.json.name(name, equals: "inputs") { return .inputs }
    if reader.json.name(name, equals: "outputs") { return .outputs }
    if reader.json.name(name, equals: "model_name") { return .modelName }
    if reader.json.name(name, equals: "model_version") { return .modelVersion }
    throw .unknownMember(
      reader.bytes.extracting(name), "an infer request",
      "`id`, `parameters`, `inputs`, `outputs`")
  }

  /// A body without a header: all of it is the data of the model's one input, and the answer is
  /// binary (extension_binary_data.md, "Raw Binary Request").
  private func readRaw(
    _ body: Span<UInt8>, into request: inout InferenceRequest, batch: inout LookupBatch
  ) throws(ServiceError) {
    guard model.featureNames.count == 1, model.denseFeatures.isEmpty else {
      throw ServiceError(
        .invalidRequest, field: "Inference-Header-Content-Length",
        "a request without a JSON header goes to models with one input; model '\(model.name)' has "
          + "more")
    }
    guard body.count % 8 == 0 else {
      throw ServiceError(
        .shapeMismatch, field: "body",
        "the body has \(body.count) bytes, no multiple of the 8 bytes of INT64")
    }
    let values = InputValues(model: model, limits: limits)
    var input = try values.checked(.ids(0), .int64, InputShape(body.count / 8), batch)
    try values.readBinary(body, &input, into: &request, batch: &batch)
    _ = request.add(input)
    request.wantsBinary = true
    try request.complete(model, limits, into: &batch)
  }

  // MARK: Parameters

  /// Parameters that we do not know are other servers' and are left alone.
  private func readParameters(
    _ reader: inout BodyReader, into request: inout InferenceRequest, batch: inout LookupBatch
  ) throws(ServiceError) {
    try reader.beginObject("parameters")
    while let name = try reader.nextMember() {
      if reader.json.name(name, equals: "binary_data_output") {
        guard request.wantsBinary == nil else {
          throw .standsTwice("parameters.binary_data_output")
        }
        request.wantsBinary = try reader.readBool("parameters.binary_data_output")
      } else if reader.json.name(name, equals: "missing")
        || reader.json.name(name, equals: "missing_policy")
      {
        guard batch.missing == nil else { throw .standsTwice("parameters.missing") }
        batch.missing = try reader.readWord("parameters.missing", as: MissingPolicy.self)
      } else if reader.json.name(name, equals: "pooling") {
        guard batch.pooling == nil else { throw .standsTwice("parameters.pooling") }
        batch.pooling = try reader.readWord("parameters.pooling", as: Pooling.self)
      } else if reader.json.name(name, equals: "top_k") {
        guard request.topK == nil else { throw .standsTwice("parameters.top_k") }
        request.topK = try reader.readCount("parameters.top_k", least: 1)
      } else if reader.json.name(name, equals: "timeout") {
        guard request.timeoutMicroseconds == nil else { throw .standsTwice("parameters.timeout") }
        request.timeoutMicroseconds = try reader.readCount("parameters.timeout", least: 0)
      } else {
        try reader.skipParameter()
      }
    }
  }

  // MARK: Inputs

  private func readInputs(
    _ reader: inout BodyReader, _ binary: inout BinaryTensors,
    into request: inout InferenceRequest, batch: inout LookupBatch, text: inout ByteBuffer
  ) throws(ServiceError) {
    try reader.beginArray("inputs")
    var position = 0
    while try reader.nextElement() {
      try readInput(position, &reader, &binary, into: &request, batch: &batch, text: &text)
      position += 1
    }
  }

  /// Data is read where it stands if name, type and shape stand before it, as clients write them;
  /// else it is read last.
  private func readInput(
    _ position: Int, _ reader: inout BodyReader, _ binary: inout BinaryTensors,
    into request: inout InferenceRequest, batch: inout LookupBatch, text: inout ByteBuffer
  ) throws(ServiceError) {
    let values = InputValues(model: model, limits: limits)
    var entry = InputEntry(position)
    var input: InputTensor?
    var laterData: BodyReader?
    try reader.beginObject(entry.field)
    while let name = try reader.nextMember() {
      guard try entry.readsData(name, &reader, model, expected: batch.parts.count, text: &text)
      else { continue }
      if let role = entry.role, let datatype = entry.datatype, let shape = entry.shape {
        var tensor = try values.checked(role, datatype, shape, batch)
        try values.readJSON(&reader, &tensor, into: &request, batch: &batch, text: &text)
        input = tensor
      } else {
        laterData = reader
        try reader.skipValue()
      }
    }
    if input == nil {
      let (role, datatype, shape) = try entry.complete()
      var tensor = try values.checked(role, datatype, shape, batch)
      if var data = laterData {
        try values.readJSON(&data, &tensor, into: &request, batch: &batch, text: &text)
      } else if let byteCount = entry.binaryByteCount {
        try values.readBinary(
          try binary.next(byteCount, entry.field), &tensor, into: &request, batch: &batch)
      }
      input = tensor
    }
    try entry.checkDataStandsOnce()
    guard var input else { return }
    input.isContext = entry.isContext
    guard request.add(input) else {
      throw ServiceError(
        .duplicateFeature, field: input.role.path(in: model),
        "input '\(input.role.name(in: model))' stands twice in the request; give it once")
    }
  }

  // MARK: Outputs

  private func readOutputs(
    _ reader: inout BodyReader, into request: inout InferenceRequest, text: inout ByteBuffer
  ) throws(ServiceError) {
    try reader.beginArray("outputs")
    var position = 0
    while try reader.nextElement() {
      let output = try readOutput(position, &reader, text: &text)
      guard !request.asks(for: output.kind) else {
        throw .standsTwice(output.kind.name(in: model))
      }
      request.outputs.append(output)
      position += 1
    }
  }

  private func readOutput(
    _ position: Int, _ reader: inout BodyReader, text: inout ByteBuffer
  ) throws(ServiceError) -> OutputTensor {
    var kind: OutputTensor.Kind?
    var isBinary: Bool?
    try reader.beginObject("outputs[\(position)]")
    while let name = try reader.nextMember() {
      if reader.json.name(name, equals: "name") {
        guard kind == nil else { throw .standsTwice("outputs[\(position)].name") }
        let raw = try reader.readRawString("outputs[\(position)].name")
        text.removeAll()
        reader.json.unescape(raw, into: &text)
        kind = OutputTensor.Kind(text.bytes, of: model)
        if kind == nil { throw .unknownTensor("output", text.bytes, model) }
      } else if reader.json.name(name, equals: "parameters") {
        isBinary = try readOutputParameters(&reader, "outputs[\(position)].parameters") ?? isBinary
      } else {
        throw .unknownMember(
          reader.bytes.extracting(name), "an output", "`name`, `parameters`")
      }
    }
    guard let kind else { throw .lacksMember("name", "outputs[\(position)]") }
    return OutputTensor(kind, isBinary: isBinary)
  }

  private func readOutputParameters(
    _ reader: inout BodyReader, _ field: @autoclosure () -> String
  ) throws(ServiceError) -> Bool? {
    var isBinary: Bool?
    try reader.beginObject(field())
    while let name = try reader.nextMember() {
      if reader.json.name(name, equals: "binary_data") {
        isBinary = try reader.readBool(field() + ".binary_data")
      } else if reader.json.name(name, equals: "shared_memory_region") {
        throw .noSharedMemory(field())
      } else if reader.json.name(name, equals: "classification") {
        throw .noClassification(field())
      } else {
        try reader.skipParameter()
      }
    }
    return isBinary
  }
}

extension ServiceError {
  static func unknownMember(
    _ name: Span<UInt8>, _ place: String, _ known: String
  ) -> ServiceError {
    ServiceError(
      .invalidRequest, field: name.printable,
      "`\(name.printable)` is no member of \(place); there are \(known)")
  }

  static func lacksMember(_ name: String, _ field: String) -> ServiceError {
    ServiceError(
      .invalidRequest, field: "\(field).\(name)", "\(field) lacks the member `\(name)`")
  }

  static func unknownTensor(
    _ kind: String, _ name: Span<UInt8>, _ model: ServingModel
  ) -> ServiceError {
    ServiceError(
      .unknownFeature, field: "\(kind)s.\(name.printable)",
      "model '\(model.name)' has no \(kind) '\(name.printable)'; GET /v2/models/\(model.name) "
        + "lists them")
  }

  static func noClassification(_ field: String) -> ServiceError {
    ServiceError(
      .notImplemented, field: "\(field).classification",
      "classes are not ranked here; ask for `top_k` in the request's parameters")
  }

  static func noSharedMemory(_ field: String) -> ServiceError {
    ServiceError(
      .notImplemented, field: "\(field).shared_memory_region",
      "shared memory is not offered; send the data in the request")
  }
}
