import ByteCoding
package import HTTPCore

// The calls besides ModelInfer: small questions about the server and its models.

extension ServiceHandler {
  /// Calls of methods that there are not: a stream of messages may have no end.
  package func refusesAtHead(contentType: Span<UInt8>, path: Span<UInt8>) -> Bool {
    guard GRPCCall.isNamed(contentType) else { return false }
    return (try? router.match(path))?.endpoint.isCall != true
  }

  package func refuse(
    _ error: HTTPParseError, _ request: borrowing RequestView, into response: inout ResponseWriter
  ) {
    let isCall = GRPCCall.isNamed(request.header(.contentType))
    refuse(error, isCall: isCall, from: request.connection, into: &response)
  }

  /// Answers one of them.
  func answerCall(
    _ request: borrowing RequestView, _ endpoint: Endpoint, _ exchange: Exchange,
    into response: inout ResponseWriter
  ) throws(ServiceError) {
    let call = try GRPCCall(request, byteCountMax: limits.bodyBytesMax)
    try call.withMessage(byteCountMax: limits.bodyBytesMax) { (message) throws(ServiceError) in
      try answerCall(endpoint, SmallMessage(message), exchange, into: &response)
    }
  }

  private func answerCall(
    _ endpoint: Endpoint, _ question: borrowing SmallMessage, _ exchange: Exchange,
    into response: inout ResponseWriter
  ) throws(ServiceError) {
    switch endpoint {
    case .callServerLive: response.writeFlag(true)
    case .callServerReady: response.writeFlag(service.isReady)
    case .callModelReady: response.writeFlag(try isReady(question))
    case .callServerMetadata: response.write(serverMetadata, as: .serverMetadata)
    case .callModelMetadata:
      let model = try model(named: try question.text(1), version: try question.text(2))
      response.write(inferenceMetadata(of: model), as: .modelMetadata)
    case .callModelConfig:
      let model = try model(named: try question.text(1), version: try question.text(2))
      let answer = model.inferenceConfiguration
      response.writeMessage { body in
        body.append(field: 1) { MessageSchema.modelConfiguration.write(answer, to: &$0) }
      }
    case .callModelStatistics:
      response.write(
        try inferenceStatistics(of: try question.text(1), version: try question.text(2)),
        as: .modelStatistics)
    case .callRepositoryIndex:
      response.write(repositoryIndex(isReadyOnly: try question.flag(2)))
    case .callRepositoryLoad, .callRepositoryUnload:
      try forEachParameter(of: question.bytes, field: 3, "parameters") {
        (entry, parameter) throws(ServiceError) in
        try checkControlParameter(entry.extracting(parameter.key).printable)
      }
      try controlRepository(
        loads: endpoint == .callRepositoryLoad, model: try question.text(2).printable, exchange,
        into: &response)
    case .callHealthCheck: try answerHealthCheck(try question.text(1), into: &response)
    default: preconditionFailure("no path leads there")
    }
  }

  /// A model that is unknown is not ready, as Triton answers; over REST it is 404.
  private func isReady(_ question: borrowing SmallMessage) throws(ServiceError) -> Bool {
    do throws(ServiceError) {
      _ = try model(named: try question.text(1), version: try question.text(2))
      return true
    } catch {
      guard error.code == .notReady || error.code == .unknownModel else { throw error }
      return false
    }
  }

  /// `grpc.health.v1.Health/Check` of the whole server or of its inference service: SERVING (1) or
  /// NOT_SERVING (2).
  private func answerHealthCheck(
    _ name: Span<UInt8>, into response: inout ResponseWriter
  ) throws(ServiceError) {
    guard name.isEmpty || name.equals("inference.GRPCInferenceService") else {
      throw ServiceError(
        .notFound, field: "service",
        "there is no service '\(name.printable)'; ask for '' or 'inference.GRPCInferenceService'")
    }
    let status: UInt64 = service.isReady ? 1 : 2
    response.writeMessage { $0.append(field: 1, varint: status) }
  }
}

/// A request of a few fields, each of which is looked for when it is asked for.
private struct SmallMessage: ~Escapable {
  let bytes: Span<UInt8>

  @_lifetime(copy bytes)
  init(_ bytes: Span<UInt8>) { self.bytes = bytes }

  /// The text of a field; empty if it is not there. Of several the last.
  @_lifetime(copy self)
  func text(_ number: Int) throws(ServiceError) -> Span<UInt8> {
    var range = 0..<0
    try forEachField { (reader, field) throws(ProtobufError) in
      if field.number == number {
        range = try reader.readBytes(field)
      } else {
        try reader.skip(field)
      }
    }
    return bytes.extracting(range)
  }

  /// The value of a field of type `bool`; false if it is not there.
  func flag(_ number: Int) throws(ServiceError) -> Bool {
    var flag = false
    try forEachField { (reader, field) throws(ProtobufError) in
      if field.number == number {
        flag = try reader.readVarint(field) != 0
      } else {
        try reader.skip(field)
      }
    }
    return flag
  }

  private func forEachField(
    _ body: (inout ProtobufReader, ProtobufField) throws(ProtobufError) -> Void
  ) throws(ServiceError) {
    do throws(ProtobufError) {
      var reader = ProtobufReader(bytes)
      while let field = try reader.nextField() { try body(&reader, field) }
    } catch {
      throw ServiceError(error, in: "the request")
    }
  }
}

extension ResponseWriter {
  /// A message whose field 1 is a bool.
  fileprivate mutating func writeFlag(_ flag: Bool) {
    writeMessage { if flag { $0.append(field: 1, varint: 1) } }
  }

  fileprivate mutating func write(_ answer: JSONObject, as schema: MessageSchema) {
    writeMessage { schema.write(answer, to: &$0) }
  }

  /// RepositoryIndexResponse.
  fileprivate mutating func write(_ index: [JSONValue]) {
    writeMessage { body in
      for entry in index.compactMap(\.asObject) {
        body.append(field: 1) { MessageSchema.modelIndex.write(entry, to: &$0) }
      }
    }
  }
}

extension Exchange {
  /// Recognises a call by its content type.
  ///
  /// - Throws: 505 if it did not come over HTTP/2.
  mutating func recognizeCall(_ request: borrowing RequestView) throws(ServiceError) {
    guard GRPCCall.isNamed(request.header(.contentType)), request.method == .post else { return }
    guard request.majorVersion == 2 else {
      throw ServiceError(
        .versionNotSupported, field: "Content-Type",
        "gRPC needs HTTP/2; connect with prior knowledge (h2c), or ask /v2 with JSON")
    }
    isCall = true
  }
}

extension ServiceError {
  /// A call of a service or a method that there is not.
  static func unknownCall(_ path: Span<UInt8>) -> ServiceError {
    ServiceError(
      .notImplemented, field: "path",
      "there is no method '\(path.printable)'; there are those of inference.GRPCInferenceService "
        + "but for streams and shared memory, and grpc.health.v1.Health/Check")
  }

  /// A request to a method's path that is no call.
  static func notCalled(_ path: Span<UInt8>) -> ServiceError {
    ServiceError(
      .unsupportedMediaType, field: "Content-Type",
      "'\(path.printable)' is a method of gRPC and takes `application/grpc`; /v2 takes JSON")
  }
}
