package import HTTPCore

/// The routes of the server. The raw value is the endpoint's position in metrics.
package enum Endpoint: Int, Sendable, CaseIterable {
  case index, livez, readyz, metrics, openAPI, stats, models, modelStatus, modelMetadata
  case vectors, explain, lookup, score, predict
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
    case .unmatched: "other"
    }
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
    default: nil
    }
  }

  /// True if the stages of its requests are measured.
  package var isStaged: Bool {
    switch self {
    case .vectors, .explain, .lookup, .score, .predict: true
    default: false
    }
  }

  /// The value of `Allow`.
  package var allowedMethods: StaticString {
    switch self {
    case .lookup, .score, .predict: "POST, OPTIONS"
    case .unmatched: "GET, HEAD, POST, OPTIONS"
    default: "GET, HEAD, OPTIONS"
    }
  }

  /// True for what is asked by a body.
  private var isPosted: Bool { self == .lookup || self == .score || self == .predict }

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
