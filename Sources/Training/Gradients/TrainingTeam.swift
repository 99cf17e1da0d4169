import Kernels
import Synchronization
import SystemIO

/// Threads that train one network: the samples of a batch are divided among them on the way forward
/// and back, the parameters when they move. Who does what changes no number.
final class TrainingTeam: Sendable {
  let network: TrainedNetwork
  private let threads: ThreadTeam
  private let scratches: [FeatureScratch]
  /// Of each member what it moves first: the same parameters in every step, which its core's cache
  /// still holds. Then it takes what others have not begun.
  private let queues: [WorkQueue]

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
    scratches = (0..<threadCount).map { number in
      FeatureScratch(TeamMember(number: number, count: threadCount))
    }
    queues = Self.queues(Self.works(of: network), memberCount: threadCount)
  }

  /// Works of a member, the large ones first, so that the last ones to finish are small.
  private final class WorkQueue: Sendable {
    let works: [Work]
    private let position = Atomic<Int>(0)

    init(_ works: [Work]) { self.works = works }

    func restart() { position.store(0, ordering: .relaxed) }

    func next() -> Work? {
      let taken = position.add(1, ordering: .relaxed).oldValue
      return taken < works.count ? works[taken] : nil
    }
  }

  /// Each work goes to the member that has least to do so far. With the large ones each member
  /// begins elsewhere: what two cores ask for at once takes longest.
  private static func queues(
    _ works: [(cost: Int, work: Work)], memberCount: Int
  ) -> [WorkQueue] {
    var lists = [[(cost: Int, work: Work)]](repeating: [], count: memberCount)
    var costs = [Int](repeating: 0, count: memberCount)
    for (cost, work) in works.sorted(by: { $0.cost > $1.cost }) {
      let member = costs.indices.min { costs[$0] < costs[$1] } ?? 0
      lists[member].append((cost, work))
      costs[member] += cost
    }
    let most = works.map(\.cost).max() ?? 0
    return lists.enumerated().map { number, list in
      let largeCount = list.prefix { $0.cost * 2 > most }.count
      let start = TeamMember(number: number, count: memberCount).firstPart(of: largeCount)
      let turned = list[start..<largeCount] + list[..<start] + list[largeCount...]
      return WorkQueue(turned.map(\.work))
    }
  }

  private static func works(of network: TrainedNetwork) -> [(cost: Int, work: Work)] {
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
    return works
  }

  /// The losses and logits of a batch; nothing is learnt from it.
  func evaluate(_ batch: CurrentBatch) {
    let count = batch.minibatch.count
    threads.run { [self] member in
      network.forward(part(member, of: count), of: batch, scratch: scratches[member])
    }
  }

  /// One step: the losses and logits of a batch, then the move of all parameters.
  ///
  /// - Parameters:
  ///   - checksLayers: looks at all weights of layers for NaNs and infinities.
  ///   - meanwhile: what the caller does while the others begin to move parameters: it reads the
  ///     next batch.
  @discardableResult
  func step(
    _ batch: CurrentBatch, update: ParameterUpdate, checksLayers: Bool = false,
    meanwhile: () -> Void = {}
  ) -> FeatureScratch.Finiteness {
    for scratch in scratches { scratch.finiteness = .init() }
    findGradients(batch)
    move(batch, by: update, checksLayers, meanwhile)
    return scratches.reduce(into: .init()) { all, scratch in
      all.dense = all.dense && scratch.finiteness.dense
      all.vectors = all.vectors && scratch.finiteness.vectors
      all.layers = all.layers && scratch.finiteness.layers
    }
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

  private func move(
    _ batch: CurrentBatch, by update: ParameterUpdate, _ checksLayers: Bool,
    _ meanwhile: () -> Void
  ) {
    let count = batch.minibatch.count
    for queue in queues { queue.restart() }
    threads.run(before: meanwhile) { [self] member in
      for offset in queues.indices {
        let queue = queues[(member + offset) % queues.count]
        while let work = queue.next() {
          run(work, batch, count, scratches[member], update)
          if checksLayers, !isFinite(work) { scratches[member].finiteness.layers = false }
        }
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
      trained.update(
        panel: panel, input: input, delta: delta, rowCount: count, by: update, scratch: scratch,
        kernels: kernels)
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

  private func isFinite(_ work: Work) -> Bool {
    switch work {
    case .layer(let trained, _, _, let panel): trained.isFinite(panel: panel)
    case .cross(let cross, let index): cross.isFinite(index)
    case .feature: true
    }
  }

  /// Consecutive samples for each member.
  private func part(_ member: Int, of count: Int) -> Range<Int> {
    let (share, rest) = count.quotientAndRemainder(dividingBy: threads.count)
    let start = member * share + min(member, rest)
    return start..<start + share + (member < rest ? 1 : 0)
  }
}
