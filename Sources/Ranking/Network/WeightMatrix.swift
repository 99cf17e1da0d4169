import Checkpoints
import Kernels

/// A layer's weights and biases as plain float32, row-major, read from a checkpoint.
struct WeightMatrix: Sendable {
  /// [outputCount, inputCount].
  let weights: [Float]
  /// [outputCount].
  let bias: [Float]
  let inputCount: Int
  let outputCount: Int
  /// How layers of it are represented; that of all inputs also where a layer takes some of them.
  var coding = DenseCoding.float32

  /// A packed layer of some of the inputs, in the order of `columns`.
  ///
  /// - Parameter withBias: false: the bias is zero, since another part of the inputs brings it.
  func layer(
    columns: [Int], appliesReLU: Bool, withBias: Bool = true, arena: WeightArena? = nil
  ) -> DenseLayer {
    precondition(!columns.isEmpty, "a layer has inputs")
    var selected = [Float](repeating: 0, count: outputCount * columns.count)
    for output in 0..<outputCount {
      for (i, column) in columns.enumerated() {
        selected[output * columns.count + i] = weights[output * inputCount + column]
      }
    }
    let noBias = [Float](repeating: 0, count: outputCount)
    return DenseLayer(
      weights: selected.span, bias: (withBias ? bias : noBias).span, inputCount: columns.count,
      outputCount: outputCount, appliesReLU: appliesReLU, coding: coding.selecting(columns),
      arena: arena)
  }

  /// A packed layer of all inputs.
  func layer(appliesReLU: Bool, arena: WeightArena?) -> DenseLayer {
    DenseLayer(
      weights: weights.span, bias: bias.span, inputCount: inputCount, outputCount: outputCount,
      appliesReLU: appliesReLU, coding: coding, arena: arena)
  }
}

/// Finds dense tensors by name and reads them as float32.
struct WeightReader {
  let tensor: (String) -> Tensor?
  var codings = LayerCodings.float32
  /// Where the network's layers are placed.
  var arena: WeightArena?

  func matrix(weight: String, bias: String, inputs: Int, outputs: Int) throws(ModelError)
    -> WeightMatrix
  {
    WeightMatrix(
      weights: try floats(weight, shape: [outputs, inputs]),
      bias: try floats(bias, shape: [outputs]), inputCount: inputs, outputCount: outputs)
  }

  func floats(_ name: String, shape: [Int]) throws(ModelError) -> [Float] {
    guard let tensor = tensor(name) else {
      throw ModelError("tensor '\(name)' is not in the checkpoint; write the checkpoint again")
    }
    guard tensor.shape == shape else {
      throw ModelError(
        "tensor '\(name)' is \(tensor.shape), but config.json makes it \(shape); correct one")
    }
    guard let values = tensor.floatValues() else {
      throw ModelError(
        "tensor '\(name)' is \(tensor.elementType.rawValue); dense layers are F32, F16 or BF16")
    }
    return values
  }
}
