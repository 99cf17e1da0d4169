import Embeddings
import Kernels
import SystemIO

extension TrainedFeature {
  /// The vectors of some samples.
  ///
  /// - Parameters:
  ///   - ids: of the whole batch, each in 0 ..< cardinality.
  ///   - offsets: of the whole batch's bags; empty: one id per sample.
  ///   - vectors: this feature's columns.
  func forward(
    _ ids: Span<Int64>, offsets: Span<Int32>, samples: Range<Int>, scratch: FeatureScratch,
    into vectors: Matrix, kernels: TrainingKernels
  ) {
    guard !samples.isEmpty else { return }
    var output = vectors.mutableFloats(samples)
    guard !offsets.isEmpty else {
      compose(
        ids.extracting(samples), scratch: scratch, into: &output, stride: vectors.stride,
        kernels: kernels)
      return
    }
    let first = Int(offsets[samples.lowerBound])
    let end = Int(offsets[samples.upperBound])
    scratch.bagOffsets.removeAll(keepingCapacity: true)
    for sample in samples.lowerBound...samples.upperBound {
      scratch.bagOffsets.append(Int(offsets[sample]) - first)
    }
    FeatureScratch.size(&scratch.vectors, (end - first) * vectorWidth)
    var composed: [Float] = []
    swap(&composed, &scratch.vectors)
    var span = composed.mutableSpan
    compose(
      ids.extracting(first..<end), scratch: scratch, into: &span, stride: vectorWidth,
      kernels: kernels)
    scratch.count(to: end - first)
    let rows = RowKernels.best
    let (bagOffsets, counting) = (scratch.bagOffsets, scratch.counting)
    let bags = RowBags(offsets: bagOffsets.span)
    rows.pool(
      RowTable(composed.span, width: vectorWidth),
      rows: counting.span.extracting(0..<end - first), bags: bags, into: &output,
      stride: vectors.stride)
    if specification.pooling == .mean {
      rows.divideByCounts(bags, width: vectorWidth, &output, stride: vectors.stride)
    }
    swap(&composed, &scratch.vectors)
  }

  /// The row of each id in each partition's table, into the scratch.
  func findRows(_ ids: Span<Int64>, scratch: FeatureScratch) {
    while scratch.rows.count < partitions.count { scratch.rows.append([]) }
    for (position, partition) in partitions.enumerated() {
      FeatureScratch.size(&scratch.rows[position], ids.count)
      var rows: [Int64] = []
      swap(&rows, &scratch.rows[position])
      var span = rows.mutableSpan
      partition.rule.buckets(of: ids, by: .best, into: &span)
      swap(&rows, &scratch.rows[position])
    }
  }

  /// The composed vector of each id.
  ///
  /// - Parameter output: vectors `stride` floats apart.
  private func compose(
    _ ids: Span<Int64>, scratch: FeatureScratch, into output: inout MutableSpan<Float>,
    stride: Int, kernels: TrainingKernels
  ) {
    guard !ids.isEmpty else { return }
    findRows(ids, scratch: scratch)
    switch specification.composition {
    case .single, .concatenate, .separate:
      for position in partitions.indices {
        gather(
          position, scratch: scratch, into: &output, column: partitions[position].column,
          stride: stride)
      }
    case .multiply, .add:
      gather(0, scratch: scratch, into: &output, column: 0, stride: stride)
      let operation: RowOperation = specification.composition == .multiply ? .multiply : .add
      for position in 1..<max(1, partitions.count) {
        apply(operation, position, scratch: scratch, to: &output, stride: stride)
      }
    case .path:
      followPath(ids.count, scratch: scratch, keepsInputs: false, kernels: kernels)
      let width = specification.dimension
      let places = [StridedVector(offset: 0, stride: width)]
      let vectors = scratch.factors[0]
      copyVectors(
        memory: vectors.span, vectors: places.span, width: width, rowCount: ids.count,
        into: &output, outputOffset: 0, outputStride: stride)
    }
  }

  /// A partition's row of each id.
  func gather(
    _ position: Int, scratch: FeatureScratch, into output: inout MutableSpan<Float>, column: Int,
    stride: Int
  ) {
    guard case .table(let table) = partitions[position].source else { return }
    let (rows, values) = (scratch.rows[position], table.values)
    RowKernels.best.gather(
      RowTable(values.floats, width: partitions[position].width), rows: rows.span,
      into: &output, column: column, stride: stride)
  }

  func apply(
    _ operation: RowOperation, _ position: Int, scratch: FeatureScratch,
    to output: inout MutableSpan<Float>, stride: Int
  ) {
    guard case .table(let table) = partitions[position].source else { return }
    let (rows, values) = (scratch.rows[position], table.values)
    RowKernels.best.apply(
      operation, RowTable(values.floats, width: partitions[position].width),
      rows: rows.span, to: &output, stride: stride)
  }

  /// Sends each id's first row through its MLPs. `scratch.factors[0]` holds the vectors at the end;
  /// with `keepsInputs`, `scratch.factors[p]` what the MLPs of partition p were applied to.
  func followPath(
    _ count: Int, scratch: FeatureScratch, keepsInputs: Bool, kernels: TrainingKernels
  ) {
    let width = specification.dimension
    while scratch.factors.count < partitions.count { scratch.factors.append([]) }
    FeatureScratch.size(&scratch.factors[0], count * width)
    var vectors: [Float] = []
    swap(&vectors, &scratch.factors[0])
    var span = vectors.mutableSpan
    gather(0, scratch: scratch, into: &span, column: 0, stride: width)
    for position in 1..<partitions.count {
      guard case .path(let path) = partitions[position].source else { continue }
      if keepsInputs {
        scratch.factors[position].removeAll(keepingCapacity: true)
        scratch.factors[position].append(contentsOf: vectors)
      }
      let rows = scratch.rows[position]
      var small = [Float](repeating: 0, count: 2 * path.hidden)
      var smallSpan = small.mutableSpan
      var span = vectors.mutableSpan
      let values = path.values
      kernels.pathForward(
        values.weights(width: width), buckets: rows.span, scratch: &smallSpan, vectors: &span)
    }
    swap(&vectors, &scratch.factors[0])
  }
}
