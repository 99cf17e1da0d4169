import ByteCoding

/// A plot as SVG: lines of points with deviations, one line a method. Colours are variables of the
/// page, so that the plot follows its light or dark scheme.
struct ReportPlot {
  struct Point {
    let x: Double
    let y: Double
    var deviation = 0.0
  }

  struct Line {
    let name: String
    let colour: Int
    let points: [Point]
    var hasMarks = true
  }

  let title: String
  let xLabel: String
  let yLabel: String
  /// Powers of ten at equal distances.
  var isLogarithmic = false
  /// Where numbers stand on the axis; nil: at round ones.
  var xTicks: [Double]?
  let lines: [Line]

  private static let (width, height) = (640.0, 360.0)
  private static let (left, right, top, bottom) = (70.0, 16.0, 14.0, 46.0)

  var svg: String {
    let points = lines.flatMap(\.points).filter { $0.y.isFinite && $0.x.isFinite }
    guard let first = points.first else { return "" }
    var (xLow, xHigh) = (place(first.x), place(first.x))
    var (yLow, yHigh) = (first.y, first.y)
    for point in points {
      (xLow, xHigh) = (min(xLow, place(point.x)), max(xHigh, place(point.x)))
      yLow = min(yLow, point.y - point.deviation)
      yHigh = max(yHigh, point.y + point.deviation)
    }
    let xMargin = max((xHigh - xLow) * 0.05, isLogarithmic ? 0.1 : 1e-9)
    let yMargin = max((yHigh - yLow) * 0.08, 1e-6)
    let frame = Frame(
      x: (isLogarithmic ? xLow - xMargin : xLow, xHigh + xMargin),
      y: (yLow - yMargin, yHigh + yMargin))
    return """
      <figure><figcaption>\(escaped(title))</figcaption>
      <svg viewBox="0 0 \(Int(Self.width)) \(Int(Self.height))" role="img" \
      aria-label="\(escaped(title))">
      \(axes(frame))
      \(lines.map { drawing(of: $0, frame) }.joined(separator: "\n"))
      </svg>
      \(legend)
      </figure>
      """
  }

  private struct Frame {
    let x: (low: Double, high: Double)
    let y: (low: Double, high: Double)
  }

  private func place(_ x: Double) -> Double {
    isLogarithmic ? ElementaryFunctions.log(max(x, 1)) / 2.302585092994046 : x
  }

  private func column(_ x: Double, _ frame: Frame) -> Double {
    let share = (place(x) - frame.x.low) / (frame.x.high - frame.x.low)
    return Self.left + share * (Self.width - Self.left - Self.right)
  }

  private func row(_ y: Double, _ frame: Frame) -> Double {
    let share = (y - frame.y.low) / (frame.y.high - frame.y.low)
    return Self.height - Self.bottom - share * (Self.height - Self.top - Self.bottom)
  }

  private func drawing(of line: Line, _ frame: Frame) -> String {
    let colour = "var(--c\(line.colour % 9))"
    let points = line.points.filter { $0.y.isFinite }
    var parts: [String] = []
    if points.count > 1 {
      let path = points.map { "\(short(column($0.x, frame))),\(short(row($0.y, frame)))" }
      parts.append(
        "<polyline points=\"\(path.joined(separator: " "))\" fill=\"none\" stroke=\"\(colour)\" "
          + "stroke-width=\"1.5\"/>")
    }
    for point in points where line.hasMarks {
      let (x, y) = (column(point.x, frame), row(point.y, frame))
      if point.deviation > 0 {
        let (from, to) = (
          row(point.y - point.deviation, frame), row(point.y + point.deviation, frame)
        )
        parts.append(
          "<line x1=\"\(short(x))\" x2=\"\(short(x))\" y1=\"\(short(from))\" y2=\"\(short(to))\" "
            + "stroke=\"\(colour)\" stroke-width=\"1.5\"/>")
      }
      parts.append(
        "<circle cx=\"\(short(x))\" cy=\"\(short(y))\" r=\"4\" fill=\"\(colour)\"><title>"
          + "\(escaped(line.name)): \(decimal(point.y, 5))</title></circle>")
    }
    return parts.joined(separator: "\n")
  }

