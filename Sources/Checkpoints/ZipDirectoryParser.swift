import ByteCoding

/// Reads the central directory of a zip file and checks it against the local headers.
struct ZipDirectoryParser {
  let limits: ArchiveLimits

  private static let endSignature: UInt32 = 0x0605_4B50
  private static let end64Signature: UInt32 = 0x0606_4B50
  private static let locatorSignature: UInt32 = 0x0706_4B50
  private static let entrySignature: UInt32 = 0x0201_4B50
  private static let localSignature: UInt32 = 0x0403_4B50
  /// Deflate makes 258 bytes of two bits at best: RFC 1951 section 3.2.5.
  private static let expansionMax = 1032

  /// Where the central directory lies, and what it should hold.
  private struct End {
    var entryCount: UInt64
    var byteCount: UInt64
    var offset: UInt64
    /// Where the end record lies, before which the directory must end.
    var position: Int
  }

  /// One entry of the central directory.
  private struct Entry {
    var name: String
    var nameBytes: [UInt8]
    var flags: UInt16
    var method: UInt16
    var checksum: UInt32
    var compressedByteCount: UInt64
    var byteCount: UInt64
    var localOffset: UInt64
  }

  mutating func parse(_ bytes: Span<UInt8>) throws(CheckpointError) -> [ZipArchive.Member] {
    let end = try findEnd(bytes)
    guard end.offset <= UInt64(end.position), end.byteCount <= UInt64(end.position) - end.offset
    else { throw malformed("its directory lies outside of the file") }
    let start = Int(end.offset)
    let directory = start..<(start + Int(end.byteCount))
    guard end.entryCount <= UInt64(limits.memberCountMax) else {
      throw CheckpointError(
        .tooLarge, "the zip file has more than \(limits.memberCountMax) members")
    }
    // An entry takes at least 46 bytes, so a lie about their number costs nothing.
    guard end.entryCount <= UInt64(directory.count / 46) else {
      throw malformed("its directory is too short for \(end.entryCount) members")
    }
    var members: [ZipArchive.Member] = []
    var extents: [Range<Int>] = []
    var position = directory.lowerBound
    for _ in 0..<end.entryCount {
      let entry = try parseEntry(bytes, at: &position, before: directory.upperBound)
      let (member, extent) = try locate(entry, in: bytes, before: directory.lowerBound)
      members.append(member)
      extents.append(extent)
    }
    guard position == directory.upperBound else {
      throw malformed("its directory has more bytes than members")
    }
    try refuseOverlaps(extents)
    return members
  }

  /// Finds the end record: 22 bytes and a comment that reaches to the end of the file.
  private func findEnd(_ bytes: Span<UInt8>) throws(CheckpointError) -> End {
    guard bytes.count >= 22 else { throw malformed("it has \(bytes.count) bytes") }
    let first = max(0, bytes.count - 22 - 65_535)
    for position in stride(from: bytes.count - 22, through: first, by: -1)
    where u32(bytes, position) == Self.endSignature
      && position + 22 + Int(u16(bytes, position + 20)) == bytes.count
    {
      guard u16(bytes, position + 4) == 0, u16(bytes, position + 6) == 0 else {
        throw CheckpointError(.unsupported, "the zip file is split over several disks")
      }
      guard u16(bytes, position + 8) == u16(bytes, position + 10) else {
        throw malformed("it disagrees about the number of its members")
      }
      let end = End(
        entryCount: UInt64(u16(bytes, position + 10)), byteCount: UInt64(u32(bytes, position + 12)),
        offset: UInt64(u32(bytes, position + 16)), position: position)
      return try findEnd64(bytes, before: end) ?? end
    }
    throw CheckpointError(
      .truncated, "not a zip file, or cut off: it has no end record; copy the file again")
  }

  /// The zip64 end record, if a locator stands right before the end record.
  private func findEnd64(_ bytes: Span<UInt8>, before end: End) throws(CheckpointError) -> End? {
    let locator = end.position - 20
    guard locator >= 0, u32(bytes, locator) == Self.locatorSignature else { return nil }
    let offset = u64(bytes, locator + 8)
    guard u32(bytes, locator + 4) == 0, u32(bytes, locator + 16) <= 1 else {
      throw CheckpointError(.unsupported, "the zip file is split over several disks")
    }
    guard locator >= 56, offset <= UInt64(locator - 56) else {
      throw malformed("its zip64 end record lies outside of the file")
    }
    let position = Int(offset)
    guard u32(bytes, position) == Self.end64Signature else {
      throw malformed("its zip64 end record is not where it should be")
    }
    let size = u64(bytes, position + 4)
    guard size >= 44, size <= UInt64(locator - position - 12) else {
      throw malformed("its zip64 end record has an impossible size")
    }
    guard u64(bytes, position + 24) == u64(bytes, position + 32),
      u32(bytes, position + 16) == 0, u32(bytes, position + 20) == 0
    else { throw malformed("its zip64 end record contradicts itself") }
    let end64 = End(
      entryCount: u64(bytes, position + 32), byteCount: u64(bytes, position + 40),
      offset: u64(bytes, position + 48), position: position)
    // Where the short record has room for a value, both must say the same.
    let agrees =
      (end.entryCount == 0xFFFF || end.entryCount == end64.entryCount)
      && (end.byteCount == 0xFFFF_FFFF || end.byteCount == end64.byteCount)
      && (end.offset == 0xFFFF_FFFF || end.offset == end64.offset)
    guard agrees else { throw malformed("its two end records disagree") }
    return end64
  }

