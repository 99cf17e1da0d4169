import Embeddings
import Testing

extension FeatureTable {
  func vectors(
    _ ids: [Int], missing: MissingPolicy = .error
  ) throws(LookupError) -> [[Float]] {
    var scratch = LookupScratch()
    return try vectors(ids, missing: missing, scratch: &scratch)
  }

  func vectors(
    _ ids: [Int], missing: MissingPolicy = .error, scratch: inout LookupScratch
  ) throws(LookupError) -> [[Float]] {
    let width = specification.vectorWidth
    var floats = [Float](repeating: .nan, count: ids.count * width)
    var span = floats.mutableSpan
    let numbers = ids.map(Int64.init)
    try vectors(of: numbers.span, missing: missing, scratch: &scratch, into: &span)
    return (0..<ids.count).map { Array(floats[$0 * width..<($0 + 1) * width]) }
  }

  func pooled(
    _ bags: [[Int]], weights: [[Float]]? = nil, pooling: Pooling = .sum,
    missing: MissingPolicy = .error
  ) throws(LookupError) -> [[Float]] {
    var scratch = LookupScratch()
    return try pooled(
      bags, weights: weights, pooling: pooling, missing: missing, scratch: &scratch)
  }

  func pooled(
    _ bags: [[Int]], weights: [[Float]]? = nil, pooling: Pooling = .sum,
    missing: MissingPolicy = .error, scratch: inout LookupScratch
  ) throws(LookupError) -> [[Float]] {
    let width = specification.vectorWidth
    let ids = bags.flatMap { $0.map(Int64.init) }
    let offsets = bags.reduce(into: [0]) { $0.append($0.last! + $1.count) }
    var floats = [Float](repeating: .nan, count: bags.count * width)
    var span = floats.mutableSpan
    if let flat = weights.map({ $0.flatMap { $0 } }) {
      try pooledVectors(
        of: ids.span, offsets: offsets.span, weights: flat.span, pooling: pooling,
        missing: missing, scratch: &scratch, into: &span)
    } else {
      try pooledVectors(
        of: ids.span, offsets: offsets.span, weights: nil, pooling: pooling, missing: missing,
        scratch: &scratch, into: &span)
    }
    return (0..<bags.count).map { Array(floats[$0 * width..<($0 + 1) * width]) }
  }
}

/// Expects float32 vectors within rounding of exact ones.
func expectClose(
  _ found: [[Float]], _ expected: [[Double]], relative: Double = 2e-6, absolute: Double = 2e-6,
  _ comment: @autoclosure () -> String = "", sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(found.count == expected.count, "\(comment())", sourceLocation: sourceLocation)
  for (i, (vector, wanted)) in zip(found, expected).enumerated() {
    let isClose =
      vector.count == wanted.count
      && zip(vector, wanted).allSatisfy { abs(Double($0) - $1) <= absolute + relative * abs($1) }
    if !isClose {
      Issue.record(
        "vector \(i): \(vector) instead of \(wanted) \(comment())", sourceLocation: sourceLocation)
      return
    }
  }
}
