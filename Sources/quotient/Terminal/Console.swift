import ByteCoding
import SystemIO

/// Lines to the person or program that ran the command.
enum Console {
  /// A result: to standard output.
  static func write(_ line: String) throws(CommandFailure) {
    try output([UInt8]((line + "\n").utf8))
  }

  /// Bytes of a result.
  static func output(_ bytes: [UInt8]) throws(CommandFailure) {
    try output(bytes.span)
  }

  /// Bytes of a result.
  static func output(_ bytes: Span<UInt8>) throws(CommandFailure) {
    do {
      try StandardStream.output.write(bytes)
    } catch {
      throw CommandFailure(error)
    }
  }

  /// A remark that is no result: to standard error, so that output can be piped.
  static func remark(_ line: String) {
    // A closed error stream is nobody's concern.
    try? StandardStream.error.write(oneLine(line) + "\n")
  }

  /// A failure, in one line.
  static func fail(_ line: String) { remark("error: \(line)") }

  /// Text of unknown origin without line breaks and control characters.
  private static func oneLine(_ text: String) -> String {
    var line = ""
    for scalar in text.unicodeScalars {
      line.unicodeScalars.append(scalar.value < 0x20 || scalar.value == 0x7F ? " " : scalar)
    }
    return line
  }
}

/// 1,234,567.
func grouped(_ number: Int) -> String {
  var digits = String(number.magnitude)
  var groups: [Substring] = []
  while digits.count > 3 {
    groups.insert(digits.suffix(3), at: 0)
    digits.removeLast(3)
  }
  groups.insert(Substring(digits), at: 0)
  return (number < 0 ? "-" : "") + groups.joined(separator: ",")
}

/// 12.3 MiB.
func bytesText(_ byteCount: Int) -> String {
  let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]
  var value = Double(byteCount)
  var unit = 0
  while value >= 1024, unit < units.count - 1 {
    value /= 1024
    unit += 1
  }
  return unit == 0 ? "\(byteCount) B" : "\(fixed(value, digits: 1)) \(units[unit])"
}
