import ByteCoding
import Checkpoints
import Testing

/// Zip files as attackers write them, read as NumPy archives.
@Suite struct ZipAttackTests {
  static func array(_ count: Int) -> [UInt8] {
    (NumpyFile.header(.u8, shape: [count]) ?? []) + [UInt8](repeating: 7, count: count)
  }

  static func member(_ name: String, _ count: Int = 9) -> ZipBuilder.Member {
    .init(name: name + ".npy", content: array(count))
  }

  static func deflated(_ content: [UInt8]) -> [UInt8] {
    var compressed = ByteBuffer()
    deflate(content.span, container: .raw, level: 9, into: &compressed)
    return Array(compressed.bytes)
  }

  @Test func `an honest file is read`() throws {
    var zip = ZipBuilder(members: [Self.member("a"), Self.member("b", 1000)])
    zip.comment = Array("a comment, PK\u{5}\u{6} even".utf8)
    let archive = try NumpyArchive(parsing: ReferenceFiles.storage(zip.bytes()))
    #expect(archive.names == ["a", "b"])
    #expect(try archive.tensor(named: "b").shape == [1000])
  }

  @Test func `no members are no arrays`() throws {
    let archive = try NumpyArchive(parsing: ReferenceFiles.storage(ZipBuilder().bytes()))
    #expect(archive.names == [])
  }

  struct Attack: CustomTestStringConvertible, Sendable {
    let name: String
    let message: String
    let make: @Sendable () -> ZipBuilder
    var testDescription: String { name }

    init(_ name: String, _ message: String, _ make: @escaping @Sendable (inout ZipBuilder) -> Void)
    {
      self.name = name
      self.message = message
      self.make = {
        var zip = ZipBuilder(members: [member("a"), member("b")])
        make(&zip)
        return zip
      }
    }
  }

  static let attacks: [Attack] = [
    .init("same name", "stands twice") { $0.members[1].name = "a.npy" },
    .init("overlap", "overlap") {
      // The second entry lies inside of the first one's content.
      let inner = ZipBuilder(members: [member("b")]).bytes()
      $0.members[0].content = inner
      $0.members[1].localOffset = 30 + 5
      $0.members[1].compressedByteCount = 9
      $0.members[1].byteCount = 9
    },
    .init("offset outside", "outside") { $0.members[0].localOffset = 1 << 30 },
    .init("offset into data", "does not fit") { $0.members[0].localOffset = 40 },
    .init("size outside", "outside") {
      $0.members[0].compressedByteCount = 1 << 30
      $0.members[0].byteCount = 1 << 30
    },
    .init("stored with two sizes", "impossible size") { $0.members[0].byteCount = 8 },
    .init("expansion beyond deflate", "impossible size") {
      $0.members[0].method = 8
      $0.members[0].byteCount = 0x7FFF_FFFF
    },
    .init("other local name", "does not fit") { $0.members[0].localName = "b.npy" },
    .init("no local header", "does not fit") { $0.members[1].localSignature = 0 },
    .init("encrypted", "encrypted") { $0.members[0].flags = 1 },
    .init("strongly encrypted", "encrypted") { $0.members[0].flags = 0x40 },
    .init("method 99", "method 99") { $0.members[0].method = 99 },
    .init("NUL in a name", "name") { $0.members[0].name = "a\0.npy" },
    .init("long name", "name") { $0.members[0].name = String(repeating: "n", count: 2000) },
    .init("more entries than fit", "too short") { $0.entryCount = 60_000 },
    .init("fewer entries", "more bytes") { $0.entryCount = 1 },
    .init("directory outside", "outside") { $0.directoryOffset = 1 << 30 },
    .init("directory too long", "outside") { $0.directoryByteCount = 1 << 30 },
    .init("directory misplaced", "broken") { $0.directoryOffset = 3 },
    .init("zip64 locator to nowhere", "outside") { zip in
      zip.beforeEnd = { _, _ in locator(1 << 40) }
    },
    .init("zip64 locator to something else", "not where") { zip in
      zip.beforeEnd = { _, _ in [UInt8](repeating: 0, count: 60) + locator(0) }
    },
    .init("zip64 that disagrees", "disagree") { zip in
      zip.beforeEnd = { start, count in
        end64(entries: 1, byteCount: UInt64(count), offset: UInt64(start))
          + locator(
            UInt64(start + count))
      }
    },
    .init("zip64 with 2^63 entries", "disagree") { zip in
      zip.beforeEnd = { start, count in
        end64(entries: 1 << 63, byteCount: UInt64(count), offset: UInt64(start))
          + locator(
            UInt64(start + count))
      }
    },
    .init("zip64 with 2^63 entries only", "more than") { zip in
      zip.entryCount = 0xFFFF
      zip.beforeEnd = { start, count in
        end64(entries: 1 << 63, byteCount: UInt64(count), offset: UInt64(start))
          + locator(
            UInt64(start + count))
      }
    },
    .init("zip64 directory of 2^64 - 1", "outside") { zip in
      zip.directoryByteCount = .max
      zip.beforeEnd = { start, count in
        end64(entries: 2, byteCount: .max, offset: UInt64(start)) + locator(UInt64(start + count))
      }
    },
    .init("zip64 sizes cut off", "cut off") {
      $0.members[0].byteCount = .max
      $0.members[0].extra = [1, 0, 4, 0, 0, 0, 0, 0]
    },
    .init("zip64 size of 2^64 - 1", "outside") {
      $0.members[0].byteCount = .max
      $0.members[0].compressedByteCount = .max
      $0.members[0].extra = [1, 0, 16, 0] + [UInt8](repeating: 0xFF, count: 16)
    },
    .init("extra field cut off", "cut off") { $0.members[0].extra = [9, 0, 200, 0] },
  ]

