import Embeddings
import Kernels
import SystemIO

extension TrainedFeature {
  /// The gradients of a whole batch's rows, and the move of those rows.
  ///
  /// - Parameters:
  ///   - ids, offsets: as for the way forward.
  ///   - gradients: of this feature's vectors: its columns.
  func update(
    _ ids: Span<Int64>, offsets: Span<Int32>, gradients: Matrix, sampleCount: Int,
    scratch: FeatureScratch, by update: ParameterUpdate, kernels: TrainingKernels
  ) {
    guard !ids.isEmpty || movesAllRows else { return }
    findRows(ids, scratch: scratch)
    findBags(offsets, scratch: scratch)
    switch specification.composition {
    case .multiply where partitions.count > 1:
      findFactors(ids.count, scratch: scratch)
      for position in partitions.indices {
        updateTable(
          position, gradients: gradients.floats(0..<sampleCount), gradients.placement,
          hasFactors: true, scratch: scratch, by: update, kernels: kernels)
      }
    case .path:
      updatePath(
        ids.count, gradients: gradients, sampleCount: sampleCount, scratch: scratch, by: update,
        kernels: kernels)
    case .single, .multiply, .add, .concatenate, .separate:
      for position in partitions.indices {
        let partition = partitions[position]
        let part = gradients.columns(partition.column..<partition.column + partition.width)
        updateTable(
          position, gradients: part.floats(0..<sampleCount), part.placement, hasFactors: false,
          scratch: scratch, by: update, kernels: kernels)
      }
    }
  }

  /// Of each id its sample, and 1 / size of each sample's bag for means.
  private func findBags(_ offsets: Span<Int32>, scratch: FeatureScratch) {
    scratch.bags.removeAll(keepingCapacity: true)
    scratch.scales.removeAll(keepingCapacity: true)
    for sample in 0..<max(0, offsets.count - 1) {
      let size = Int(offsets[sample + 1] - offsets[sample])
      scratch.bags.append(contentsOf: repeatElement(UInt32(sample), count: size))
      if specification.pooling == .mean { scratch.scales.append(1 / Float(max(size, 1))) }
    }
  }

  /// Of each partition the product of the other partitions' rows, before any of them moves.
  private func findFactors(_ count: Int, scratch: FeatureScratch) {
    let width = specification.dimension
    while scratch.factors.count < partitions.count { scratch.factors.append([]) }
    for position in partitions.indices {
      FeatureScratch.size(&scratch.factors[position], count * width)
      var product: [Float] = []
      swap(&product, &scratch.factors[position])
      var span = product.mutableSpan
      var isFirst = true
      for other in partitions.indices where other != position {
        if isFirst {
          gather(other, scratch: scratch, into: &span, column: 0, stride: width)
        } else {
          apply(.multiply, other, scratch: scratch, to: &span, stride: width)
        }
        isFirst = false
      }
      swap(&product, &scratch.factors[position])
    }
  }

  /// Sums what the batch's ids say of each row, and moves the rows.
  private func updateTable(
    _ position: Int, gradients: Span<Float>, _ place: RowPlacement, hasFactors: Bool,
    scratch: FeatureScratch, by update: ParameterUpdate, kernels: TrainingKernels
  ) {
    guard case .table(let table) = partitions[position].source else { return }
    let width = partitions[position].width
    let rows = scratch.rows[position]
    let factors = hasFactors ? scratch.factors[position] : []
    let (bags, scales) = (scratch.bags, scratch.scales)
    var distinct = DistinctRows()
    swap(&distinct, &scratch.distinct)
    distinct.find(in: rows.span)
    zeroSums(distinct.rows.count * width, scratch)
    let upstream = UpstreamGradient(
      vectors: gradients, stride: place.stride, bags: bags.span, scales: scales.span)
    var sums: [Float] = []
    swap(&sums, &scratch.sums)
    var span = sums.mutableSpan
    kernels.scatterAdd(
      upstream, factors: factors.span, slots: distinct.slots.span, width: width, into: &span)
    table.updateRows(distinct.rows.span, gradient: sums.span, by: update, kernels: kernels)
    swap(&sums, &scratch.sums)
    swap(&distinct, &scratch.distinct)
  }

