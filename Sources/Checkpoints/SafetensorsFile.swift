import SystemIO

/// How a checkpoint's bytes come into memory: `--load`.
package enum CheckpointLoadMode: String, Sendable, CaseIterable {
  /// Mapped for single rows anywhere: pages are read when they are touched, and no others.
  case mmap
  /// Mapped, and all pages read before opening returns, as huge pages where that is possible.
  case populate
  /// Read into anonymous huge pages, checksums verified.
  case copy
  /// Mapped to be read once from front to back: for commands that work on whole tables.
  case sequential
}

/// One opened safetensors file.
package struct SafetensorsFile: Sendable {
  package let path: String
  package let storage: TensorStorage
  package let header: SafetensorsHeader

  /// Maps (or copies) `path` and checks its header. With ``CheckpointLoadMode/mmap`` no page behind
  /// the header is touched.
  package init(
    opening path: String, mode: CheckpointLoadMode = .mmap, limits: SafetensorsLimits = .init()
  ) throws(CheckpointError) {
    let storage = try TensorStorage.open(path, mode: mode)
    self.path = path
    self.storage = storage
    header = try locating(in: path) { () throws(CheckpointError) in
      try SafetensorsHeader(parsing: storage.byteSpan, limits: limits)
    }
    if mode == .copy { _ = try verifyChecksums() }
  }

  /// In the order of the data.
  package var tensors: [Tensor] { header.entries.map(tensor) }

  /// The tensor with this name, if there is one.
  package func tensor(named name: String) -> Tensor? {
    header.entry(named: name.utf8Span.span).map(tensor)
  }

  private func tensor(of entry: SafetensorsHeader.Entry) -> Tensor {
    let start = header.dataOffset
    return Tensor(
      name: header.name(of: entry), elementType: entry.elementType,
      shape: header.shapeArray(of: entry), storage: storage,
      byteRange: (start + entry.byteRange.lowerBound)..<(start + entry.byteRange.upperBound))
  }

  /// Compares every tensor that has a checksum with it. Reads all their bytes.
  package func verifyChecksums() throws(CheckpointError) -> ChecksumCoverage {
    try locating(in: path) { () throws(CheckpointError) in
      try TensorChecksum.verify(tensors, metadata: header.metadata)
    }
  }
}

extension TensorStorage {
  /// The bytes of a whole file, by one of the ways of ``CheckpointLoadMode``.
  package static func open(
    _ path: String, mode: CheckpointLoadMode
  ) throws(CheckpointError) -> TensorStorage {
    switch mode {
    case .mmap, .sequential:
      return TensorStorage(
        mapping: try reading { () throws(SystemError) in
          try MappedFile(opening: path, access: mode == .mmap ? .random : .sequential)
        })
    case .populate:
      let file = try reading { () throws(SystemError) in
        try MappedFile(opening: path, access: .hugePages)
      }
      try reading { () throws(SystemError) in try file.populate() }
      return TensorStorage(mapping: file)
    case .copy:
      return TensorStorage(
        adopting: try reading { () throws(SystemError) in
          try HugePageMemory.copy(of: path)
        })
    }
  }
}
