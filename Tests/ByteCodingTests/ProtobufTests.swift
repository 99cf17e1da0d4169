import ByteCoding
import Foundation
import TestSupport
import Testing

/// The wire format of Protocol Buffers, against bytes of Google's library (Golden/make_protobuf.py)
/// and against what no library writes.
@Suite struct ProtobufTests {
  private func bytes(hexadecimal text: Substring) -> [UInt8] {
    guard text != "-" else { return [] }
    let digits = Array(text.utf8).map { hexadecimalDigit($0)! }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
  }

  private func written(_ write: (inout ByteBuffer) -> Void) -> [UInt8] {
    var buffer = ByteBuffer()
    write(&buffer)
    return [UInt8](buffer.bytes)
  }

  /// A message's first field, whose value is read as the wire type says.
  private func firstValue(_ message: [UInt8]) throws -> UInt64 {
    var reader = ProtobufReader(message.span)
    guard let field = try reader.nextField() else { return 0 }
    #expect(field.number == 1)
    let value: UInt64
    switch field.wireType {
    case .fixed32: value = UInt64(try reader.readFixed32(field))
    case .fixed64: value = try reader.readFixed64(field)
    default: value = try reader.readVarint(field)
    }
    let isAtEnd = reader.isAtEnd
    #expect(isAtEnd)
    return value
  }

