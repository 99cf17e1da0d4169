import ByteCoding
import SystemIO

/// A safetensors file about to be written: its tensors in their order, checked.
struct SafetensorsPlan {
  /// Bytes of generated content per block.
  static let blockByteCount = 4 << 20
  static let alignment = 64
  /// What a checksum is until the data is written.
  private static let checksumPlaceholder = "00000000"

  private let tensors: [TensorContent]
  private let byteCounts: [Int]
  private let metadata: [(name: String, value: String)]

  init(tensors: [TensorContent], metadata: [String: String]) throws(CheckpointError) {
    var sized: [(content: TensorContent, byteCount: Int)] = []
    var names: Set<String> = []
    for tensor in tensors {
      guard names.insert(tensor.name).inserted, tensor.name != "__metadata__" else {
        throw CheckpointError(
          .malformed, "a tensor cannot be called \(quoted(tensor.name)), or not twice")
      }
      sized.append((tensor, try Self.byteCount(of: tensor)))
    }
    // Stable, and falling in alignment: every tensor starts at a multiple of what its own size is a
    // multiple of, up to 64.
    let order = sized.indices.sorted { left, right in
      let (a, b) = (Self.evenness(sized[left].byteCount), Self.evenness(sized[right].byteCount))
      return a != b ? a > b : left < right
    }
    self.tensors = order.map { sized[$0].content }
    byteCounts = order.map { sized[$0].byteCount }
    let checksums = self.tensors.map {
      (name: TensorChecksum.prefix + $0.name, value: Self.checksumPlaceholder)
    }
    self.metadata =
      checksums
      + metadata.filter { !$0.key.hasPrefix(TensorChecksum.prefix) }
      .sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
  }

  private static func byteCount(of tensor: TensorContent) throws(CheckpointError) -> Int {
    let size = tensor.elementType.byteCount(ofShape: tensor.shape.span)
    let held: Int? =
      switch tensor.content {
      case .tensor(let tensor): tensor.byteRange.count
      case .bytes(let bytes): bytes.count
      case .generated: size
      }
    guard let size, size == held else {
      throw CheckpointError(
        .malformed,
        "tensor \(quoted(tensor.name)) has \(held ?? 0) bytes, which \(tensor.shape) of "
          + "\(tensor.elementType.rawValue) are not")
    }
    return size
  }

  /// The power of two, up to 64, that divides the size.
  private static func evenness(_ byteCount: Int) -> Int {
    min(6, byteCount.trailingZeroBitCount)
  }

  /// Writes header and data; the checksums are put into the header at the end.
  func write(to file: inout AtomicFileWriter) throws(CheckpointError) {
    try writeHeader(checksums: nil, to: &file)
    var checksums: [UInt32] = []
    for index in tensors.indices {
      checksums.append(try writeData(of: index, to: &file))
    }
    try writeHeader(checksums: checksums, to: &file)
  }

  /// Appends the header with placeholders, or replaces it by one with checksums, of the same size.
  private func writeHeader(
    checksums: [UInt32]?, to file: inout AtomicFileWriter
  ) throws(CheckpointError) {
    var members = metadata
    if let checksums {
      for index in checksums.indices {
        members[index].value = TensorChecksum.text(of: checksums[index])
      }
    }
    var header = ByteBuffer()
    SafetensorsHeader.append(
      entries: tensors.map { ($0.name, $0.elementType, $0.shape) }, metadata: members,
      alignment: Self.alignment, to: &header)
    guard header.count - 8 <= SafetensorsLimits().headerByteCountMax else {
      throw CheckpointError(.tooLarge, "the header would take \(header.count) bytes; shorten names")
    }
    do {
      if checksums == nil {
        try file.write(header.bytes)
      } else {
        try file.rewrite(header.bytes, at: 0)
      }
    } catch {
      throw CheckpointError(error)
    }
  }

  private func writeData(
    of index: Int, to file: inout AtomicFileWriter
  ) throws(CheckpointError) -> UInt32 {
    var checksum = CRC32()
    do {
      switch tensors[index].content {
      case .tensor(let tensor):
        try write(tensor.byteSpan, prefetching: tensor, to: &file, &checksum)
      case .bytes(let bytes):
        try write(bytes.span, to: &file, &checksum)
      case .generated(let fill):
        let multiple = tensors[index].blockByteMultiple
        let step = max(1, Self.blockByteCount / multiple) * multiple
        var block = [UInt8](repeating: 0, count: min(step, byteCounts[index]))
        for offset in stride(from: 0, to: byteCounts[index], by: step) {
          let count = min(step, byteCounts[index] - offset)
          if count < block.count { block.removeLast(block.count - count) }
          var target = block.mutableSpan
          fill(offset, &target)
          try write(block.span, to: &file, &checksum)
        }
      }
    } catch {
      throw CheckpointError(error)
    }
    return checksum.value
  }

  /// Block after block, so that checksum and write find the bytes in the cache.
  private func write(
    _ bytes: Span<UInt8>, prefetching tensor: Tensor? = nil, to file: inout AtomicFileWriter,
    _ checksum: inout CRC32
  ) throws(SystemError) {
    for offset in stride(from: 0, to: bytes.count, by: Self.blockByteCount) {
      tensor?.prefetchBlock(after: offset, byteCount: Self.blockByteCount)
      let block = bytes.extracting(offset..<min(bytes.count, offset + Self.blockByteCount))
      checksum.update(block)
      try file.write(block)
    }
  }
}
