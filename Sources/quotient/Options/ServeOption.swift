import ByteCoding

/// One option of `quotient serve`: a row of the table that makes the parser, the environment
/// variables, `--help` and the README's check.
struct ServeOption: Sendable {
  /// `max-body-bytes`.
  let name: String
  /// `BYTES`, as help shows it.
  let valueName: String
  /// As help shows it; empty: nothing is the default.
  let defaultText: String
  let isRepeatable: Bool
  let help: String
  /// Stores a value, or says what it should have been.
  let apply: @Sendable (String, inout ServeSettings) -> String?

  init(
    _ name: String, _ valueName: String, default defaultText: String = "",
    isRepeatable: Bool = false, _ help: String,
    apply: @escaping @Sendable (String, inout ServeSettings) -> String?
  ) {
    self.name = name
    self.valueName = valueName
    self.defaultText = defaultText
    self.isRepeatable = isRepeatable
    self.help = help
    self.apply = apply
  }

  /// `--max-body-bytes`.
  var flag: String { "--\(name)" }

  /// `QUOTIENT_MAX_BODY_BYTES`.
  var environmentVariable: String {
    "QUOTIENT_"
      + String(name.map { $0 == "-" ? "_" : Character($0.uppercased()) })
  }
}

/// Where an option's value is stored.
typealias Setting<Value> = any (WritableKeyPath<ServeSettings, Value> & Sendable)

extension ServeOption {
  /// A whole number of at least `least`.
  static func count(
    _ name: String, _ path: Setting<Int>, least: Int = 0,
    _ help: String
  ) -> ServeOption {
    ServeOption(name, "N", default: "\(ServeSettings()[keyPath: path])", help) { text, settings in
      guard let value = Int(text), value >= least else {
        return "must be a whole number of at least \(least)"
      }
      settings[keyPath: path] = value
      return nil
    }
  }

  /// A number of bytes, also as 64KiB, 32MiB, 1GiB.
  static func bytes(
    _ name: String, _ path: Setting<Int>, _ help: String
  ) -> ServeOption {
    ServeOption(name, "BYTES", default: "\(ServeSettings()[keyPath: path])", help) {
      text, settings in
      guard let value = byteCount(text) else {
        return "must be a number of bytes, as 65536, 64KiB, 32MiB or 1GiB"
      }
      settings[keyPath: path] = value
      return nil
    }
  }

  /// Seconds, also as 500ms, 30s, 5m.
  static func time(
    _ name: String, _ path: Setting<Duration>, _ help: String
  ) -> ServeOption {
    let seconds = ServeSettings()[keyPath: path] / .seconds(1)
    return ServeOption(name, "SECONDS", default: fixed(seconds, digits: 0), help) {
      text, settings in
      guard let value = duration(text) else {
        return "must be seconds, as 30, 0.5, 500ms, 30s or 5m"
      }
      settings[keyPath: path] = value
      return nil
    }
  }

  /// One of an enumeration's raw values.
  static func choice<Choice: RawRepresentable & CaseIterable & Sendable>(
    _ name: String, _ path: Setting<Choice>, _ help: String
  ) -> ServeOption where Choice.RawValue == String {
    let values = Choice.allCases.map(\.rawValue).joined(separator: "|")
    let standard = ServeSettings()[keyPath: path].rawValue
    return ServeOption(name, values, default: standard, help) { text, settings in
      guard let value = Choice(rawValue: text) else { return "must be one of \(values)" }
      settings[keyPath: path] = value
      return nil
    }
  }

  static func byteCount(_ text: String) -> Int? {
    let units: [(suffix: String, factor: Int)] = [
      ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("", 1),
    ]
    for unit in units where text.hasSuffix(unit.suffix) {
      guard let number = Int(text.dropLast(unit.suffix.count)), number >= 0 else { return nil }
      let (value, overflows) = number.multipliedReportingOverflow(by: unit.factor)
      return overflows ? nil : value
    }
    return nil
  }

  static func duration(_ text: String) -> Duration? {
    let units: [(suffix: String, seconds: Double)] = [
      ("ms", 0.001), ("s", 1), ("m", 60), ("", 1),
    ]
    for unit in units where text.hasSuffix(unit.suffix) {
      guard let number = Double(text.dropLast(unit.suffix.count)), number.isFinite, number >= 0,
        number * unit.seconds < 1e9
      else { return nil }
      return .nanoseconds(Int64((number * unit.seconds * 1e9).rounded()))
    }
    return nil
  }
}
