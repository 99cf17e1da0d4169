/// A strict reader of both text formats: throws at the first line that breaks a rule.
///
/// Rules: one HELP and one TYPE per family, before its samples; all lines of a family together;
/// no series twice; buckets ascend, are cumulative and end with +Inf, which equals `_count`;
/// OpenMetrics ends with `# EOF`, names counters without `_total` in TYPE, and a UNIT is the name's
/// suffix.
struct ExpositionParser {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }
  struct Sample {
    let name: String
    let labels: [String: String]
    let value: Double
  }
  struct Family {
    let name: String
    var kind: String?
    var help: String?
    var samples: [Sample] = []
  }

  let isOpenMetrics: Bool
  private(set) var families: [Family] = []
  private var seenSeries: Set<String> = []

  init(_ text: String, isOpenMetrics: Bool) throws {
    self.isOpenMetrics = isOpenMetrics
    guard text.hasSuffix("\n") else { throw Failure(description: "no final line feed") }
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
    if isOpenMetrics {
      guard lines.last == "# EOF" else { throw Failure(description: "no # EOF") }
      lines = lines.dropLast()
    }
    for line in lines {
      do {
        if line.hasPrefix("# ") { try comment(line) } else { try sample(line) }
      } catch {
        throw Failure(description: "\(error) in: \(line)")
      }
    }
    for family in families { try check(family) }
  }

  func family(_ name: String) -> Family? { families.first { $0.name == name } }

  func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
    families.lazy.flatMap(\.samples).first { $0.name == name && $0.labels == labels }?.value
  }

  private mutating func comment(_ line: Substring) throws {
    let words = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false)
    guard words.count == 4 else { throw Failure(description: "short comment") }
    let name = String(words[2])
    if families.last?.name != name {
      guard family(name) == nil else { throw Failure(description: "family twice") }
      families.append(Family(name: name))
    }
    let last = families.count - 1
    guard families[last].samples.isEmpty else { throw Failure(description: "metadata too late") }
    switch words[1] {
    case "HELP":
      guard families[last].help == nil else { throw Failure(description: "HELP twice") }
      families[last].help = String(words[3])
    case "TYPE":
      guard families[last].kind == nil else { throw Failure(description: "TYPE twice") }
      families[last].kind = String(words[3])
    case "UNIT" where isOpenMetrics:
      guard name.hasSuffix("_" + words[3]) else { throw Failure(description: "unit no suffix") }
    default: throw Failure(description: "unknown comment")
    }
  }

  private mutating func sample(_ line: Substring) throws {
    guard let space = line.lastIndex(of: " ") else { throw Failure(description: "no value") }
    let text = line[line.index(after: space)...]
    let number = text == "+Inf" ? Double.infinity : Double(text)
    guard let number else { throw Failure(description: "no number") }
    let series = line[..<space]
    guard seenSeries.insert(String(series)).inserted else {
      throw Failure(description: "series twice")
    }
    let brace = series.firstIndex(of: "{") ?? series.endIndex
    let name = String(series[..<brace])
    guard name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }) else {
      throw Failure(description: "bad name")
    }
    guard let family = families.last, allowedNames(family).contains(name) else {
      throw Failure(description: "sample outside of its family")
    }
    families[families.count - 1].samples.append(
      Sample(name: name, labels: try labels(series[brace...]), value: number))
  }

  private func allowedNames(_ family: Family) -> [String] {
    switch family.kind {
    case "histogram": ["_bucket", "_sum", "_count"].map { family.name + $0 }
    case "counter": [isOpenMetrics ? family.name + "_total" : family.name]
    case "info" where isOpenMetrics: [family.name + "_info"]
    case "gauge": [family.name]
    default: []
    }
  }

  private func labels(_ text: Substring) throws -> [String: String] {
    if text.isEmpty { return [:] }
    guard text.hasPrefix("{"), text.hasSuffix("}") else { throw Failure(description: "braces") }
    var result: [String: String] = [:]
    var rest = text.dropFirst().dropLast()
    while !rest.isEmpty {
      guard let equals = rest.firstIndex(of: "="), rest[rest.index(after: equals)...].first == "\""
      else { throw Failure(description: "no label value") }
      let name = String(rest[..<equals])
      var value = ""
      var at = rest.index(equals, offsetBy: 2)
      while at < rest.endIndex, rest[at] != "\"" {
        if rest[at] == "\\" {
          at = rest.index(after: at)
          value.append(rest[at] == "n" ? "\n" : rest[at])
        } else {
          value.append(rest[at])
        }
        at = rest.index(after: at)
      }
      guard at < rest.endIndex, result.updateValue(value, forKey: name) == nil else {
        throw Failure(description: "open or doubled label")
      }
      rest = rest[rest.index(after: at)...]
      if rest.hasPrefix(",") { rest = rest.dropFirst() }
    }
    return result
  }

  private func check(_ family: Family) throws {
    guard family.kind != nil, family.help != nil else {
      throw Failure(description: "\(family.name) has no HELP or no TYPE")
    }
    guard family.kind == "histogram" else { return }
    let groups = Dictionary(grouping: family.samples) { sample in
      sample.labels.filter { $0.key != "le" }
    }
    for (labels, samples) in groups {
      let buckets = samples.filter { $0.name.hasSuffix("_bucket") }
      let bounds = try buckets.map { sample -> Double in
        guard let text = sample.labels["le"], let bound = text == "+Inf" ? .infinity : Double(text)
        else { throw Failure(description: "bucket without bound") }
        return bound
      }
      let count = samples.first { $0.name.hasSuffix("_count") }?.value
      guard bounds.last == .infinity, zip(bounds, bounds.dropFirst()).allSatisfy({ $0 < $1 }),
        zip(buckets, buckets.dropFirst()).allSatisfy({ $0.value <= $1.value }),
        buckets.last?.value == count, samples.contains(where: { $0.name.hasSuffix("_sum") })
      else { throw Failure(description: "\(family.name) \(labels): broken histogram") }
    }
  }
}