  private func parseEntry(
    _ bytes: Span<UInt8>, at position: inout Int, before limit: Int
  ) throws(CheckpointError) -> Entry {
    let start = position
    guard limit - start >= 46, u32(bytes, start) == Self.entrySignature else {
      throw malformed("its directory is broken at byte \(start)")
    }
    let nameByteCount = Int(u16(bytes, start + 28))
    let extraByteCount = Int(u16(bytes, start + 30))
    let commentByteCount = Int(u16(bytes, start + 32))
    guard limit - start - 46 >= nameByteCount + extraByteCount + commentByteCount else {
      throw malformed("its directory is broken at byte \(start)")
    }
    position = start + 46 + nameByteCount + extraByteCount + commentByteCount
    let nameBytes = bytes.extracting((start + 46)..<(start + 46 + nameByteCount))
    guard nameByteCount <= limits.nameByteCountMax, let name = String(utf8: nameBytes),
      !name.utf8.contains(0)
    else { throw malformed("a member's name is not a text of a possible length") }
    var entry = Entry(
      name: name, nameBytes: Array(name.utf8), flags: u16(bytes, start + 8),
      method: u16(bytes, start + 10), checksum: u32(bytes, start + 16),
      compressedByteCount: UInt64(u32(bytes, start + 20)),
      byteCount: UInt64(u32(bytes, start + 24)), localOffset: UInt64(u32(bytes, start + 42)))
    guard u16(bytes, start + 34) == 0 || u16(bytes, start + 34) == 0xFFFF else {
      throw CheckpointError(.unsupported, "the zip file is split over several disks")
    }
    let extraStart = start + 46 + nameByteCount
    try readZip64Extra(bytes.extracting(extraStart..<(extraStart + extraByteCount)), into: &entry)
    return entry
  }

  /// The extra field 1 holds, in this order, 64-bit values for those that did not fit.
  private func readZip64Extra(
    _ extra: Span<UInt8>, into entry: inout Entry
  ) throws(CheckpointError) {
    var position = 0
    while extra.count - position >= 4 {
      let identifier = u16(extra, position)
      let size = Int(u16(extra, position + 2))
      guard size <= extra.count - position - 4 else {
        throw malformed("an extra field of \(quoted(entry.name)) is cut off")
      }
      if identifier == 1 {
        var at = position + 4
        let end = at + size
        func next(_ value: inout UInt64) throws(CheckpointError) {
          guard value == 0xFFFF_FFFF else { return }
          guard end - at >= 8 else {
            throw malformed("the zip64 sizes of \(quoted(entry.name)) are cut off")
          }
          value = u64(extra, at)
          at += 8
        }
        try next(&entry.byteCount)
        try next(&entry.compressedByteCount)
        try next(&entry.localOffset)
        return
      }
      position += 4 + size
    }
  }

  /// Finds an entry's content behind its local header, and everything the entry takes of the file.
  private func locate(
    _ entry: Entry, in bytes: Span<UInt8>, before limit: Int
  ) throws(CheckpointError) -> (member: ZipArchive.Member, extent: Range<Int>) {
    let name = quoted(entry.name)
    guard entry.flags & 0x2041 == 0 else {
      throw CheckpointError(.unsupported, "the zip member \(name) is encrypted")
    }
    guard entry.method == 0 || entry.method == 8 else {
      throw CheckpointError(
        .unsupported,
        "the zip member \(name) is compressed by method \(entry.method); only 0 (stored) and 8 "
          + "(deflated) are read")
    }
    guard limit >= 30, entry.localOffset <= UInt64(limit - 30) else {
      throw malformed("\(name) lies outside of the file")
    }
    let start = Int(entry.localOffset)
    let nameByteCount = Int(u16(bytes, start + 26))
    let contentStart = start + 30 + nameByteCount + Int(u16(bytes, start + 28))
    guard u32(bytes, start) == Self.localSignature, contentStart <= limit,
      nameByteCount == entry.nameBytes.count, u16(bytes, start + 8) == entry.method,
      entry.nameBytes.indices.allSatisfy({ bytes[start + 30 + $0] == entry.nameBytes[$0] })
    else { throw malformed("the local header of \(name) does not fit the directory") }
    guard entry.compressedByteCount <= UInt64(limit - contentStart) else {
      throw malformed("\(name) lies outside of the file")
    }
    let stored = entry.compressedByteCount
    guard
      entry.method == 0
        ? entry.byteCount == stored
        : entry.byteCount / UInt64(Self.expansionMax) <= stored
    else { throw malformed("\(name) has an impossible size") }
    let range = contentStart..<(contentStart + Int(stored))
    let member = ZipArchive.Member(
      name: entry.name, isDeflated: entry.method == 8, checksum: entry.checksum,
      byteCount: Int(entry.byteCount), range: range)
    return (member, start..<range.upperBound)
  }

  /// Two members never share bytes: overlapping ones are how small zip files become huge.
  private func refuseOverlaps(_ extents: [Range<Int>]) throws(CheckpointError) {
    let sorted = extents.sorted { $0.lowerBound < $1.lowerBound }
    for (left, right) in zip(sorted, sorted.dropFirst())
    where left.upperBound > right.lowerBound {
      throw malformed("two of its members overlap at byte \(right.lowerBound)")
    }
  }

  private func malformed(_ detail: String) -> CheckpointError {
    CheckpointError(.malformed, "the zip file is broken: \(detail)")
  }
}

private func u16(_ bytes: Span<UInt8>, _ offset: Int) -> UInt16 {
  LittleEndian.load(UInt16.self, from: bytes, at: offset)
}

private func u32(_ bytes: Span<UInt8>, _ offset: Int) -> UInt32 {
  LittleEndian.load(UInt32.self, from: bytes, at: offset)
}

private func u64(_ bytes: Span<UInt8>, _ offset: Int) -> UInt64 {
  LittleEndian.load(UInt64.self, from: bytes, at: offset)
}
