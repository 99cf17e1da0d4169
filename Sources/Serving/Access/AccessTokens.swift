import ByteCoding

/// What a token allows. A higher scope includes the lower ones.
package enum AccessScope: Int, Sendable, Comparable, CaseIterable {
  /// Health: what load balancers ask.
  case open
  /// Lookups, scores, metrics: what answers a question.
  case read
  /// Loading and unloading models.
  case admin

  package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// The tokens of `--tokens FILE`: a line `scope:sha256-hex` each, of the token's digest and not the
/// token itself. Empty lines and lines that begin with `#` are passed over.
///
///     printf %s "$TOKEN" | sha256sum          # the digest
package struct AccessTokens: Sendable {
  private struct Entry: Sendable {
    let scope: AccessScope
    let digest: [UInt8]
  }

  private let entries: [Entry]

  package static let fileByteCountMax = 16 << 20

  package var count: Int { entries.count }

  /// - Throws: which line is none of these.
  package init(parsing file: [UInt8]) throws(AccessError) {
    var entries: [Entry] = []
    let lines = file.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for (position, bytes) in lines.enumerated() {
      let line = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
      guard let text = line.first, !text.hasPrefix("#") else { continue }
      let parts = text.split(separator: ":", omittingEmptySubsequences: false)
      guard line.count == 1, parts.count == 2, let scope = Self.scope(parts[0]),
        let digest = Self.bytes(hexadecimal: parts[1])
      else {
        throw AccessError(
          "line \(position + 1) is not `read:` or `admin:` and the 64 hexadecimal digits of a "
            + "token's SHA-256")
      }
      entries.append(Entry(scope: scope, digest: digest))
    }
    guard !entries.isEmpty else { throw AccessError("there is no token in it") }
    self.entries = entries
  }

  private static func scope(_ word: Substring) -> AccessScope? {
    switch word {
    case "read": .read
    case "admin": .admin
    default: nil
    }
  }

  private static func bytes(hexadecimal text: Substring) -> [UInt8]? {
    guard text.utf8.count == 64, text.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
    let digits = text.compactMap(\.hexDigitValue)
    guard digits.count == 64 else { return nil }
    return (0..<32).map { UInt8(digits[2 * $0] << 4 | digits[2 * $0 + 1]) }
  }

  /// What a token allows; nil if it is unknown. Takes the same time for every token of a length:
  /// its digest is compared with all digests, to their last byte.
  package func scope(of token: Span<UInt8>) -> AccessScope? {
    let digest = SHA256.digest(of: token)
    var found = -1
    for entry in entries {
      var difference: UInt8 = 0
      for offset in 0..<32 { difference |= digest[offset] ^ entry.digest[offset] }
      // -1 if all bytes are equal, else 0.
      let isEqual = (Int(difference) - 1) >> 8
      found = max(found, entry.scope.rawValue & isEqual | ~isEqual)
    }
    return AccessScope(rawValue: found)
  }
}

/// A token file that cannot be used: what is wrong, where, what to do.
package struct AccessError: Error, Equatable, CustomStringConvertible {
  package let description: String
  package init(_ description: String) { self.description = description }
}
