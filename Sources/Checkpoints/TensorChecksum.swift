import ByteCoding

/// How many of a file's tensors have a checksum.
package struct ChecksumCoverage: Equatable, Sendable {
  package var verifiedCount = 0
  package var unverifiedCount = 0
}

/// Checksums of tensors: `__metadata__["crc32.NAME"]` is the CRC-32 of the tensor's bytes (as in
/// zip and gzip) as eight lower-case hexadecimal digits.
enum TensorChecksum {
  static let prefix = "crc32."

  static func text(of value: UInt32) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }

  /// The value of such a text; upper-case digits are read too.
  static func value(of text: String) -> UInt32? {
    guard text.utf8.count == 8, text.utf8.allSatisfy({ hexadecimalDigit($0) != nil }) else {
      return nil
    }
    return UInt32(text, radix: 16)
  }

  /// The CRC-32 of the elements' bytes. While one block is summed, the next is read.
  private static func checksum(of tensor: Tensor) -> UInt32 {
    var checksum = CRC32()
    let bytes = tensor.byteSpan
    for offset in stride(from: 0, to: bytes.count, by: blockByteCount) {
      tensor.prefetchBlock(after: offset, byteCount: blockByteCount)
      checksum.update(bytes.extracting(offset..<min(bytes.count, offset + blockByteCount)))
    }
    return checksum.value
  }

  private static let blockByteCount = 4 << 20

  /// Throws `damaged` for the first tensor whose bytes have another checksum.
  static func verify(
    _ tensors: [Tensor], metadata: [String: String]
  ) throws(CheckpointError) -> ChecksumCoverage {
    var coverage = ChecksumCoverage()
    for tensor in tensors {
      guard let text = metadata[prefix + tensor.name] else {
        coverage.unverifiedCount += 1
        continue
      }
      guard let expected = value(of: text) else {
        throw CheckpointError(
          .malformed,
          "the checksum of tensor \(quoted(tensor.name)) should be 8 hexadecimal digits, but is "
            + quoted(text))
      }
      let found = checksum(of: tensor)
      guard found == expected else {
        throw CheckpointError(
          .damaged,
          "tensor \(quoted(tensor.name)) is damaged: its CRC-32 is \(self.text(of: found)) instead "
            + "of \(self.text(of: expected)); copy the checkpoint again")
      }
      coverage.verifiedCount += 1
    }
    return coverage
  }
}