  @Test func `values are read and written as Google's library does`() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
    let golden = try String(
      contentsOf: folder.appending(path: "Golden/protobuf.txt"), encoding: .utf8)
    let lines = golden.split(separator: "\n")
    #expect(lines.count > 80)
    for line in lines {
      let parts = line.split(separator: " ")
      let message = bytes(hexadecimal: parts[2])
      if parts[0] == "text" {
        let text = bytes(hexadecimal: parts[1])
        var reader = ProtobufReader(message.span)
        let field = try reader.nextField()
        let range = try field.map { try reader.readBytes($0) } ?? 0..<0
        #expect(Array(message[range]) == text)
        #expect(message.isEmpty || written { $0.append(field: 1, bytes: text.span) } == message)
        let string = String(decoding: text, as: UTF8.self)
        #expect(message.isEmpty || written { $0.append(field: 1, text: string) } == message)
        let nested = written { $0.append(field: 1) { $0.append(text.span) } }
        #expect(message.isEmpty || nested == message)
        continue
      }
      let bits = Int64(parts[1]).map { UInt64(bitPattern: $0) } ?? UInt64(parts[1])!
      #expect(try firstValue(message) == bits, "\(line)")
      if !message.isEmpty, parts[0].hasSuffix("int64") {
        #expect(written { $0.append(field: 1, varint: bits) } == message, "\(line)")
        #expect(ByteBuffer.varintByteCount(bits) == message.count - 1, "\(line)")
      }
    }
  }

  @Test func `every number of up to two bytes is read, and written the short way`() throws {
    for first in UInt8.min...UInt8.max {
      for second in UInt8.min...UInt8.max {
        let message = [first, second]
        var reader = ProtobufReader(message.span)
        if first < 0x80 {
          #expect(try reader.readVarint() == UInt64(first) && reader.offset == 1)
        } else if second < 0x80 {
          let value = UInt64(first & 0x7F) | UInt64(second) << 7
          #expect(try reader.readVarint() == value)
          let short = written { $0.append(varint: value) }
          #expect(short == (second == 0 ? [first & 0x7F] : message))
          #expect(written { $0.append(varint: value, byteCount: 2) } == message)
        } else {
          #expect(throws: ProtobufError(.truncated, at: 0)) { try reader.readVarint() }
        }
      }
    }
  }

  @Test func `a length may be written longer than it is`() throws {
    for byteCount in 1...5 {
      let message = written {
        $0.append(field: 3, .bytes)
        $0.append(varint: 2, byteCount: byteCount)
        $0.append(UInt8(7))
        $0.append(UInt8(8))
      }
      #expect(message.count == 3 + byteCount)
      var reader = ProtobufReader(message.span)
      let field = try #require(try reader.nextField())
      #expect(try reader.readBytes(field) == 1 + byteCount..<3 + byteCount)
    }
  }

  @Test func `any first byte is a field or an error`() throws {
    for byte in UInt8.min...UInt8.max {
      let message = [byte]
      var reader = ProtobufReader(message.span)
      let expected: ProtobufError.Reason? =
        byte >= 0x80
        ? .truncated : byte < 8 ? .fieldNumberInvalid : byte & 7 > 5 ? .wireTypeInvalid : nil
      do {
        let field = try #require(try reader.nextField())
        #expect(expected == nil && field.number == Int(byte >> 3))
        #expect(field.wireType.rawValue == byte & 7)
      } catch let error as ProtobufError {
        #expect(error.reason == expected, "\(byte)")
      }
    }
  }

  static let malformed: [([UInt8], ProtobufError.Reason)] = [
    // Eleven bytes; ten with more than 64 bits; cut off.
    ([0x08] + [UInt8](repeating: 0x80, count: 10) + [0], .varintTooLong),
    ([0x08] + [UInt8](repeating: 0xFF, count: 9) + [0x02], .varintTooLong),
    ([0x08] + [UInt8](repeating: 0xFF, count: 9), .truncated), ([0x08], .truncated),
    // A tag beyond 2^29 - 1.
    ([0x80, 0x80, 0x80, 0x80, 0x10, 0], .fieldNumberInvalid),
    ([0x0A, 2, 1], .truncated), ([0x0A], .truncated), ([0x0D, 1, 2, 3], .truncated),
    ([0x09, 1, 2, 3, 4, 5, 6, 7], .truncated),
    // A length that would overflow.
    ([0x0A] + [UInt8](repeating: 0xFF, count: 9) + [0x01, 1], .truncated),
    ([0x0C], .groupUnbalanced), ([0x0B], .truncated), ([0x0B, 0x14], .groupUnbalanced),
    ([0x0B, 0x13, 0x0C], .groupUnbalanced), ([0x0B, 0x08], .truncated),
  ]

  @Test(arguments: malformed)
  func `what is malformed says why`(message: [UInt8], reason: ProtobufError.Reason) {
    var found: ProtobufError.Reason?
    var reader = ProtobufReader(message.span)
    do {
      while let field = try reader.nextField() { try reader.skip(field) }
    } catch {
      found = error.reason
    }
    #expect(found == reason)
  }

  @Test func `a known field of another type is refused`() throws {
    let messages: [[UInt8]] = [
      [0x08, 1], [0x09, 1, 2, 3, 4, 5, 6, 7, 8], [0x0A, 0], [0x0D, 1, 2, 3, 4],
    ]
    let own: [ProtobufField.WireType] = [.varint, .fixed64, .bytes, .fixed32]
    for (message, wireType) in zip(messages, own) {
      for asked in own {
        var reader = ProtobufReader(message.span)
        let field = try #require(try reader.nextField())
        #expect(field.wireType == wireType)
        do {
          switch asked {
          case .varint: _ = try reader.readVarint(field)
          case .fixed64: _ = try reader.readFixed64(field)
          case .fixed32: _ = try reader.readFixed32(field)
          default: _ = try reader.readBytes(field)
          }
          #expect(asked == wireType)
        } catch {
          #expect(asked != wireType && error.reason == .otherWireType(field: 1))
        }
      }
    }
  }

  @Test func `groups are skipped as deep as Google's parsers do`() throws {
    for depth in [1, 2, 100, 101] {
      let message =
        [UInt8](repeating: 0x0B, count: depth) + [0x10, 5]
        + [UInt8](repeating: 0x0C, count: depth) + [0x18, 9]
      var reader = ProtobufReader(message.span)
      let group = try #require(try reader.nextField())
      if depth > 100 {
        #expect(throws: ProtobufError.self) { try reader.skip(group) }
      } else {
        try reader.skip(group)
        #expect(try reader.nextField() == ProtobufField(number: 3, wireType: .varint))
      }
    }
  }

  @Test func `a message that is cut anywhere is read to a field's end or refused`() throws {
    let message = written {
      $0.append(field: 1, varint: 300)
      $0.append(field: 2, text: "text")
      $0.append(field: 3) { $0.append(field: 1, varint: 1) }
      $0.append(field: 70, varint: .max)
    }
    var ends: Set<Int> = [0]
    for count in 0...message.count {
      let cut = Array(message[..<count])
      var reader = ProtobufReader(cut.span)
      do {
        while let field = try reader.nextField() {
          try reader.skip(field)
          ends.insert(reader.offset)
        }
        #expect(ends.contains(count))
      } catch {
        #expect(error.reason == .truncated)
      }
    }
    #expect(ends.count == 5)
  }
}
