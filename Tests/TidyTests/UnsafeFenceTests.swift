import Foundation
import Testing

/// `unsafe` has an address. Everyone else is held by the compiler's strict memory safety.
@Suite struct UnsafeFenceTests {
  static let unsafeRooms = ["Sources/SystemIO/", "Sources/Kernels/", "Sources/quotient-bench/"]
  static let unsafeFiles: Set<String> = [
    "Sources/ByteCoding/ByteBuffer.swift",
    "Sources/ByteCoding/ByteComparison.swift",
    "Sources/ByteCoding/Deflate.swift",
    "Sources/ByteCoding/DelimitedText.swift",
    "Sources/ByteCoding/InflateStream.swift",
    "Sources/ByteCoding/FloatText.swift",
    "Sources/ByteCoding/IntegerText.swift",
    "Sources/ByteCoding/LittleEndian.swift",
    "Sources/ByteCoding/JSONNumberLists.swift",
    "Sources/ByteCoding/Base64.swift",
    "Sources/ByteCoding/Checksum.swift",
    "Sources/Checkpoints/TensorStorage.swift",
    "Sources/TLS/TLSContext.swift",
    "Sources/TLS/TLSSession.swift",
    "Sources/HTTPCore/HTTP2/HTTP2Session.swift",
    "Sources/HTTPCore/HTTP2/HTTP2Library.swift",
  ]
  /// How far above its use a justification may stand.
  static let justificationLinesMax = 20

  static func saysUnsafe(_ code: String) -> Bool {
    guard code.contains("nsafe") || code.contains("unchecked") else { return false }
    return code.contains(/@unsafe\b/) || code.contains(/\bunsafe [a-zA-Z(_]/)
      || code.contains(/\bUnsafe(Mutable)?(Raw)?(Buffer)?Pointer\b/)
      || code.contains(/@unchecked Sendable/)
  }

  @Test func `unsafe stays inside its rooms`() throws {
    for file in files(under: ["Sources"]) {
      let isFenced =
        Self.unsafeFiles.contains(file.path)
        || Self.unsafeRooms.contains { file.path.hasPrefix($0) }
      if isFenced { continue }
      for (index, code) in file.codeLines.enumerated() where Self.saysUnsafe(code) {
        // A class with its own lock or atomics may promise what the compiler cannot see.
        if code.contains("@unchecked Sendable"), Self.isJustified(file, at: index) { continue }
        Issue.record("\(file.path):\(index + 1): unsafe outside of its rooms")
      }
    }
  }

  @Test func `unsafe says why it is sound`() throws {
    for file in files(under: ["Sources"]) {
      for (index, code) in file.codeLines.enumerated()
      where code.contains("unsafe ") && code.contains(/\bunsafe [a-zA-Z(_]/) {
        if Self.isJustified(file, at: index) { continue }
        Issue.record("\(file.path):\(index + 1): unsafe without a SAFETY comment above it")
      }
    }
  }

  static func isJustified(_ file: SourceFile, at index: Int) -> Bool {
    file.lines[max(0, index - justificationLinesMax)...index].contains {
      $0.contains("SAFETY:") || $0.contains("- Precondition:")
    }
  }
}
