import ByteCoding

/// The binary form of a data set, so that later epochs parse no text.
///
///     header     64 bytes: "QTNTDATA", version u32, dense u32, categorical u32, 0 u32, rows u64,
///                footer's offset u64, size u64 and CRC-32 u32, 8 zeros, CRC-32 u32 of these
///                60 bytes
///     blocks     one after the other, as ``CacheBlock`` says
///     footer     size u32 and text of a JSON object (sources, options, key counts);
///                block count u32, per block offset u64, size u32, rows u32, CRC-32 u32;
///                per feature: how often each key was seen u32, the keys' sizes u16, the keys
///
/// Everything is little-endian. A version is raised whenever the bytes change their meaning.
enum CacheFormat {
  static let magic = Array("QTNTDATA".utf8)
  static let version: UInt32 = 1
  static let headerByteCount = 64
  static let checkedHeaderByteCount = 60
  static let blockEntryByteCount = 20
  /// A block is read as a whole; text blocks have fewer bytes than this.
  static let blockByteCountMax = 1 << 28
  /// What a footer of ten features of 2^31 keys each would have is refused as damage.
  static let footerByteCountMax = 1 << 38

  struct Header: Equatable {
    var denseCount: Int
    var categoricalCount: Int
    var rowCount: Int
    var footerOffset: Int
    var footerByteCount: Int
    var footerChecksum: UInt32
  }

  struct BlockEntry: Equatable, Sendable {
    var offset: Int
    var byteCount: Int
    var rowCount: Int
    var checksum: UInt32
  }
}

extension CacheFormat.Header {
  func encoded() -> ByteBuffer {
    var bytes = ByteBuffer(capacity: CacheFormat.headerByteCount)
    bytes.append(CacheFormat.magic.span)
    bytes.append(littleEndian: CacheFormat.version)
    bytes.append(littleEndian: UInt32(denseCount))
    bytes.append(littleEndian: UInt32(categoricalCount))
    bytes.append(littleEndian: UInt32(0))
    bytes.append(littleEndian: UInt64(rowCount))
    bytes.append(littleEndian: UInt64(footerOffset))
    bytes.append(littleEndian: UInt64(footerByteCount))
    bytes.append(littleEndian: footerChecksum)
    bytes.append(littleEndian: UInt64(0))
    bytes.append(littleEndian: CRC32.of(bytes.bytes))
    return bytes
  }

  /// nil: these bytes are no header of this version, or damaged.
  init?(_ bytes: Span<UInt8>) {
    guard bytes.count == CacheFormat.headerByteCount,
      CacheFormat.magic.indices.allSatisfy({ bytes[$0] == CacheFormat.magic[$0] }),
      LittleEndian.load(UInt32.self, from: bytes, at: 8) == CacheFormat.version,
      LittleEndian.load(UInt32.self, from: bytes, at: CacheFormat.checkedHeaderByteCount)
        == CRC32.of(bytes.extracting(0..<CacheFormat.checkedHeaderByteCount)),
      let rowCount = Int(exactly: LittleEndian.load(UInt64.self, from: bytes, at: 24)),
      let footerOffset = Int(exactly: LittleEndian.load(UInt64.self, from: bytes, at: 32)),
      let footerByteCount = Int(exactly: LittleEndian.load(UInt64.self, from: bytes, at: 40)),
      footerByteCount <= CacheFormat.footerByteCountMax
    else { return nil }
    denseCount = Int(LittleEndian.load(UInt32.self, from: bytes, at: 12))
    categoricalCount = Int(LittleEndian.load(UInt32.self, from: bytes, at: 16))
    self.rowCount = rowCount
    self.footerOffset = footerOffset
    self.footerByteCount = footerByteCount
    footerChecksum = LittleEndian.load(UInt32.self, from: bytes, at: 48)
  }
}
