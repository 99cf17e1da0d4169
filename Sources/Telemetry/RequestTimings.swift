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
  private var nanoseconds: InlineArray<5, Int> = .init(repeating: 0)

  package init() {}

  package subscript(stage: RequestStage) -> Int {
    get { nanoseconds[stage.rawValue] }
    set { nanoseconds[stage.rawValue] = newValue }
  }
}
