import ByteCoding

// Eight bytes at a time, without unsafe: the optimiser turns the eight checked loads into one.

/// Bytes `offset ..< offset + 8` as a little-endian word.
///
/// - Precondition: `offset + 8 <= bytes.count`.
@inline(__always)
func loadWord(_ bytes: Span<UInt8>, at offset: Int) -> UInt64 {
  let tail = bytes.extracting(droppingFirst: offset)
  precondition(tail.count >= 8, "a word lies inside the bytes")
  return UInt64(tail[0]) | UInt64(tail[1]) &<< 8 | UInt64(tail[2]) &<< 16
    | UInt64(tail[3]) &<< 24 | UInt64(tail[4]) &<< 32 | UInt64(tail[5]) &<< 40
    | UInt64(tail[6]) &<< 48 | UInt64(tail[7]) &<< 56
}

/// RFC 9110 section 5.6.2: tchar. One bit per ASCII code; derived and checked in the tests.
@inline(__always)
func isToken(_ byte: UInt8) -> Bool {
  let bits: UInt64 = byte < 64 ? 0x03FF_6CFA_0000_0000 : 0x57FF_FFFF_C7FF_FFFE
  return byte < 128 && (bits &>> UInt64(byte)) & 1 == 1
}

/// RFC 9110 section 5.5: visible ASCII, obs-text, space and tab.
@inline(__always)
func isFieldValueByte(_ byte: UInt8) -> Bool {
  byte >= 0x20 && byte != 0x7F || byte == 0x09
}

@inline(__always)
func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

@inline(__always)
func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

/// True if `bytes[range]` is `word` in any case. `word` is lower-case ASCII.
func equalsIgnoringCase(_ bytes: Span<UInt8>, _ range: Range<Int>, _ word: StaticString) -> Bool {
  guard range.count == word.utf8CodeUnitCount else { return false }
  return word.equalsIgnoringCase(bytes.extracting(range))
}

let asciiCR = UInt8(ascii: "\r")
let asciiLF = UInt8(ascii: "\n")
