import ByteCoding
import SystemIO

extension SyntheticData {
  /// Writes all rows to a file, published in one step; compressed if its name ends in `.gz`.
  ///
  /// - Parameters:
  ///   - path: nil or `-`: the standard output.
  ///   - progress: told how many rows are written.
  /// - Returns: what the truth reaches on each part of the data.
  package func write(
    to path: String?, threadCount: Int, progress: (Int) -> Void = { _ in }
  ) throws(TrainingError) -> [DatasetPart: SyntheticTruth] {
    guard let path, path != "-" else {
      return try writeBlocks(isCompressed: false, threadCount, progress) { bytes in
        try StandardStream.output.write(bytes)
      }
    }
    do {
      try makeFolder(splitPath(path).folder, withParents: true)
      var file = try AtomicFileWriter(path: path)
      let truths = try writeBlocks(
        isCompressed: path.hasSuffix(".gz"), threadCount, progress
      ) { bytes in try file.write(bytes) }
      try file.publish(replacing: true)
      return truths
    } catch let error as TrainingError {
      throw error
    } catch {
      throw TrainingError("\(error)")
    }
  }

  private func writeBlocks(
    isCompressed: Bool, _ threadCount: Int, _ progress: (Int) -> Void,
    _ write: (Span<UInt8>) throws -> Void
  ) throws(TrainingError) -> [DatasetPart: SyntheticTruth] {
    var truths: [DatasetPart: SyntheticTruth] = [:]
    for part in DatasetPart.allCases { truths[part] = SyntheticTruth() }
    var next = 0
    while next < blockCount {
      let first = next
      let count = min(threadCount * 4, blockCount - first)
      let made = try parallelMap(count: count, threadCount: threadCount, name: "make") {
        self.madeBlock(first + $0, isCompressed: isCompressed)
      }
      for block in made {
        do {
          try write(block.bytes.span)
        } catch {
          throw TrainingError("\(error)")
        }
        // Always in one order: sums of float64 depend on it.
        for part in DatasetPart.allCases {
          guard let truth = block.truths[part] else { continue }
          truths[part]?.merge(truth)
          truths[.all]?.merge(truth)
        }
      }
      next += count
      progress(min(next * Self.blockRowCount, options.rowCount))
    }
    return truths
  }

  private struct MadeBlock: Sendable {
    let bytes: [UInt8]
    let truths: [DatasetPart: SyntheticTruth]
  }

  private func madeBlock(_ index: Int, isCompressed: Bool) -> MadeBlock {
    var text = ByteBuffer(capacity: Self.blockRowCount * 256)
    let truths = makeBlock(index, into: &text)
    guard isCompressed else { return MadeBlock(bytes: [UInt8](text.bytes), truths: truths) }
    var compressed = ByteBuffer(capacity: text.count / 2)
    deflate(text.bytes, container: .gzip, level: 6, into: &compressed)
    return MadeBlock(bytes: [UInt8](compressed.bytes), truths: truths)
  }
}
