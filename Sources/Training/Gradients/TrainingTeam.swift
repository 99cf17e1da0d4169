import Kernels
import SystemIO

/// Threads that train one network: the samples of a batch are divided among them on the way forward
/// and back, the parameters when they move. Who does what changes no number.
final class TrainingTeam: Sendable {
  let network: TrainedNetwork
  private let threads: ThreadTeam
  private let progress: TeamProgress
  private let scratches: [FeatureScratch]
  /// Of each member what it moves first: the same parameters in every step, which its core's cache
  /// still holds. Then it takes what others have not begun.
  private let queues: [MoveQueue]

  init(_ network: TrainedNetwork, threadCount: Int) throws(TrainingError) {
    self.network = network
    do {
      threads = try ThreadTeam(count: threadCount, name: "train")
    } catch {
      throw TrainingError("\(error)")
    }
    let progress = TeamProgress(memberCount: threadCount)
    self.progress = progress
    scratches = (0..<threadCount).map { number in
      FeatureScratch(TeamMember(number: number, count: threadCount), progress)
    }
    queues = MoveQueue.queues(MoveWork.all(of: network), memberCount: threadCount)
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
  ///   - meanwhile: what the caller does between its gradients and its part of the move, which
  ///     the others may take over: it reads the next batch.
  @discardableResult
  func step(
    _ batch: CurrentBatch, update: ParameterUpdate, checksLayers: Bool = false,
    meanwhile: () -> Void = {}
  ) -> FeatureScratch.Finiteness {
    let count = batch.minibatch.count
    precondition(count <= network.batchCapacity, "a batch is no larger than was said")
    for scratch in scratches { scratch.startStep() }
    for queue in queues { queue.restart() }
    progress.restart()
    let first: () -> Void = {
      self.findGradients(batch, member: 0)
      meanwhile()
    }
    threads.run(before: first) { [self] member in
      if member > 0 { findGradients(batch, member: member) }
      move(batch, member: member, by: update, checksLayers)
    }
    return scratches.reduce(into: .init()) { all, scratch in
      all.dense = all.dense && scratch.finiteness.dense
      all.vectors = all.vectors && scratch.finiteness.vectors
      all.layers = all.layers && scratch.finiteness.layers
    }
  }

  private func findGradients(_ batch: CurrentBatch, member: Int) {
    let rows = part(member, of: batch.minibatch.count)
    if !rows.isEmpty {
      network.forward(rows, of: batch, scratch: scratches[member])
      network.backward(rows, scratch: scratches[member])
    }
    progress.reach(TeamProgress.end, member: member)
  }

  private func move(
    _ batch: CurrentBatch, member: Int, by update: ParameterUpdate, _ checksLayers: Bool
  ) {
    let scratch = scratches[member]
    for offset in queues.indices {
      let queue = queues[(member + offset) % queues.count]
      while let work = queue.next() {
        progress.waitForAll(toReach: work.stage)
        run(work.part, batch, scratch, update)
        if checksLayers, !isFinite(work.part) { scratch.finiteness.layers = false }
      }
    }
  }

  private func run(
    _ part: MoveWork.Part, _ batch: CurrentBatch, _ scratch: FeatureScratch,
    _ update: ParameterUpdate
  ) {
    let count = batch.minibatch.count
    let kernels = network.kernels
    switch part {
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

  private func isFinite(_ part: MoveWork.Part) -> Bool {
    switch part {
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
