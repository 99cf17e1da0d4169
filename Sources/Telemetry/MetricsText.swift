/// The two text formats that metrics are rendered in.
package enum MetricsFormat: Sendable, CaseIterable {
  /// Prometheus text format 0.0.4.
  case prometheusText
  /// OpenMetrics 1.0.
  case openMetrics

  package var contentType: StaticString {
    switch self {
    case .prometheusText: "text/plain; version=0.0.4; charset=utf-8"
    case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
    }
  }
}

/// A metric's declaration: one of these per name, in `ServerMetrics.swift`.
package struct MetricFamily: Sendable {
  package enum Kind: String, Sendable { case counter, gauge, histogram, info }

  /// Without `_total` and `_info`.
  package let name: String
  package let kind: Kind
  /// The name's last word if it is a unit.
  package let unit: String?
  package let help: String

  package init(_ name: String, _ kind: Kind, unit: String? = nil, help: String) {
    precondition(unit == nil || name.hasSuffix("_" + unit!), "a unit is the name's suffix")
    self.name = name
    self.kind = kind
    self.unit = unit
    self.help = help
  }

  /// The name that counter, gauge and info samples have.
  package var sampleName: String {
    switch kind {
    case .counter: name + "_total"
    case .info: name + "_info"
    case .gauge, .histogram: name
    }
  }
}

/// A page of metrics under construction, in either format.
///
/// Families come one after the other, all samples of one together: `begin(_:)`, then samples.
/// (Prometheus exposition formats; OpenMetrics 1.0, "Text Format".)
package struct MetricsText: Sendable {
  package let format: MetricsFormat
  package private(set) var bytes: [UInt8] = []
  private var family: MetricFamily?

  package init(_ format: MetricsFormat) { self.format = format }

  /// Starts a family: its HELP, TYPE and, in OpenMetrics, UNIT.
  package mutating func begin(_ family: MetricFamily) {
    self.family = family
    let isOpen = format == .openMetrics
    let name = isOpen ? family.name : family.sampleName
    let kind = family.kind == .info && !isOpen ? "gauge" : family.kind.rawValue
    bytes.append(contentsOf: "# HELP \(name) \(Self.escapedHelp(family.help, format))\n".utf8)
    bytes.append(contentsOf: "# TYPE \(name) \(kind)\n".utf8)
    if isOpen, let unit = family.unit {
      bytes.append(contentsOf: "# UNIT \(name) \(unit)\n".utf8)
    }
  }

  /// Writes one sample of the family.
  package mutating func sample(_ value: Int, labels: [(name: String, value: String)] = []) {
    writeSample(labels, String(value))
  }

  package mutating func sample(_ value: Double, labels: [(name: String, value: String)] = []) {
    writeSample(labels, Self.text(of: value))
  }

  /// Writes one histogram of the family, in seconds: cumulative buckets, sum, count.
  package mutating func histogram(
    _ labels: [(name: String, value: String)], _ snapshot: LatencySnapshot
  ) {
    guard let name = family?.name else { preconditionFailure("a sample belongs to a family") }
    var cumulative = 0
    for (bucket, count) in snapshot.classic.enumerated() {
      cumulative += count
      let bound =
        bucket < snapshot.bounds.count
        ? Self.text(of: Double(snapshot.bounds[bucket]) / 1e9) : "+Inf"
      var value = String(cumulative)
      if format == .openMetrics, let exemplar = snapshot.exemplars[bucket] {
        value += Self.text(of: exemplar)
      }
      write(name + "_bucket", labels + [("le", bound)], value)
    }
    write(name + "_sum", labels, Self.text(of: Double(snapshot.sum) / 1e9))
    write(name + "_count", labels, String(cumulative))
  }

  /// OpenMetrics 1.0, "Exemplars": labels, value, time in seconds.
  private static func text(of exemplar: LatencyExemplars.Exemplar) -> String {
    let milliseconds = exemplar.trace.time / 1_000_000
    let fraction = String(1000 + milliseconds % 1000).dropFirst()
    return " # {trace_id=\"\(exemplar.trace.text)\"} "
      + "\(text(of: Double(exemplar.nanoseconds) / 1e9)) \(milliseconds / 1000).\(fraction)"
  }

  /// Ends the page. Nothing may follow.
  package mutating func end() {
    family = nil
    if format == .openMetrics { bytes.append(contentsOf: "# EOF\n".utf8) }
  }

  private mutating func writeSample(_ labels: [(name: String, value: String)], _ value: String) {
    guard let family else { preconditionFailure("a sample belongs to a family") }
    write(family.sampleName, labels, value)
  }

  private mutating func write(
    _ name: String, _ labels: [(name: String, value: String)], _ value: String
  ) {
    bytes.append(contentsOf: name.utf8)
    if !labels.isEmpty {
      bytes.append(UInt8(ascii: "{"))
      for (position, label) in labels.enumerated() {
        if position > 0 { bytes.append(UInt8(ascii: ",")) }
        bytes.append(contentsOf: "\(label.name)=\"\(Self.escapedLabel(label.value))\"".utf8)
      }
      bytes.append(UInt8(ascii: "}"))
    }
    bytes.append(contentsOf: " \(value)\n".utf8)
  }

  /// A number as both formats read it: shortest digits, `1.0` for whole ones, `+Inf`, `NaN`.
  static func text(of value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    return value.description
  }

  private static func escapedHelp(_ text: String, _ format: MetricsFormat) -> String {
    text.reduce(into: "") { result, character in
      switch character {
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\"" where format == .openMetrics: result += "\\\""
      default: result.append(character)
      }
    }
  }

  private static func escapedLabel(_ text: String) -> String {
    text.reduce(into: "") { result, character in
      switch character {
      case "\\": result += "\\\\"
      case "\"": result += "\\\""
      case "\n": result += "\\n"
      default: result.append(character)
      }
    }
  }
}
