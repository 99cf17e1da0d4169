import ByteCoding

/// The arrays of a NumPy file: many in an `.npz` file, one without a name in an `.npy` file.
package struct NumpyArchive: Sendable {
  package let path: String
  /// In the order of the file; of an `.npy` file: one empty name.
  package let names: [String]
  private let storage: TensorStorage
  private let archive: ZipArchive?
  private let limits: ArchiveLimits

  package init(opening path: String, limits: ArchiveLimits = .init()) throws(CheckpointError) {
    let storage = try TensorStorage.open(path, mode: .sequential)
    self = try locating(in: path) { () throws(CheckpointError) in
      try NumpyArchive(parsing: storage, path: path, limits: limits)
    }
  }

  /// As above, of a file that is in memory.
  package init(
    parsing storage: TensorStorage, path: String = "", limits: ArchiveLimits = .init()
  ) throws(CheckpointError) {
    self.path = path
    self.storage = storage
    self.limits = limits
    // An archive without members starts with its end record.
    let bytes = storage.byteSpan
    if bytes.count >= 2, bytes[0] == UInt8(ascii: "P"), bytes[1] == UInt8(ascii: "K") {
      let archive = try ZipArchive(storage, limits: limits)
      names = archive.members.map(\.name).filter { $0.hasSuffix(".npy") }
        .map { String($0.dropLast(4)) }
      self.archive = archive
    } else {
      archive = nil
      names = [""]
      _ = try NumpyFile.tensor(
        named: "", in: storage, range: 0..<storage.byteCount, limits: limits)
    }
  }

  /// The array with this name (the only one of an `.npy` file has the empty name), in C order.
  ///
  /// Stored arrays are views of the mapped file; compressed and Fortran-ordered ones are copies.
  package func tensor(named name: String) throws(CheckpointError) -> Tensor {
    try locating(in: path) { () throws(CheckpointError) in
      guard let archive else {
        guard name.isEmpty else { throw missing(name) }
        return try NumpyFile.tensor(
          named: name, in: storage, range: 0..<storage.byteCount, limits: limits)
      }
      guard let member = archive[name + ".npy"] else { throw missing(name) }
      let (content, range) = try archive.content(of: member)
      do throws(CheckpointError) {
        return try NumpyFile.tensor(named: name, in: content, range: range, limits: limits)
      } catch {
        throw CheckpointError(error.reason, "array \(quoted(name)): \(error.detail)")
      }
    }
  }

  private func missing(_ name: String) -> CheckpointError {
    CheckpointError(
      .missing,
      "there is no array \(quoted(name)); there are: "
        + names.prefix(20).map(quoted).joined(separator: ", "))
  }
}
