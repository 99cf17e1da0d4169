import Checkpoints

extension BenchmarkModel {
  /// Writes `folder/name` unless it is there: tables of uniform floats in [-1, 1).
  func writeIfMissing(folder: String) throws {
    let path = "\(folder)/\(name)"
    if fileExists("\(path)/config.json") { return }
    let contents = tables.enumerated().map { number, table in
      TensorContent(
        name: table.name, elementType: .f32, shape: [table.rowCount, dimension],
        content: .generated { byteOffset, block in
          BenchmarkModel.fill(&block, seed: UInt64(number + 1) << 40, byteOffset: byteOffset)
        })
    }
    try CheckpointWriter.write(
      folder: path, configuration: Array(configuration.utf8), tensors: contents,
      metadata: ["training": "none: uniform random rows for benchmarks"])
  }

  /// Float number i of a table depends on the seed and i alone, however the blocks are cut.
  private static func fill(_ block: inout MutableSpan<UInt8>, seed: UInt64, byteOffset: Int) {
    precondition(byteOffset % 4 == 0 && block.count % 4 == 0, "blocks hold whole floats")
    for index in stride(from: 0, to: block.count, by: 4) {
      let word = SplitMix64.mix(seed &+ UInt64(byteOffset + index))
      let value = Float(Int32(truncatingIfNeeded: word >> 40) - (1 << 23)) * 0x1p-23
      let bits = value.bitPattern
      for byte in 0..<4 {
        block[index + byte] = UInt8(truncatingIfNeeded: bits >> UInt32(8 * byte))
      }
    }
  }
}
