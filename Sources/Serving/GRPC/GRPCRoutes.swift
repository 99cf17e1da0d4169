/// The methods of the gRPC services, as paths: `/package.Service/Method`.
extension Router {
  /// The route of a path of two segments; nil: there is no such service or method.
  func matchCall() -> Route? {
    if isSegment(0, "inference.GRPCInferenceService") {
      return matchInferenceCall().map { Route($0) }
    }
    if isSegment(0, "grpc.health.v1.Health"), isSegment(1, "Check") {
      return Route(.callHealthCheck)
    }
    return nil
  }

  /// The method of `inference.GRPCInferenceService` (open_inference_grpc.proto, and what Triton's
  /// grpc_service.proto adds), the most frequent one first.
  private func matchInferenceCall() -> Endpoint? {
    if isSegment(1, "ModelInfer") { return .callModelInfer }
    if isSegment(1, "ServerLive") { return .callServerLive }
    if isSegment(1, "ServerReady") { return .callServerReady }
    if isSegment(1, "ModelReady") { return .callModelReady }
    if isSegment(1, "ServerMetadata") { return .callServerMetadata }
    if isSegment(1, "ModelMetadata") { return .callModelMetadata }
    if isSegment(1, "ModelConfig") { return .callModelConfig }
    if isSegment(1, "ModelStatistics") { return .callModelStatistics }
    if isSegment(1, "RepositoryIndex") { return .callRepositoryIndex }
    if isSegment(1, "RepositoryModelLoad") { return .callRepositoryLoad }
    if isSegment(1, "RepositoryModelUnload") { return .callRepositoryUnload }
    return nil
  }
}
