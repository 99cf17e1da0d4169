/// How log lines look.
package enum LogFormat: String, Sendable, CaseIterable {
  /// `time=... level=info msg=request status=200`
  case logfmt
  /// One JSON object a line.
  case json
}

/// One log line under construction, in memory that is kept from line to line.
///
/// Names are literals of `[a-z_]`; values may be anything: what could break a line or forge another
/// one (quotes, line ends, control bytes) is escaped in both formats.
package struct LogLine: Sendable {
  package let format: LogFormat
  package private(set) var bytes: [UInt8] = []

  package init(_ format: LogFormat) { self.format = format }

  /// Starts a line: `time`, `level`, `msg`.
  ///
  /// - Parameter unixNanoseconds: wall-clock time since 1970, UTC.
  package mutating func begin(at unixNanoseconds: Int, level: String, message: String) {
    bytes.removeAll(keepingCapacity: true)
    if format == .json { bytes.append(UInt8(ascii: "{")) }
    appendName("time")
    appendQuoteIfJSON()
    appendTimestamp(unixNanoseconds)
    appendQuoteIfJSON()
    field("level", level)
    field("msg", message)
  }

  package mutating func field(_ name: String, _ text: String) {
    appendName(name)
    let quoted = format == .json || text.utf8.isEmpty || text.utf8.contains(where: needsQuotes)
    if quoted { bytes.append(UInt8(ascii: "\"")) }
    for byte in text.utf8 { appendEscaped(byte) }
    if quoted { bytes.append(UInt8(ascii: "\"")) }
  }

  /// Bytes from outside: whatever is not visible ASCII is written as `%XX`; cut after `countMax`.
  package mutating func field(_ name: String, untrusted text: Span<UInt8>, countMax: Int = 256) {
    appendName(name)
    bytes.append(UInt8(ascii: "\""))
    for position in 0..<min(text.count, countMax) {
      let byte = text[position]
      if byte > 0x20 && byte < 0x7F {
        appendEscaped(byte)
      } else {
        bytes.append(UInt8(ascii: "%"))
        appendHex(byte)
      }
    }
    if text.count > countMax { bytes.append(contentsOf: "...".utf8) }
    bytes.append(UInt8(ascii: "\""))
  }

  package mutating func field(_ name: String, _ value: Int) {
    appendName(name)
    appendDecimal(value, digitsMin: 1)
  }

  /// A duration in milliseconds with its microseconds behind the point.
  package mutating func field(_ name: String, milliseconds nanoseconds: Int) {
    appendName(name)
    let microseconds = (max(0, nanoseconds) + 500) / 1000
    appendDecimal(microseconds / 1000, digitsMin: 1)
    bytes.append(UInt8(ascii: "."))
    appendDecimal(microseconds % 1000, digitsMin: 3)
  }

  /// Ends the line with a line feed.
  package mutating func end() {
    if format == .json { bytes.append(UInt8(ascii: "}")) }
    bytes.append(UInt8(ascii: "\n"))
  }

  private mutating func appendName(_ name: String) {
    switch format {
    case .logfmt:
      if !bytes.isEmpty { bytes.append(UInt8(ascii: " ")) }
      bytes.append(contentsOf: name.utf8)
      bytes.append(UInt8(ascii: "="))
    case .json:
      if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
      bytes.append(UInt8(ascii: "\""))
      for byte in name.utf8 { appendEscaped(byte) }
      bytes.append(contentsOf: "\":".utf8)
    }
  }

  private mutating func appendQuoteIfJSON() {
    if format == .json { bytes.append(UInt8(ascii: "\"")) }
  }

  private mutating func appendEscaped(_ byte: UInt8) {
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"):
      bytes.append(UInt8(ascii: "\\"))
      bytes.append(byte)
    case UInt8(ascii: "\n"): bytes.append(contentsOf: "\\n".utf8)
    case UInt8(ascii: "\t"): bytes.append(contentsOf: "\\t".utf8)
    case 0..<0x20, 0x7F:
      bytes.append(contentsOf: "\\u00".utf8)
      appendHex(byte)
    default: bytes.append(byte)
    }
  }

  private mutating func appendHex(_ byte: UInt8) {
    for digit in [byte >> 4, byte & 15] {
      bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "A") + digit - 10)
    }
  }

  private mutating func appendDecimal(_ value: Int, digitsMin: Int) {
    if value < 0 { bytes.append(UInt8(ascii: "-")) }
    var magnitude = value.magnitude
    let start = bytes.count
    repeat {
      bytes.append(UInt8(ascii: "0") + UInt8(magnitude % 10))
      magnitude /= 10
    } while magnitude > 0 || bytes.count - start < digitsMin
    bytes[start...].reverse()
  }

  /// RFC 3339 in UTC with milliseconds. Days to a date: Hinnant, "chrono-Compatible Low-Level Date
  /// Algorithms", civil_from_days.
  private mutating func appendTimestamp(_ unixNanoseconds: Int) {
    let milliseconds = max(0, unixNanoseconds) / 1_000_000
    let secondOfDay = milliseconds / 1000 % 86_400
    let shifted = milliseconds / 86_400_000 + 719_468
    let dayOfEra = shifted % 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    let year = yearOfEra + shifted / 146_097 * 400 + (month <= 2 ? 1 : 0)
    appendDecimal(year, digitsMin: 4)
    append("-", month)
    append("-", day)
    append("T", secondOfDay / 3600)
    append(":", secondOfDay / 60 % 60)
    append(":", secondOfDay % 60)
    bytes.append(UInt8(ascii: "."))
    appendDecimal(milliseconds % 1000, digitsMin: 3)
    bytes.append(UInt8(ascii: "Z"))
  }

  private mutating func append(_ separator: Unicode.Scalar, _ twoDigits: Int) {
    bytes.append(UInt8(ascii: separator))
    appendDecimal(twoDigits, digitsMin: 2)
  }
}

/// Whether a logfmt value must be quoted: blanks, `=`, quotes, control bytes.
private func needsQuotes(_ byte: UInt8) -> Bool {
  byte <= 0x20 || byte == 0x7F || byte == UInt8(ascii: "=") || byte == UInt8(ascii: "\"")
    || byte == UInt8(ascii: "\\")
}
