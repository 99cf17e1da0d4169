import Checkpoints
import Kernels
import SystemIO

extension Parameters {
  /// The numbers as the checkpoint's tensor has them, copied.
  func tensorValues(of memory: FloatMemory) -> [Float] {
    guard let packing else { return floatArray(memory.floats(0..<storedCount(of: memory))) }
    var floats = [Float](repeating: 0, count: elementCount)
    var span = floats.mutableSpan
    packing.unpack(memory.floats, into: &span)
    return floats
  }

  /// Takes over a tensor's numbers.
  func setValues(_ floats: Span<Float>, of memory: FloatMemory) {
    precondition(floats.count == storedCount(of: memory), "\(name) has another size")
    var target = memory.mutableFloats()
    if let packing { return packing.pack(floats, into: &target) }
    for i in floats.indices { target[i] = floats[i] }
  }

  /// The shape of the values, or of a state: a row-wise one has one number a row.
  func storedShape(of memory: FloatMemory) -> [Int] {
    isRowwise && memory !== values ? [shape[0]] : shape
  }

  private func storedCount(of memory: FloatMemory) -> Int {
    storedShape(of: memory).reduce(1, *)
  }

  /// To be written to a checkpoint. The memory is read when that happens.
  func content(named name: String, of memory: FloatMemory) -> TensorContent {
    let shape = storedShape(of: memory)
    guard packing == nil else {
      // A layer: small enough to be unpacked as a whole.
      let parameters = self
      var bytes: [UInt8] = []
      return TensorContent(
        name: name, elementType: .f32, shape: shape,
        content: .generated { byteOffset, block in
          if bytes.isEmpty { bytes = littleEndian(parameters.tensorValues(of: memory)) }
          for i in 0..<block.count { block[i] = bytes[byteOffset + i] }
          if byteOffset + block.count == bytes.count { bytes = [] }
        })
    }
    return TensorContent(
      name: name, elementType: .f32, shape: shape,
      content: .generated { byteOffset, block in
        memory.copyBytes(from: byteOffset, into: &block)
      })
  }

  /// Reads what ``content(named:of:)`` wrote.
  func load(_ tensor: Tensor, into memory: FloatMemory) throws(TrainingError) {
    guard tensor.elementType == .f32, tensor.shape == storedShape(of: memory) else {
      throw TrainingError(
        "tensor '\(tensor.name)' is \(tensor.elementType.rawValue) \(tensor.shape), but this run "
          + "needs F32 \(storedShape(of: memory)); resume with the flags that it was started with")
    }
    if packing == nil, memory.count == tensor.elementCount {
      memory.load(tensor.byteSpan)
      return
    }
    let floats = tensor.floatValues() ?? []
    setValues(floats.span, of: memory)
  }
}

private func floatArray(_ span: Span<Float>) -> [Float] {
  var floats: [Float] = []
  floats.reserveCapacity(span.count)
  for i in span.indices { floats.append(span[i]) }
  return floats
}

private func littleEndian(_ floats: [Float]) -> [UInt8] {
  var bytes: [UInt8] = []
  bytes.reserveCapacity(floats.count * 4)
  for value in floats {
    let bits = value.bitPattern
    for i in 0..<4 { bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(8 * i))) }
  }
  return bytes
}
