import ByteCoding
import Checkpoints
package import Embeddings
import SystemIO

/// Writes all composed vectors of a feature as `.npy`, float32 [cardinality, width], block by
/// block, so that a feature larger than memory can be written.
package enum VectorExport {
  /// Categories composed at a time: about a quarter of a megabyte at width 16.
  static let blockCategoryCount = 4_096

  /// - Parameter progress: called with the number of categories written so far.
  /// - Returns: the file's size in bytes.
  package static func write(
    _ feature: FeatureTable, path: String, overwrite: Bool, progress: (Int) -> Void
  ) throws(ModelError) -> Int {
    let count = feature.specification.cardinality
    var scratch = LookupScratch()
    var block = ByteBuffer()
    var file = try reading { () throws(SystemError) in try AtomicFileWriter(path: path) }
    // Float32 has a numpy name.
    let header = NumpyFile.header(.f32, shape: [count, feature.specification.vectorWidth]) ?? []
    try reading { () throws(SystemError) in try file.write(header.span) }
    var next = 0
    while next < count {
      let end = min(next + blockCategoryCount, count)
      try compose(feature, next..<end, &scratch, into: &block)
      try reading { () throws(SystemError) in try file.write(block.bytes) }
      next = end
      progress(next)
    }
    let byteCount = file.byteCount
    do {
      try file.publish(replacing: overwrite)
    } catch {
      throw ModelError(
        error.isExistingName
          ? "\(path) is there already; choose another name or allow to overwrite it" : "\(error)")
    }
    return byteCount
  }
}

/// Composes these categories into `block`, little-endian float32.
private func compose(
  _ feature: FeatureTable, _ categories: Range<Int>, _ scratch: inout LookupScratch,
  into block: inout ByteBuffer
) throws(ModelError) {
  let ids = categories.map { Int64($0) }
  block.removeAll()
  do throws(LookupError) {
    try block.append(floats: ids.count * feature.specification.vectorWidth) {
      (output) throws(LookupError) in
      try feature.vectors(of: ids.span, missing: .error, scratch: &scratch, into: &output)
    }
  } catch {
    throw ModelError(error.sentence(feature: feature.specification.name))
  }
}

/// Runs `body` and turns its error into ours.
private func reading<Result: ~Copyable>(
  _ body: () throws(SystemError) -> Result
) throws(ModelError) -> Result {
  do {
    return try body()
  } catch {
    throw ModelError("\(error)")
  }
}
