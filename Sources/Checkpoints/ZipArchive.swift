import ByteCoding

/// A zip file in memory: the members that its central directory lists.
///
/// Read are stored and deflated members, also of the zip64 form (PKWARE APPNOTE 6.3.9). The
/// central directory is the authority, as in every careful reader: PyTorch leaves sizes and
/// checksums out of the local headers and puts them behind the data.
struct ZipArchive: Sendable {
  struct Member: Equatable, Sendable {
    let name: String
    let isDeflated: Bool
    let checksum: UInt32
    /// Size of the content.
    let byteCount: Int
    /// Where the content, as stored, lies in the file.
    let range: Range<Int>
  }

  let storage: TensorStorage
  let limits: ArchiveLimits
  /// In the order of the central directory.
  let members: [Member]
  private let indices: [String: Int]

  init(_ storage: TensorStorage, limits: ArchiveLimits) throws(CheckpointError) {
    var parser = ZipDirectoryParser(limits: limits)
    let members = try parser.parse(storage.byteSpan)
    var indices: [String: Int] = [:]
    for (index, member) in members.enumerated() {
      guard indices.updateValue(index, forKey: member.name) == nil else {
        throw CheckpointError(.malformed, "the zip member \(quoted(member.name)) stands twice")
      }
    }
    self.storage = storage
    self.limits = limits
    self.members = members
    self.indices = indices
  }

  subscript(name: String) -> Member? { indices[name].map { members[$0] } }

  /// Whether the bytes start as a zip file does.
  static func isZip(_ bytes: Span<UInt8>) -> Bool {
    bytes.count >= 4 && LittleEndian.load(UInt32.self, from: bytes, at: 0) == 0x0403_4B50
  }

  /// Where a member's content can be read: in the file itself, or inflated. Compares its checksum.
  ///
  /// - Parameter verifying: false: not if it is stored.
  func content(
    of member: Member, verifying: Bool = true
  ) throws(CheckpointError) -> (storage: TensorStorage, range: Range<Int>) {
    if !member.isDeflated {
      if verifying && limits.verifiesStoredMembers {
        try check(CRC32.of(storage.byteSpan.extracting(member.range)), of: member)
      }
      return (storage, member.range)
    }
    guard member.byteCount <= limits.inflatedByteCountMax else {
      throw CheckpointError(
        .tooLarge,
        "the zip member \(quoted(member.name)) has \(member.byteCount) bytes when inflated, at "
          + "most \(limits.inflatedByteCountMax) are read")
    }
    let compressed = storage.byteSpan.extracting(member.range)
    let inflated: TensorStorage
    do {
      inflated = try TensorStorage(byteCount: member.byteCount) { target throws(InflateError) in
        try inflate(compressed, into: &target)
      }
    } catch {
      throw CheckpointError(.malformed, "in the zip member \(quoted(member.name)): \(error)")
    }
    try check(CRC32.of(inflated.byteSpan), of: member)
    return (inflated, 0..<member.byteCount)
  }

  private func check(_ checksum: UInt32, of member: Member) throws(CheckpointError) {
    guard checksum == member.checksum else {
      throw CheckpointError(
        .damaged,
        "the zip member \(quoted(member.name)) is damaged: its checksum differs; copy the file "
          + "again, or save it with checksums")
    }
  }
}
