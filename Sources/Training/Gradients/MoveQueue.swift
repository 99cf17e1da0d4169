import Kernels
import Synchronization
import SystemIO

/// A part of the parameters that is moved in one piece.
struct MoveWork: Sendable {
  let part: Part
  /// Time it takes, in any unit.
  let cost: Int
  /// Stage of the way back that every member has to reach before: until then the parameters are
  /// read, or their gradients are missing.
  let stage: Int

  enum Part: Sendable {
    case layer(TrainedLayer, input: Matrix, delta: Matrix, panel: Int)
    case cross(CrossStack, Int)
    case feature(Int)
  }

  /// All of a network, in the order in which the way back is done with them. It counts the layers
  /// that it has passed.
  static func all(of network: TrainedNetwork) -> [MoveWork] {
    var works: [MoveWork] = []
    var stage = 0
    for stack in network.stacks.reversed() {
      for (index, trained) in stack.layers.enumerated().reversed() {
        stage += 1
        for panel in 0..<trained.layer.panelCount {
          works.append(
            MoveWork(
              part: .layer(
                trained, input: stack.input(ofLayer: index), delta: stack.deltas[index],
                panel: panel),
              cost: trained.layer.floats(ofPanel: panel).count, stage: stage))
        }
      }
    }
    if case .dcn(let dcn) = network.body {
      for index in dcn.cross.layers.indices {
        works.append(
          MoveWork(
            part: .cross(dcn.cross, index), cost: 2 * network.vectors.width,
            stage: TeamProgress.end))
      }
    }
    for (index, feature) in network.features.enumerated() {
      let floats = feature.partitions.reduce(0) { sum, partition in
        guard case .path(let path) = partition.source else { return sum + partition.width }
        return sum + 4 * path.hidden * partition.width
      }
      works.append(
        MoveWork(part: .feature(index), cost: 50 * floats, stage: TeamProgress.end))
    }
    return works
  }
}

/// Works of a member, the large ones first, so that the last ones to finish are small.
final class MoveQueue: Sendable {
  let works: [MoveWork]
  private let position = Atomic<Int>(0)

  init(_ works: [MoveWork]) { self.works = works }

  func restart() { position.store(0, ordering: .relaxed) }

  func next() -> MoveWork? {
    let taken = position.add(1, ordering: .relaxed).oldValue
    return taken < works.count ? works[taken] : nil
  }

  /// Each work goes to the member that has least to do so far. With the large ones each member
  /// begins elsewhere: what two cores ask for at once takes longest.
  static func queues(_ works: [MoveWork], memberCount: Int) -> [MoveQueue] {
    var lists = [[MoveWork]](repeating: [], count: memberCount)
    var costs = [Int](repeating: 0, count: memberCount)
    let sorted = works.enumerated().sorted {
      ($1.element.cost, $0.offset) < ($0.element.cost, $1.offset)
    }
    for (_, work) in sorted {
      let member = costs.indices.min { costs[$0] < costs[$1] } ?? 0
      lists[member].append(work)
      costs[member] += work.cost
    }
    let most = works.map(\.cost).max() ?? 0
    return lists.enumerated().map { number, list in
      let largeCount = list.prefix { $0.cost * 2 > most }.count
      let start = TeamMember(number: number, count: memberCount).firstPart(of: largeCount)
      return MoveQueue(
        Array(list[start..<largeCount] + list[..<start] + list[largeCount...]))
    }
  }
}
