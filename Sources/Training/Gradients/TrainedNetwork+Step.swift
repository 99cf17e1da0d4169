import Kernels
import SystemIO

extension TrainedNetwork {
  /// Computes the logits and losses of some samples of the batch.
  func forward(_ rows: Range<Int>, of batch: CurrentBatch, scratch: FeatureScratch) {
    fillDense(rows, batch, scratch)
    let first = scratch.member.firstPart(of: features.count)
    for turn in features.indices {
      let index = (first + turn) % features.count
      let feature = features[index]
      let ids = batch.minibatch.ids[index]
      let offsets = batch.minibatch.offsets[index]
      feature.forward(
        ids.span, offsets: offsets.span, samples: rows, scratch: scratch,
        into: columns(of: index, in: vectors), kernels: kernels)
    }
    let vectors = vectors
    switch body {
    case .dlrm(let dlrm):
      dlrm.bottom.forward(
        rows, by: scratch.member, before: dlrm.top.layers.first, kernels: kernels)
      if !areFinite(vectors.floats(rows)) { scratch.finiteness.vectors = false }
      interact(dlrm, rows, scratch)
      dlrm.top.forward(rows, by: scratch.member, kernels: kernels)
    case .dcn(let dcn):
      if !areFinite(vectors.floats(rows)) { scratch.finiteness.vectors = false }
      dcn.cross.forward(rows, kernels: kernels)
      dcn.deep.forward(rows, by: scratch.member, kernels: kernels)
      dcn.output.forward(rows, by: scratch.member, kernels: kernels)
    }
    findLosses(rows, batch)
  }

  /// Computes the gradients of some samples, from their logits' to their vectors'.
  func backward(_ rows: Range<Int>, scratch: FeatureScratch) {
    switch body {
    case .dlrm(let dlrm):
      dlrm.top.backward(rows, scratch: scratch, kernels: kernels)
      interactBackward(dlrm, rows, scratch)
      dlrm.bottom.backward(rows, scratch: scratch, kernels: kernels)
    case .dcn(let dcn):
      dcn.output.backward(rows, scratch: scratch, kernels: kernels)
      dcn.deep.backward(rows, scratch: scratch, kernels: kernels)
      dcn.cross.backward(rows, inputDelta: vectorDeltas, kernels: kernels)
    }
  }

  func columns(of feature: Int, in matrix: Matrix) -> Matrix {
    let start = columns[feature]
    return matrix.columns(start..<start + features[feature].vectorWidth)
  }

  private func fillDense(_ rows: Range<Int>, _ batch: CurrentBatch, _ scratch: FeatureScratch) {
    let input = denseInput
    let width = input.width
    guard width > 0 else { return }
    let dense = batch.minibatch.dense
    let places = [StridedVector(offset: 0, stride: width)]
    let values = dense.span.extracting(rows.lowerBound * width..<rows.upperBound * width)
    if !areFinite(values) { scratch.finiteness.dense = false }
    var output = input.mutableFloats(rows)
    copyVectors(
      memory: values,
      vectors: places.span, width: width, rowCount: rows.count, into: &output, outputOffset: 0,
      outputStride: input.stride)
  }

  /// The loss is the batch's mean: each sample's derivative is divided by the batch's size.
  private func findLosses(_ rows: Range<Int>, _ batch: CurrentBatch) {
    let (logitPlaces, logitDeltas, losses) = (logits, logitDeltas, losses)
    let labels = batch.minibatch.labels
    let logits = logitPlaces.floats(rows)
    var deltas = logitDeltas.mutableFloats(rows)
    var output = losses.mutableFloats(rows)
    let scale = 1 / Double(labels.count)
    for (i, row) in rows.enumerated() {
      // By arithmetic alone: a model is the same on every machine.
      let (logit, label) = (Double(logits[i]), Double(labels[row]))
      guard logit.isFinite else {
        (deltas[i], output[i]) = (.nan, .nan)
        continue
      }
      deltas[i] = Float(scale * (ElementaryFunctions.sigmoid(logit) - label))
      output[i] = Float(ElementaryFunctions.softplus(logit) - logit * label)
    }
  }

  private func interact(_ dlrm: DLRMBody, _ rows: Range<Int>, _ scratch: FeatureScratch) {
    guard let dot = dlrm.dot else { return }
    let (vectors, joined) = (vectors, dlrm.joined)
    var floats = scratch.takeBlock(
      dotInteractionScratchCount(vectorCount: dot.vectorCount, dimension: dot.dimension))
    var span = floats.mutableSpan
    var output = joined.mutableFloats(rows)
    copyVectors(
      memory: vectors.floats(rows), vectors: dot.places.span.extracting(0..<1),
      width: dot.dimension, rowCount: rows.count, into: &output, outputOffset: 0,
      outputStride: joined.stride)
    dotInteraction(
      memory: vectors.floats(rows), vectors: dot.places.span, dimension: dot.dimension,
      withItself: dot.withItself, rowCount: rows.count, into: &output,
      outputOffset: dot.dimension, outputStride: joined.stride, scratch: &span,
      kernels: kernels.dense)
    scratch.putBack(&floats)
  }

  private func interactBackward(
    _ dlrm: DLRMBody, _ rows: Range<Int>, _ scratch: FeatureScratch
  ) {
    guard let dot = dlrm.dot else { return }
    let (vectors, vectorDeltas) = (vectors, vectorDeltas)
    let joined = dlrm.joinedDeltas
    let products = joined.columns(dot.dimension..<joined.width)
    var floats = scratch.takeBlock(dot.vectorCount * dot.vectorCount)
    var span = floats.mutableSpan
    var output = vectorDeltas.mutableFloats(rows)
    kernels.interactionBackward(
      vectors: vectors.floats(rows), vectorsStride: vectors.stride, vectorCount: dot.vectorCount,
      dimension: dot.dimension, withItself: dot.withItself, products: products.floats(rows),
      productsStride: products.stride, rowCount: rows.count, scratch: &span, into: &output,
      outputStride: vectorDeltas.stride)
    scratch.putBack(&floats)
    // The dense vector enters the top MLP itself, too.
    let (direct, dense) = (
      joined.columns(0..<dot.dimension), vectorDeltas.columns(0..<dot.dimension)
    )
    for row in rows {
      var target = dense.mutableFloats(row..<row + 1)
      RowKernels.best.combine(.add, direct.floats(row..<row + 1), into: &target)
    }
  }
}

/// The batch that a team's threads work on.
// SAFETY: filled by one thread while no other works on it, and read only while they do.
final class CurrentBatch: @unchecked Sendable {
  var minibatch: Minibatch

  init(categoricalFeatureCount: Int) {
    minibatch = Minibatch(categoricalFeatureCount: categoricalFeatureCount)
  }
}
