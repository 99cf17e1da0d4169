package import HTTPCore

/// The routes of the server. The raw value is the endpoint's position in metrics.
package enum Endpoint: Int, Sendable, CaseIterable {
  case index, livez, readyz, metrics, openAPI, stats, models, modelStatus, modelMetadata
  case vectors, explain, lookup, score, predict
  case serverMetadata, serverLive, serverReady, inferenceStatistics
  case inferenceMetadata, inferenceReady, inferenceConfiguration, modelInferenceStatistics, infer
  case repositoryIndex, repositoryLoad, repositoryUnload
  case callServerLive, callServerReady, callModelReady, callServerMetadata, callModelMetadata
  case callModelConfig, callModelStatistics, callModelInfer
  case callRepositoryIndex, callRepositoryLoad, callRepositoryUnload, callHealthCheck
  /// No route; also `OPTIONS *` and requests that cannot be read.
  case unmatched

  /// The route's template: the label `endpoint`. `/versions/{version}` may follow every model.
  package var template: String {
    switch self {
    case .index: "/"
    case .livez: "/livez"
    case .readyz: "/readyz"
    case .metrics: "/metrics"
    case .openAPI: "/openapi.yaml"
    case .stats: "/v1/stats"
    case .models: "/v1/models"
    case .modelStatus: "/v1/models/{model}"
    case .modelMetadata: "/v1/models/{model}/metadata"
    case .vectors: "/v1/models/{model}/features/{feature}/vectors"
    case .explain: "/v1/models/{model}/features/{feature}/explain"
    case .lookup: "/v1/models/{model}:lookup"
    case .score: "/v1/models/{model}:score"
    case .predict: "/v1/models/{model}:predict"
    case .serverMetadata: "/v2"
    case .serverLive: "/v2/health/live"
    case .serverReady: "/v2/health/ready"
    case .inferenceStatistics: "/v2/models/stats"
    case .inferenceMetadata: "/v2/models/{model}"
    case .inferenceReady: "/v2/models/{model}/ready"
    case .inferenceConfiguration: "/v2/models/{model}/config"
    case .modelInferenceStatistics: "/v2/models/{model}/stats"
    case .infer: "/v2/models/{model}/infer"
    case .repositoryIndex: "/v2/repository/index"
    case .repositoryLoad: "/v2/repository/models/{model}/load"
    case .repositoryUnload: "/v2/repository/models/{model}/unload"
    case .callServerLive: "/inference.GRPCInferenceService/ServerLive"
    case .callServerReady: "/inference.GRPCInferenceService/ServerReady"
    case .callModelReady: "/inference.GRPCInferenceService/ModelReady"
    case .callServerMetadata: "/inference.GRPCInferenceService/ServerMetadata"
    case .callModelMetadata: "/inference.GRPCInferenceService/ModelMetadata"
    case .callModelConfig: "/inference.GRPCInferenceService/ModelConfig"
    case .callModelStatistics: "/inference.GRPCInferenceService/ModelStatistics"
    case .callModelInfer: "/inference.GRPCInferenceService/ModelInfer"
    case .callRepositoryIndex: "/inference.GRPCInferenceService/RepositoryIndex"
    case .callRepositoryLoad: "/inference.GRPCInferenceService/RepositoryModelLoad"
    case .callRepositoryUnload: "/inference.GRPCInferenceService/RepositoryModelUnload"
    case .callHealthCheck: "/grpc.health.v1.Health/Check"
    case .unmatched: "other"
    }
  }

  /// True for methods of gRPC services: `POST` over HTTP/2 alone, see ``GRPCCall``.
  package var isCall: Bool {
    rawValue >= Self.callServerLive.rawValue && rawValue <= Self.callHealthCheck.rawValue
  }

  /// Where in the template `/versions/{version}` may be put.
  package var versionedTemplate: String? {
    switch self {
    case .modelStatus: "/v1/models/{model}/versions/{version}"
    case .modelMetadata: "/v1/models/{model}/versions/{version}/metadata"
    case .vectors: "/v1/models/{model}/versions/{version}/features/{feature}/vectors"
    case .explain: "/v1/models/{model}/versions/{version}/features/{feature}/explain"
    case .lookup: "/v1/models/{model}/versions/{version}:lookup"
    case .score: "/v1/models/{model}/versions/{version}:score"
    case .predict: "/v1/models/{model}/versions/{version}:predict"
    case .inferenceMetadata: "/v2/models/{model}/versions/{version}"
    case .inferenceReady: "/v2/models/{model}/versions/{version}/ready"
    case .inferenceConfiguration: "/v2/models/{model}/versions/{version}/config"
    case .modelInferenceStatistics: "/v2/models/{model}/versions/{version}/stats"
    case .infer: "/v2/models/{model}/versions/{version}/infer"
    default: nil
    }
  }

  /// True if the stages of its requests are measured.
  package var isStaged: Bool {
    switch self {
    case .vectors, .explain, .lookup, .score, .predict, .infer, .callModelInfer: true
    default: false
    }
  }

  /// The value of `Allow`.
  package var allowedMethods: StaticString {
    switch self {
    case _ where isPosted: "POST, OPTIONS"
    case .unmatched: "GET, HEAD, POST, OPTIONS"
    default: "GET, HEAD, OPTIONS"
    }
  }

  /// True for what is asked by a body.
  private var isPosted: Bool {
    switch self {
    case .lookup, .score, .predict, .infer, .repositoryIndex, .repositoryLoad, .repositoryUnload:
      true
    default: isCall
    }
  }

  package func allows(_ method: HTTPMethod) -> Bool {
    switch method {
    case .options: true
    case .post: isPosted
    case .get, .head: !isPosted
    default: false
    }
  }
}

extension HTTPMethod {
  /// The label `method`, and the word in the log.
  package var name: String {
    switch self {
    case .get: "GET"
    case .head: "HEAD"
    case .post: "POST"
    case .put: "PUT"
    case .delete: "DELETE"
    case .options: "OPTIONS"
    case .patch: "PATCH"
    case .trace: "TRACE"
    case .connect: "CONNECT"
    case .other: "other"
    }
  }
}
