import CSIMD

/// A dense layer's weights in a narrow format, packed, with what the kernels need beside them.
///
/// Written while it is made, constant afterwards.
@safe
final class NarrowWeights: @unchecked Sendable {
  // SAFETY: the memory is written in init alone, and freed in deinit unless its owner does; `layer`
  // points into it.
  private let kernels: NarrowKernels
  private let layer: UnsafeMutablePointer<csimd_narrow_layer>
  private let packed: UnsafeMutableRawPointer
  /// Whose memory `packed` is; nil: its own.
  private let owner: (any WeightMemory)?
  private let scales: AlignedFloats
  private let factors: AlignedFloats
  private let offsets: AlignedFloats
  private let starts: UnsafeMutablePointer<Int32>

  /// Bytes of the packed weights.
  let byteCount: Int

  /// What the three formats are packed from.
  fileprivate struct Codes {
    var bytes: [UInt8]
    var scales: [Float]
    var starts: [Int32]
  }

  /// - Parameter weights: [outputCount, inputCount]; the shape was checked.
  init(
    weights: Span<Float>, inputCount: Int, outputCount: Int, appliesReLU: Bool,
    kernels: NarrowKernels, int8: Int8Coding?, arena: WeightArena?
  ) {
    precondition(
      1...NarrowKernels.inputCountMax ~= inputCount, "the kernels take at most inputCountMax inputs"
    )
    let format = kernels.format
    let codes: Codes
    switch format {
    case .int8:
      guard let int8 else { preconditionFailure("int8 needs a coding") }
      precondition(
        int8.inputSteps.count == inputCount && int8.outputScales.count == outputCount,
        "the coding is another layer's")
      codes = Self.int8Codes(weights, inputCount, outputCount, int8)
    case .bf16: codes = Self.bfloat16Codes(weights, outputCount)
    case .f16: codes = Self.float16Codes(weights, inputCount, outputCount)
    }
    let paddedCount = csimd_narrow_padded_outputs(outputCount)
    byteCount = csimd_narrow_packed_bytes(format.code, inputCount, outputCount)
    self.kernels = kernels
    scales = AlignedFloats(count: paddedCount) { padded in
      for o in 0..<outputCount { padded[o] = codes.scales[o] }
    }
    factors = AlignedFloats(count: (inputCount + 15) / 16 * 16) { padded in
      guard let int8 else { return }
      for i in 0..<inputCount { padded[i] = 1 / int8.inputSteps[i] }
    }
    offsets = AlignedFloats(count: (inputCount + 15) / 16 * 16) { padded in
      guard let int8 else { return }
      for i in 0..<inputCount { padded[i] = Float(int8.inputZeros[i]) }
    }
    // SAFETY: fresh memory of the sizes that the C functions name, filled before anybody reads it.
    let place = arena?.place(byteCount: byteCount)
    owner = place?.owner
    let packed =
      unsafe place?.base ?? UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 64)
    unsafe codes.bytes.withUnsafeBytes { bytes in
      unsafe csimd_narrow_pack(format.code, bytes.baseAddress, inputCount, outputCount, packed)
    }
    unsafe self.packed = packed
    unsafe starts = .allocate(capacity: paddedCount)
    unsafe starts.initialize(repeating: 0, count: paddedCount)
    for o in codes.starts.indices { unsafe starts[o] = codes.starts[o] }
    unsafe layer = .allocate(capacity: 1)
    unsafe layer.initialize(
      to: csimd_narrow_layer(
        inputs: inputCount, outputs: outputCount, relu: appliesReLU, weights: packed,
        scales: scales.base, starts: starts, input_factors: factors.base,
        input_offsets: offsets.base))
  }

  deinit {
    // SAFETY: allocated in init, freed once.
    unsafe layer.deallocate()
    unsafe starts.deallocate()
    if owner == nil { unsafe packed.deallocate() }
  }

  /// The caller has checked the shapes of all four, and that bias has a padded layer's outputs.
  @unsafe
  func forward(
    _ input: UnsafePointer<Float>?, _ inputStride: Int, _ rowCount: Int,
    _ bias: UnsafePointer<Float>?, _ output: UnsafeMutablePointer<Float>?, _ outputStride: Int
  ) {
    // SAFETY: passed on; the layer's memory lives as long as self.
    unsafe kernels.forward(layer, input, inputStride, rowCount, bias, output, outputStride)
  }

  private static func int8Codes(
    _ weights: Span<Float>, _ inputCount: Int, _ outputCount: Int, _ coding: Int8Coding
  ) -> Codes {
    var codes = Codes(bytes: [], scales: coding.outputScales, starts: [])
    codes.bytes.reserveCapacity(weights.count)
    for output in 0..<outputCount {
      var start: Int32 = 0
      for input in 0..<inputCount {
        let code = coding.code(
          ofWeight: weights[output * inputCount + input], input: input, output: output)
        start -= Int32(code) * Int32(coding.inputZeros[input])
        codes.bytes.append(UInt8(bitPattern: code))
      }
      codes.starts.append(start)
    }
    return codes
  }

  private static func bfloat16Codes(_ weights: Span<Float>, _ outputCount: Int) -> Codes {
    var codes = Codes(
      bytes: [], scales: [Float](repeating: 1, count: outputCount), starts: [])
    codes.bytes.reserveCapacity(2 * weights.count)
    for i in weights.indices { codes.append(csimd_bf16_bits(weights[i])) }
    return codes
  }

  /// Each output's weights are scaled by a power of two, so that the largest is in [1, 2).
  private static func float16Codes(
    _ weights: Span<Float>, _ inputCount: Int, _ outputCount: Int
  ) -> Codes {
    var codes = Codes(bytes: [], scales: [], starts: [])
    codes.bytes.reserveCapacity(2 * weights.count)
    for output in 0..<outputCount {
      let row = weights.extracting(output * inputCount..<(output + 1) * inputCount)
      var largest: Float = 0
      for i in row.indices where abs(row[i]) > largest { largest = abs(row[i]) }
      // Outside of these no scale is needed, or none helps: zeros, infinity, subnormal numbers.
      let isPlain = largest > 0x1p-100 && largest < 0x1p100
      let scale = isPlain ? Float(sign: .plus, exponent: largest.exponent, significand: 1) : 1
      for i in row.indices { codes.append(csimd_f16_bits(row[i] / scale)) }
      codes.scales.append(scale)
    }
    return codes
  }
}

extension NarrowWeights.Codes {
  fileprivate mutating func append(_ bits: UInt16) {
    bytes.append(UInt8(truncatingIfNeeded: bits))
    bytes.append(UInt8(truncatingIfNeeded: bits >> 8))
  }
}
