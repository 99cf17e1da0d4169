import Kernels
import Synchronization
import SystemIO

/// Threads that train one network: the samples of a batch are divided among them on the way forward
/// and back, the parameters when they move. Who does what changes no number.
final class TrainingTeam: Sendable {
  let network: TrainedNetwork
  private let threads: ThreadTeam
  private let scratches: [FeatureScratch]
  private let works: [Work]

  /// A part of the parameters that is moved in one piece.
  private enum Work: Sendable {
    case layer(TrainedLayer, input: Matrix, delta: Matrix, panel: Int)
    case cross(CrossStack, Int)
    case feature(Int)
  }

  init(_ network: TrainedNetwork, threadCount: Int) throws(TrainingError) {
    self.network = network
    do {
      threads = try ThreadTeam(count: threadCount, name: "train")
    } catch {
      throw TrainingError("\(error)")
    }
    scratches = (0..<threadCount).map { _ in FeatureScratch() }
    works = Self.works(of: network)
  }

  /// The largest first, so that the last ones to finish are small.
  private static func works(of network: TrainedNetwork) -> [Work] {
    var works: [(cost: Int, work: Work)] = []
    for stack in network.stacks {
      for (index, trained) in stack.layers.enumerated() {
        for panel in 0..<trained.layer.panelCount {
          works.append(
            (
              trained.layer.floats(ofPanel: panel).count,
              .layer(
                trained, input: stack.input(ofLayer: index), delta: stack.deltas[index],
                panel: panel)
            ))
        }
      }
    }
    if case .dcn(let dcn) = network.body {
      for index in dcn.cross.layers.indices {
        works.append((2 * network.vectors.width, .cross(dcn.cross, index)))
      }
    }
    for (index, feature) in network.features.enumerated() {
      let floats = feature.partitions.reduce(0) { sum, partition in
        guard case .path(let path) = partition.source else { return sum + partition.width }
        return sum + 4 * path.hidden * partition.width
      }
      works.append((50 * floats, .feature(index)))
    }
    return works.sorted { $0.cost > $1.cost }.map(\.work)
  }

  /// The losses and logits of a batch; nothing is learnt from it.
  func evaluate(_ batch: CurrentBatch) {
    let count = batch.minibatch.count
    threads.run { [self] member in
      network.forward(part(member, of: count), of: batch, scratch: scratches[member])
    }
  }

  /// One step: the losses and logits of a batch, then the move of all parameters.
  func step(_ batch: CurrentBatch, update: ParameterUpdate) {
    findGradients(batch)
    move(batch, by: update)
  }

  func findGradients(_ batch: CurrentBatch) {
    let count = batch.minibatch.count
    precondition(count <= network.batchCapacity, "a batch is no larger than was said")
    threads.run { [self] member in
      let rows = part(member, of: count)
      guard !rows.isEmpty else { return }
      network.forward(rows, of: batch, scratch: scratches[member])
      network.backward(rows, scratch: scratches[member])
    }
  }

  private func move(_ batch: CurrentBatch, by update: ParameterUpdate) {
    let count = batch.minibatch.count
    let next = NextWork()
    threads.run { [self] member in
      while let position = next.take(below: works.count) {
        run(works[position], batch, count, scratches[member], update)
      }
    }
  }

  private func run(
    _ work: Work, _ batch: CurrentBatch, _ count: Int, _ scratch: FeatureScratch,
    _ update: ParameterUpdate
  ) {
    let kernels = network.kernels
    switch work {
    case .layer(let trained, let input, let delta, let panel):
      var floats = scratch.takeBlock(PackedLayer.gradientScratchCount)
      var span = floats.mutableSpan
      trained.findGradient(
        panel: panel, input: input, delta: delta, rowCount: count, scratch: &span,
        kernels: kernels)
      scratch.putBack(&floats)
      trained.update(panel: panel, by: update, kernels: kernels)
    case .cross(let cross, let index):
      cross.update(index, rowCount: count, by: update, kernels: kernels)
    case .feature(let index):
      let ids = batch.minibatch.ids[index]
      let offsets = batch.minibatch.offsets[index]
      network.features[index].update(
        ids.span, offsets: offsets.span,
        gradients: network.columns(of: index, in: network.vectorDeltas), sampleCount: count,
        scratch: scratch, by: update, kernels: kernels)
    }
  }

  /// Consecutive samples for each member.
  private func part(_ member: Int, of count: Int) -> Range<Int> {
    let (share, rest) = count.quotientAndRemainder(dividingBy: threads.count)
    let start = member * share + min(member, rest)
    return start..<start + share + (member < rest ? 1 : 0)
  }

  /// Which piece of work is done next.
  private final class NextWork: Sendable {
    private let position = Atomic<Int>(0)

    func take(below count: Int) -> Int? {
      let taken = position.add(1, ordering: .relaxed).oldValue
      return taken < count ? taken : nil
    }
  }
}
