/// The parts of a request's time that are measured: `stage` in metrics and `Server-Timing`.
package enum RequestStage: Int, Sendable, CaseIterable {
  /// Body bytes to ids, offsets, weights.
  case parse
  /// From the last byte read to the start of the work.
  case queue
  /// Ids to vectors: rows read, composed, pooled.
  case gather
  /// Dense layers of a score.
  case compute
  /// Vectors to the answer's bytes.
  case serialise

  package var name: StaticString {
    switch self {
    case .parse: "parse"
    case .queue: "queue"
    case .gather: "gather"
    case .compute: "compute"
    case .serialise: "serialise"
    }
  }
}

/// Nanoseconds that one request spent in each stage.
package struct RequestTimings: Sendable {
  package var parse = 0
  package var queue = 0
  package var gather = 0
  package var compute = 0
  package var serialise = 0

  package init() {}

  package subscript(stage: RequestStage) -> Int {
    get {
      switch stage {
      case .parse: parse
      case .queue: queue
      case .gather: gather
      case .compute: compute
      case .serialise: serialise
      }
    }
    set {
      switch stage {
      case .parse: parse = newValue
      case .queue: queue = newValue
      case .gather: gather = newValue
      case .compute: compute = newValue
      case .serialise: serialise = newValue
      }
    }
  }
}