  static func locator(_ offset: UInt64) -> [UInt8] {
    little(UInt32(0x0706_4B50)) + little(UInt32(0)) + little(offset) + little(UInt32(1))
  }

  static func end64(entries: UInt64, byteCount: UInt64, offset: UInt64) -> [UInt8] {
    little(UInt32(0x0606_4B50)) + little(UInt64(44)) + [45, 0, 45, 0] + little(UInt64(0))
      + little(entries) + little(entries) + little(byteCount) + little(offset)
  }

  @Test(arguments: attacks)
  func `a zip file that lies is refused`(attack: Attack) {
    let bytes = attack.make().bytes()
    #expect {
      _ = try NumpyArchive(parsing: ReferenceFiles.storage(bytes))
    } throws: { error in
      #expect("\(error)".contains(attack.message), "\(error)")
      return error is CheckpointError
    }
  }

  @Test func `an honest zip64 file is read`() throws {
    var zip = ZipBuilder(members: [Self.member("a"), Self.member("b")])
    let size = UInt64(zip.members[0].content.count)
    zip.members[0].byteCount = .max
    zip.members[0].compressedByteCount = .max
    zip.members[0].extra = [9, 0, 0, 0, 1, 0, 16, 0] + little(size) + little(size)
    zip.entryCount = 0xFFFF
    zip.beforeEnd = { start, count in
      Self.end64(entries: 2, byteCount: UInt64(count), offset: UInt64(start))
        + Self.locator(UInt64(start + count))
    }
    let archive = try NumpyArchive(parsing: ReferenceFiles.storage(zip.bytes()))
    #expect(try archive.tensor(named: "a").shape == [9])
    #expect(try archive.tensor(named: "b").shape == [9])
  }

  @Test func `a bomb costs no more than the limit`() throws {
    let content = Self.array(1 << 20)
    var zip = ZipBuilder(members: [.init(name: "a.npy", content: Self.deflated(content))])
    zip.members[0].method = 8
    zip.members[0].byteCount = UInt32(content.count)
    zip.members[0].checksum = CRC32.of(content.span)
    let storage = ReferenceFiles.storage(zip.bytes())
    #expect(try NumpyArchive(parsing: storage).tensor(named: "a").shape == [1 << 20])
    let limited = try NumpyArchive(parsing: storage, limits: .init(inflatedByteCountMax: 1 << 20))
    #expect { _ = try limited.tensor(named: "a") } throws: {
      ($0 as? CheckpointError)?.reason == .tooLarge
    }
    // The content is longer or shorter than the directory says.
    for lie in [-1, 1] {
      zip.members[0].byteCount = UInt32(content.count + lie)
      let archive = try NumpyArchive(parsing: ReferenceFiles.storage(zip.bytes()))
      #expect { _ = try archive.tensor(named: "a") } throws: {
        ($0 as? CheckpointError)?.reason == .malformed
      }
    }
  }

  @Test func `a damaged member is found by its checksum`() throws {
    for method: UInt16 in [0, 8] {
      let content = Self.array(100)
      var zip = ZipBuilder(members: [
        .init(name: "a.npy", content: method == 8 ? Self.deflated(content) : content)
      ])
      zip.members[0].method = method
      zip.members[0].byteCount = UInt32(content.count)
      zip.members[0].checksum = CRC32.of(content.span) ^ 1
      let archive = try NumpyArchive(parsing: ReferenceFiles.storage(zip.bytes()))
      #expect { _ = try archive.tensor(named: "a") } throws: {
        ($0 as? CheckpointError)?.reason == .damaged
      }
    }
  }
}