  private func axes(_ frame: Frame) -> String {
    let (right, base) = (Self.width - Self.right, Self.height - Self.bottom)
    var parts: [String] = []
    for tick in ticks(frame.y) {
      let y = short(row(tick, frame))
      parts.append(
        "<line class=\"grid\" x1=\"\(Int(Self.left))\" x2=\"\(Int(right))\" "
          + "y1=\"\(y)\" y2=\"\(y)\"/><text x=\"\(Int(Self.left) - 6)\" y=\"\(y)\" "
          + "dy=\"4\" text-anchor=\"end\">"
          + "\(decimal(tick, digits(frame.y)))</text>")
    }
    let xTicks = xTicks ?? (isLogarithmic ? powers(frame.x) : ticks(frame.x))
    for tick in xTicks {
      let x = short(column(tick, frame))
      parts.append(
        "<text x=\"\(x)\" y=\"\(Int(base) + 18)\" text-anchor=\"middle\">"
          + "\(abbreviated(tick))</text>"
      )
    }
    parts.append(
      "<path class=\"axis\" d=\"M\(Int(Self.left)),\(Int(Self.top))V\(Int(base))H\(Int(right))\"/>"
        + "<text x=\"\((Self.left + right) / 2)\" y=\"\(Int(Self.height) - 8)\" "
        + "text-anchor=\"middle\">\(escaped(xLabel))</text>"
        + "<text transform=\"translate(14 \((Self.top + base) / 2)) rotate(-90)\" "
        + "text-anchor=\"middle\">\(escaped(yLabel))</text>")
    return parts.joined(separator: "\n")
  }

  /// Round numbers, at most eight.
  private func ticks(_ range: (low: Double, high: Double)) -> [Double] {
    let distance = step(range)
    var tick = (range.low / distance).rounded(.up) * distance
    var ticks: [Double] = []
    while tick <= range.high, ticks.count < 12 {
      ticks.append(tick)
      tick += distance
    }
    return ticks
  }

  private func step(_ range: (low: Double, high: Double)) -> Double {
    var distance = 1e-9
    let factors = [2.0, 2.5, 2.0]
    var index = 0
    while (range.high - range.low) / distance > 7 {
      distance *= factors[index % 3]
      index += 1
    }
    return distance
  }

  private func digits(_ range: (low: Double, high: Double)) -> Int {
    var (digits, distance) = (0, step(range))
    while digits < 8, (distance - distance.rounded()).magnitude > 1e-6 {
      distance *= 10
      digits += 1
    }
    return digits
  }

  /// Powers of ten, and what is two and five times them; over a short range more of them.
  private func powers(_ range: (low: Double, high: Double)) -> [Double] {
    let few = powers(range, times: [1, 2, 5])
    return few.count > 2 ? few : powers(range, times: [1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9])
  }

  private func powers(
    _ range: (low: Double, high: Double), times factors: [Double]
  ) -> [Double] {
    var found: [Double] = []
    var power = 1.0
    for _ in 0..<16 {
      for factor in factors {
        let value = power * factor
        if (range.low...range.high).contains(place(value)) { found.append(value) }
      }
      power *= 10
    }
    return found
  }

  private var legend: String {
    let entries = lines.filter { !$0.points.isEmpty }.map { line in
      "<span><i style=\"background:var(--c\(line.colour % 9))\"></i>\(escaped(line.name))</span>"
    }
    return "<p class=\"legend\">\(entries.joined(separator: " "))</p>"
  }
}

/// A number as the report writes it; a dash for what is none.
func decimal(_ value: Double, _ digits: Int) -> String {
  value.isFinite ? fixed(value, digits: digits) : "\u{2013}"
}

/// 2M, 500k.
private func abbreviated(_ value: Double) -> String {
  for (unit, name) in [(1e9, "G"), (1e6, "M"), (1e3, "k")] where value >= unit {
    let count = value / unit
    return decimal(count, count == count.rounded() ? 0 : 1) + name
  }
  return decimal(value, value == value.rounded() ? 0 : 1)
}

/// 1,234,567
func digits(_ number: Int) -> String {
  var text = ""
  for (index, digit) in String(number).reversed().enumerated() {
    if index > 0, index % 3 == 0 { text = "," + text }
    text = "\(digit)" + text
  }
  return text
}

private func short(_ value: Double) -> String { decimal(value, 1) }

func escaped(_ text: String) -> String {
  var result = ""
  for character in text {
    switch character {
    case "&": result += "&amp;"
    case "<": result += "&lt;"
    case ">": result += "&gt;"
    case "\"": result += "&quot;"
    default: result.append(character)
    }
  }
  return result
}
