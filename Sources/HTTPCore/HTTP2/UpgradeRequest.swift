import ByteCoding

/// A request of HTTP/1.1 that asks to go on with HTTP/2 in clear text (RFC 7540 section 3.2).
package enum UpgradeRequest {
  /// The decoded `HTTP2-Settings` of a request that lists `h2c` in `Upgrade`, and both fields in
  /// `Connection`; nil for all other requests: the upgrade is the client's wish and may be passed
  /// over.
  package static func settings(_ head: borrowing RequestHead, _ bytes: Span<UInt8>) -> [UInt8]? {
    guard let upgrade = head.first(.upgrade) else { return nil }
    guard head.minorVersion > 0, lists(bytes, upgrade.value, "h2c") else { return nil }
    var (listsUpgrade, listsSettings) = (false, false)
    var encoded: [Range<Int>] = []
    for field in head.fields {
      if field.known == .connection {
        listsUpgrade = listsUpgrade || lists(bytes, field.value, "upgrade")
        listsSettings = listsSettings || lists(bytes, field.value, "http2-settings")
      } else if equalsIgnoringCase(bytes, field.name, "http2-settings") {
        encoded.append(field.value)
      }
    }
    guard listsUpgrade, listsSettings, encoded.count == 1 else { return nil }
    guard let settings = decode(bytes, encoded[0]), settings.count % 6 == 0 else { return nil }
    return settings
  }

  private static func lists(
    _ bytes: Span<UInt8>, _ value: Range<Int>, _ word: StaticString
  ) -> Bool {
    var isListed = false
    forEachListMember(bytes, value) { member in
      isListed = isListed || equalsIgnoringCase(bytes, member, word)
    }
    return isListed
  }

  /// Base64 with the letters of RFC 4648 section 5, without padding.
  private static func decode(_ bytes: Span<UInt8>, _ range: Range<Int>) -> [UInt8]? {
    var result: [UInt8] = []
    var bits: UInt32 = 0
    var bitCount = 0
    for offset in range {
      guard let value = sixBits(bytes[offset]) else { return nil }
      bits = (bits &<< 6 | UInt32(value)) & 0xFFFF
      bitCount += 6
      guard bitCount >= 8 else { continue }
      bitCount -= 8
      result.append(UInt8(truncatingIfNeeded: bits &>> UInt32(bitCount)))
    }
    // A group of one letter is no byte.
    return range.count % 4 == 1 ? nil : result
  }

  private static func sixBits(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte - UInt8(ascii: "A")
    case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - UInt8(ascii: "a") + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0") + 52
    case UInt8(ascii: "-"): 62
    case UInt8(ascii: "_"): 63
    default: nil
    }
  }
}
