import ByteCoding
import Foundation

/// Long rows of tables run only when asked for.
let slowTests = ProcessInfo.processInfo.environment["SLOW_TESTS"] == "1"

/// Little-endian bytes of an integer.
func little<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
  (0..<MemoryLayout<Value>.size).map { UInt8(truncatingIfNeeded: value >> Value(8 * $0)) }
}

/// Writes zip files whose every field can be made to lie.
struct ZipBuilder {
  struct Member {
    var name: String
    var content: [UInt8]
    var method: UInt16 = 0
    var flags: UInt16 = 0
    var checksum: UInt32?
    /// What the directory says; nil: the truth.
    var byteCount: UInt32?
    var compressedByteCount: UInt32?
    var localOffset: UInt32?
    var localName: String?
    var extra: [UInt8] = []
    var localSignature: UInt32 = 0x0403_4B50
  }

  var members: [Member] = []
  var comment: [UInt8] = []
  var entryCount: UInt16?
  var directoryByteCount: UInt32?
  var directoryOffset: UInt32?
  /// Put between directory and end record.
  var beforeEnd: (_ directoryOffset: Int, _ directoryByteCount: Int) -> [UInt8] = { _, _ in [] }

  func bytes() -> [UInt8] {
    var file: [UInt8] = []
    var directory: [UInt8] = []
    for member in members {
      let offset = file.count
      let checksum = member.checksum ?? CRC32.of(member.content.span)
      let name = Array(member.name.utf8)
      let localName = Array((member.localName ?? member.name).utf8)
      file += little(member.localSignature) + little(UInt16(20)) + little(member.flags)
      file += little(member.method) + [0, 0, 0, 0] + little(UInt32(0)) + little(UInt32(0))
      file += little(UInt32(0)) + little(UInt16(localName.count)) + little(UInt16(0)) + localName
      file += member.content
      directory += little(UInt32(0x0201_4B50)) + [20, 3, 20, 0] + little(member.flags)
      directory += little(member.method) + [0, 0, 0, 0] + little(checksum)
      directory += little(member.compressedByteCount ?? UInt32(member.content.count))
      directory += little(member.byteCount ?? UInt32(member.content.count))
      directory += little(UInt16(name.count)) + little(UInt16(member.extra.count))
      directory += little(UInt16(0)) + [0, 0, 0, 0, 0, 0, 0, 0]
      directory += little(member.localOffset ?? UInt32(offset)) + name + member.extra
    }
    let start = file.count
    let count = entryCount ?? UInt16(members.count)
    file += directory + beforeEnd(start, directory.count)
    file += little(UInt32(0x0605_4B50)) + [0, 0, 0, 0] + little(count) + little(count)
    file += little(directoryByteCount ?? UInt32(directory.count))
    file += little(directoryOffset ?? UInt32(start)) + little(UInt16(comment.count)) + comment
    return file
  }
}

/// Writes pickles, operation by operation.
struct Pickle {
  var bytes: [UInt8] = [0x80, 2]

  static func text(_ text: String) -> [UInt8] {
    [UInt8(ascii: "X")] + little(UInt32(text.utf8.count)) + Array(text.utf8)
  }

  static func int(_ value: Int64) -> [UInt8] { [0x8A, 8] + little(value) }

  static func global(_ module: String, _ name: String) -> [UInt8] {
    [UInt8(ascii: "c")] + Array("\(module)\n\(name)\n".utf8)
  }

  static func tuple(_ items: [UInt8]...) -> [UInt8] {
    [UInt8(ascii: "(")] + items.joined() + [UInt8(ascii: "t")]
  }

  static func storage(
    _ key: String = "0", type: String = "FloatStorage", count: Int64
  ) -> [UInt8] {
    tuple(text("storage"), global("torch", type), text(key), text("cpu"), int(count))
      + [UInt8(ascii: "Q")]
  }

  static func tensor(
    _ storage: [UInt8], offset: Int64 = 0, size: [Int64], stride: [Int64]
  ) -> [UInt8] {
    func sizes(_ values: [Int64]) -> [UInt8] {
      [UInt8(ascii: "(")] + values.flatMap(int) + [UInt8(ascii: "t")]
    }
    return global("torch._utils", "_rebuild_tensor_v2")
      + tuple(storage, int(offset), sizes(size), sizes(stride), [0x89], [UInt8(ascii: "}")])
      + [UInt8(ascii: "R")]
  }

  /// A dictionary of one tensor called `t`.
  static func state(_ tensor: [UInt8]) -> [UInt8] {
    [0x80, 2, UInt8(ascii: "}")] + text("t") + tensor + [UInt8(ascii: "s"), UInt8(ascii: ".")]
  }
}

/// A PyTorch file of this pickle and one storage, `0`.
func torchFile(_ pickle: [UInt8], storage: [UInt8] = [UInt8](repeating: 1, count: 24)) -> [UInt8] {
  ZipBuilder(members: [
    .init(name: "m/data.pkl", content: pickle), .init(name: "m/data/0", content: storage),
    .init(name: "m/byteorder", content: Array("little".utf8)),
  ]).bytes()
}
