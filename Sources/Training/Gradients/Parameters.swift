import Kernels
import SystemIO

/// One trained tensor, with what the optimiser keeps beside it.
///
/// A class, as all that the threads of a step share: to count the references of a struct's members
/// in every step costs two threads more than the step's bookkeeping does.
final class Parameters: Sendable {
  /// The tensor's name in the checkpoint.
  let name: String
  /// The tensor's shape there.
  let shape: [Int]
  /// Set for a layer's weights: they lie packed in memory.
  let packing: PackedLayer?
  /// Floats of a row of a table whose rows are trained one by one; else nil.
  let rowWidth: Int?
  let values: FloatMemory
  /// What the optimiser keeps, see ``Optimizer/stateNames``; of size 0 what it does not.
  let first: FloatMemory
  let second: FloatMemory
  let third: FloatMemory
  /// Whether there is one number of state for a row, not for each of its numbers.
  let isRowwise: Bool
  /// Whether rows without a gradient move as well.
  private let movesAllRows: Bool

  /// A layer's weights, [outputs, inputs].
  convenience init(
    name: String, weightsOf layer: PackedLayer, optimizer: Optimizer
  ) throws(TrainingError) {
    try self.init(
      name: name, shape: [layer.outputCount, layer.inputCount], count: layer.weightCount,
      packing: layer, optimizer: optimizer)
  }

  /// Numbers in a row; `padded` of them lie in memory.
  convenience init(
    name: String, shape: [Int], padded: Int? = nil, optimizer: Optimizer
  ) throws(TrainingError) {
    try self.init(
      name: name, shape: shape, count: padded ?? shape.reduce(1, *), optimizer: optimizer)
  }

  /// - Parameters:
  ///   - rowWidth: rows are updated one by one.
  ///   - isRowTable: the rows are vectors, of which row-wise Adagrad keeps one number.
  init(
    name: String, shape: [Int], count: Int, packing: PackedLayer? = nil, rowWidth: Int? = nil,
    isRowTable: Bool = false, optimizer: Optimizer
  ) throws(TrainingError) {
    self.name = name
    self.shape = shape
    self.packing = packing
    self.rowWidth = rowWidth
    let isRowwise = isRowTable && optimizer.rule == .rowwiseAdagrad
    self.isRowwise = isRowwise
    movesAllRows = optimizer.movesAllRows
    let kept = optimizer.stateNames.count
    let stateCount = isRowwise ? count / (rowWidth ?? 1) : count
    (values, first, second, third) = try reservingMemory { () throws(SystemError) in
      (
        try FloatMemory(count: count), try FloatMemory(count: kept > 0 ? stateCount : 0),
        try FloatMemory(count: kept > 1 ? stateCount : 0),
        try FloatMemory(count: kept > 2 ? stateCount : 0)
      )
    }
  }

  /// The memory of what the optimiser keeps.
  var states: [FloatMemory] { [first, second, third].filter { $0.count > 0 } }

  /// Numbers of the tensor, without padding.
  var elementCount: Int { shape.reduce(1, *) }

  /// Moves the floats `range` one step.
  func update(
    _ range: Range<Int>, gradient: Span<Float>, by update: ParameterUpdate,
    kernels: TrainingKernels
  ) {
    let (values, first, second, third) = (values, first, second, third)
    var numbers = values.mutableFloats(range)
    var state = UpdateState(
      first.mutableFloats(Self.part(range, first)),
      second.mutableFloats(Self.part(range, second)),
      third.mutableFloats(Self.part(range, third)))
    kernels.update(&numbers, by: update, state: &state, gradient: gradient)
  }

  /// Moves one panel of a layer's weights by its gradient over all rows of a batch.
  ///
  /// - Parameter delta: the gradient of the layer's outputs.
  func update(
    panel: Int, input: Matrix, delta: Matrix, rowCount: Int, by update: ParameterUpdate,
    scratch: inout MutableSpan<Float>, kernels: TrainingKernels
  ) {
    guard let packing else { preconditionFailure("\(name) is no layer's") }
    let (rows, range) = (0..<rowCount, packing.floats(ofPanel: panel))
    let (values, first, second, third) = (values, first, second, third)
    var numbers = values.mutableFloats(range)
    var state = UpdateState(
      first.mutableFloats(Self.part(range, first)),
      second.mutableFloats(Self.part(range, second)),
      third.mutableFloats(Self.part(range, third)))
    kernels.moveWeights(
      packing, panel: panel, weights: &numbers, by: update, state: &state,
      input: input.floats(rows), inputStride: input.stride, delta: delta.floats(rows),
      deltaStride: delta.stride, rowCount: rowCount, scratch: &scratch)
  }

  private static func part(_ range: Range<Int>, _ state: FloatMemory) -> Range<Int> {
    state.count == 0 ? 0..<0 : range
  }

  /// Moves rows one step.
  ///
  /// - Parameters:
  ///   - rows: none twice.
  ///   - gradient: [rows.count, rowWidth].
  func updateRows(
    _ rows: Span<Int64>, gradient: Span<Float>, by update: ParameterUpdate,
    kernels: TrainingKernels
  ) {
    guard let rowWidth else { preconditionFailure("\(name) is trained as a whole") }
    var update = update
    if case .rowwiseAdagrad(let rate, let epsilon) = update, !isRowwise {
      update = .adagrad(rate: rate, epsilon: epsilon)
    }
    let (values, first, second, third) = (values, first, second, third)
    var numbers = values.mutableFloats()
    var state = UpdateState(
      first.mutableFloats(), second.mutableFloats(), third.mutableFloats())
    kernels.updateRows(
      of: &numbers, width: rowWidth, by: update, state: &state, rows: rows, gradient: gradient)
    if movesAllRows { updateOthers(than: rows, width: rowWidth, by: update, kernels: kernels) }
  }

  /// Moves all rows but these by a gradient of zero.
  private func updateOthers(
    than rows: Span<Int64>, width: Int, by update: ParameterUpdate, kernels: TrainingKernels
  ) {
    var touched: [Int] = []
    touched.reserveCapacity(rows.count + 1)
    for i in rows.indices { touched.append(Int(rows[i])) }
    touched.sort()
    touched.append(values.count / width)
    let block = max(1, Self.zeroCount / width)
    let zeros = [Float](repeating: 0, count: block * width)
    var next = 0
    for end in touched {
      for start in stride(from: next, to: end, by: block) {
        let count = (min(start + block, end) - start) * width
        self.update(
          start * width..<start * width + count, gradient: zeros.span.extracting(0..<count),
          by: update, kernels: kernels)
      }
      next = end + 1
    }
  }

  /// Zeros that are kept at hand as a gradient.
  private static let zeroCount = 4096
}
