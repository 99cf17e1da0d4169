/// How an int8 layer turns numbers into bytes.
///
/// Input i is the byte round(x / inputSteps[i]) + inputZeros[i], between 0 and 255; the weight from
/// input i to output o is the signed byte round(w * inputSteps[i] / outputScales[o]).
package struct Int8Coding: Sendable, Equatable {
  package var inputSteps: [Float]
  /// 0 ... 255: the code of zero.
  package var inputZeros: [UInt8]
  package var outputScales: [Float]

  package init(inputSteps: [Float], inputZeros: [UInt8], outputScales: [Float]) {
    precondition(inputSteps.count == inputZeros.count, "a step and a zero per input")
    self.inputSteps = inputSteps
    self.inputZeros = inputZeros
    self.outputScales = outputScales
  }

  /// The coding of the layer that takes these inputs alone. Codes stay what they are, so that the
  /// layer's sum is a part of the whole one's.
  package func selecting(_ columns: [Int]) -> Int8Coding {
    Int8Coding(
      inputSteps: columns.map { inputSteps[$0] }, inputZeros: columns.map { inputZeros[$0] },
      outputScales: outputScales)
  }

  /// The signed byte that stands for a weight.
  func code(ofWeight weight: Float, input: Int, output: Int) -> Int8 {
    let code = (weight * inputSteps[input] / outputScales[output]).rounded(.toNearestOrEven)
    return Int8(max(-127, min(127, code.isNaN ? 0 : code)))
  }
}

/// How a dense layer's weights and activations are represented.
package enum DenseCoding: Sendable {
  case float32
  /// Rounded to 16 bits, by kernels of the formats bf16 or f16.
  case rounded(NarrowKernels)
  case int8(NarrowKernels, Int8Coding)

  /// The coding of the layer that takes these inputs alone.
  package func selecting(_ columns: [Int]) -> DenseCoding {
    guard case .int8(let kernels, let coding) = self else { return self }
    return .int8(kernels, coding.selecting(columns))
  }
}
