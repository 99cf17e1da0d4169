import Checkpoints
import Kernels

/// One partition with its tensors: a table of rows, or the MLPs of a path.
final class BoundPartition: Sendable {
  let specification: PartitionSpecification
  let rule: BucketRule
  /// ``BucketRule/mayLeaveTable`` of the rule.
  let mayLeaveTable: Bool
  /// The table; for MLPs their hidden layers' weights.
  let tensor: Tensor
  let table: TensorReader
  let layout: RowLayout
  /// Rows of the table, or buckets that have an MLP.
  let bucketCount: Int
  /// Set for later partitions of a path.
  let path: PathLayers?
  /// Where this partition's row begins in the vector: `concatenate` and `separate`.
  let column: Int

  init(
    _ specification: PartitionSpecification, rule: BucketRule, table: Tensor, layout: RowLayout,
    column: Int
  ) {
    self.specification = specification
    self.rule = rule
    mayLeaveTable = rule.mayLeaveTable
    tensor = table
    self.table = TensorReader(table)
    self.layout = layout
    bucketCount = layout.rowCount
    path = nil
    self.column = column
  }

  init(_ specification: PartitionSpecification, rule: BucketRule, path: PathLayers) {
    self.specification = specification
    self.rule = rule
    mayLeaveTable = rule.mayLeaveTable
    tensor = path.hiddenWeight
    table = TensorReader(tensor)
    layout = RowLayout(
      element: .f32, width: path.width, rowCount: path.bucketCount * path.hiddenWidth)
    bucketCount = path.bucketCount
    self.path = path
    column = 0
  }

}

extension RowTable {
  /// The rows of a table, to be read by kernels.
  ///
  /// - Parameter table: a ``BoundPartition/table`` that the caller has as a parameter or a local
  ///   constant.
  @_lifetime(borrow table)
  init(_ table: borrowing TensorReader, _ layout: RowLayout) {
    self.init(table.bytes, layout: layout)
  }
}

/// The MLPs of one later partition of a `path`: one hidden layer with ReLU, a linear output.
///
///     M_b(x) = output.weight[b] * max(0, hidden.weight[b] * x + hidden.bias[b]) + output.bias[b]
///
/// Float32, row-major: hidden.weight [buckets, H, D], hidden.bias [buckets, H],
/// output.weight [buckets, D, H], output.bias [buckets, D].
struct PathLayers: Sendable {
  let hiddenWeight: Tensor
  let hiddenBias: Tensor
  let outputWeight: Tensor
  let outputBias: Tensor
  let bucketCount: Int
  let hiddenWidth: Int
  let width: Int

  var tensors: [Tensor] { [hiddenWeight, hiddenBias, outputWeight, outputBias] }

  /// vectors[i] = M_buckets[i](vectors[i]), in place.
  ///
  /// - Parameters:
  ///   - buckets: shape [count]; each in 0 ..< bucketCount (checked: precondition).
  ///   - vectors: shape [count, width].
  func apply(
    buckets: Span<Int64>, by kernels: RowKernels, input: ScratchMemory,
    hidden: ScratchMemory, to vectors: inout MutableSpan<Float>
  ) {
    for i in buckets.indices {
      let bucket = Int(buckets[i])
      precondition(bucket >= 0 && bucket < bucketCount, "a bucket without an MLP")
      var hiddenFloats = hidden.mutableFloats(hiddenWidth)
      var inputFloats = input.mutableFloats(width)
      for c in 0..<width { inputFloats[c] = vectors[i * width + c] }
      kernels.affine(
        matrix: hiddenWeight.bytes.slice(bucket, floatCount: hiddenWidth * width),
        bias: hiddenBias.bytes.slice(bucket, floatCount: hiddenWidth),
        input: inputFloats.span, rectifies: true, into: &hiddenFloats)
      var vector = vectors._mutatingExtracting(i * width..<(i + 1) * width)
      kernels.affine(
        matrix: outputWeight.bytes.slice(bucket, floatCount: width * hiddenWidth),
        bias: outputBias.bytes.slice(bucket, floatCount: width),
        input: hiddenFloats.span, rectifies: false, into: &vector)
    }
  }
}

extension RawSpan {
  /// The bytes of element `index` of a list whose elements are `floatCount` floats each.
  @_lifetime(copy self)
  fileprivate func slice(_ index: Int, floatCount: Int) -> RawSpan {
    extracting(index * floatCount * 4..<(index + 1) * floatCount * 4)
  }
}