  private func zeroSums(_ count: Int, _ scratch: FeatureScratch) {
    scratch.sums.removeAll(keepingCapacity: true)
    scratch.sums.append(contentsOf: repeatElement(0, count: count))
  }

  /// From the vectors back through the MLPs, last partition first, to the first table's rows.
  private func updatePath(
    _ count: Int, gradients: Matrix, sampleCount: Int, scratch: FeatureScratch,
    by update: ParameterUpdate, kernels: TrainingKernels
  ) {
    let width = specification.dimension
    followPath(count, scratch: scratch, keepsInputs: true, kernels: kernels)
    var delta = idGradients(
      count, gradients: gradients, sampleCount: sampleCount, scratch: scratch, kernels: kernels)
    for position in partitions.indices.dropFirst().reversed() {
      guard case .path(let path) = partitions[position].source else { continue }
      passBack(
        through: path, position, &delta, scratch: scratch, by: update, kernels: kernels)
    }
    // The gradients of the first table's rows are now those of single ids.
    let place = RowPlacement(stride: width, width: width)
    scratch.bags.removeAll(keepingCapacity: true)
    scratch.scales.removeAll(keepingCapacity: true)
    updateTable(
      0, gradients: delta.span, place, hasFactors: false, scratch: scratch, by: update,
      kernels: kernels)
    swap(&delta, &scratch.vectors)
  }

  /// The gradients of one partition's MLPs and of what they were applied to; moves the MLPs.
  private func passBack(
    through path: PathParameters, _ position: Int, _ delta: inout [Float],
    scratch: FeatureScratch, by update: ParameterUpdate, kernels: TrainingKernels
  ) {
    let width = specification.dimension
    let (rows, inputs) = (scratch.rows[position], scratch.factors[position])
    var distinct = DistinctRows()
    swap(&distinct, &scratch.distinct)
    distinct.find(in: rows.span)
    var sums = PathGradientSums()
    swap(&sums, &scratch.pathSums)
    sums.reset(slotCount: distinct.rows.count, width: width, hidden: path.hidden)
    var small = [Float](repeating: 0, count: 2 * path.hidden)
    var smallSpan = small.mutableSpan
    var span = delta.mutableSpan
    let values = path.values
    kernels.pathBackward(
      values.weights(width: width), buckets: rows.span, slots: distinct.slots.span,
      inputs: inputs.span, scratch: &smallSpan, delta: &span, sums: &sums)
    for (parameters, range) in [
      (path.hiddenWeight, sums.hiddenWeight), (path.hiddenBias, sums.hiddenBias),
      (path.outputWeight, sums.outputWeight), (path.outputBias, sums.outputBias),
    ] {
      parameters.updateRows(
        distinct.rows.span, gradient: sums.floats.span.extracting(range), by: update,
        kernels: kernels)
    }
    swap(&sums, &scratch.pathSums)
    swap(&distinct, &scratch.distinct)
  }

  /// The gradient of each id's vector, [count, width], in memory that the scratch lends.
  private func idGradients(
    _ count: Int, gradients: Matrix, sampleCount: Int, scratch: FeatureScratch,
    kernels: TrainingKernels
  ) -> [Float] {
    let width = specification.dimension
    var delta: [Float] = []
    swap(&delta, &scratch.vectors)
    delta.removeAll(keepingCapacity: true)
    delta.append(contentsOf: repeatElement(0, count: count * width))
    scratch.count(to: count)
    let (bags, scales, slots) = (scratch.bags, scratch.scales, scratch.slots)
    let upstream = UpstreamGradient(
      vectors: gradients.floats(0..<sampleCount), stride: gradients.stride, bags: bags.span,
      scales: scales.span)
    let noFactors: [Float] = []
    var span = delta.mutableSpan
    kernels.scatterAdd(
      upstream, factors: noFactors.span, slots: slots.span.extracting(0..<count), width: width,
      into: &span)
    return delta
  }
}
