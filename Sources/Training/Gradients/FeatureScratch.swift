import Kernels
import SystemIO

/// What one thread needs while it works on one feature of a batch. Nothing in it outlives that.
// SAFETY: each thread of a team has its own, and no other thread touches it.
final class FeatureScratch: @unchecked Sendable {
  let member: TeamMember
  /// Of each partition the row of each id.
  var rows: [[Int64]] = []
  var distinct = DistinctRows()
  /// Of each id the sample whose bag it is in, and of each sample 1 / size; empty without bags.
  var bags: [UInt32] = []
  var scales: [Float] = []
  var bagOffsets: [Int] = []
  /// Composed vectors of ids in bags; on the way back the gradients of single ids.
  var vectors: [Float] = []
  /// Per partition what its rows were multiplied with, or what its MLPs were applied to.
  var factors: [[Float]] = []
  /// Sums of the gradients of different rows.
  var sums: [Float] = []
  var pathSums = PathGradientSums()
  var counting: [Int64] = []
  /// Memory of the kernels, of any content.
  var block: [Float] = []
  var slots: [UInt32] = []
  /// What the thread has seen since the step began.
  var finiteness = Finiteness()

  private let progress: TeamProgress?
  private var passedLayerCount = 0

  init(_ member: TeamMember = TeamMember(), _ progress: TeamProgress? = nil) {
    self.member = member
    self.progress = progress
  }

  func startStep() {
    finiteness = Finiteness()
    passedLayerCount = 0
  }

  /// Tells the others that the thread is through with one more layer, on its way back.
  func passLayer() {
    passedLayerCount += 1
    progress?.reach(passedLayerCount, member: member.number)
  }

  /// Which numbers of a step hold no NaN and no infinity, as far as they were looked at. A ReLU
  /// makes zeros of NaNs, so what goes into the layers is looked at besides the losses.
  struct Finiteness: Sendable, Equatable {
    var dense = true
    var vectors = true
    var layers = true
  }

  /// 0, 1, ..., count - 1, in ``counting`` and ``slots``.
  func count(to count: Int) {
    while counting.count < count {
      slots.append(UInt32(counting.count))
      counting.append(Int64(counting.count))
    }
  }

  /// Lends memory for a kernel: at least `count` floats of any content.
  func takeBlock(_ count: Int) -> [Float] {
    var taken: [Float] = []
    swap(&taken, &block)
    if taken.count < count {
      taken.append(contentsOf: repeatElement(0, count: count - taken.count))
    }
    return taken
  }

  func putBack(_ taken: inout [Float]) { swap(&taken, &block) }

  /// Makes `array` hold exactly `count` numbers, of any value.
  static func size<Number: BinaryFloatingPoint>(_ array: inout [Number], _ count: Int) {
    resize(&array, count, 0)
  }

  /// As above.
  static func size<Number: FixedWidthInteger>(_ array: inout [Number], _ count: Int) {
    resize(&array, count, 0)
  }

  private static func resize<Number>(_ array: inout [Number], _ count: Int, _ value: Number) {
    if array.count > count {
      array.removeLast(array.count - count)
    } else if array.count < count {
      array.append(contentsOf: repeatElement(value, count: count - array.count))
    }
  }
}
