import Transport

/// Wrong usage of `serve`: exit code 64.
struct UsageError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

extension ServeOptions {
  /// What was asked for on the command line, or else in the environment, or else by default.
  ///
  /// Repeatable options are separated by commas in the environment.
  static func parse(
    _ arguments: [String], processorCount: Int, environment: (String) -> String?
  ) throws(UsageError) -> ServeSettings {
    var values: [String: [(text: String, origin: String)]] = [:]
    var position = 0
    while position < arguments.count {
      let (option, inlineText) = try find(arguments[position])
      position += 1
      let text: String
      if let inlineText {
        text = inlineText
      } else {
        guard position < arguments.count else {
          throw UsageError("\(option.flag) needs a value: \(option.flag) \(option.valueName)")
        }
        text = arguments[position]
        position += 1
      }
      if !option.isRepeatable, values[option.name] != nil {
        throw UsageError("\(option.flag) is given twice")
      }
      values[option.name, default: []].append((text, option.flag))
    }
    for option in table where values[option.name] == nil {
      guard let text = environment(option.environmentVariable), !text.isEmpty else { continue }
      let texts = option.isRepeatable ? text.split(separator: ",").map(String.init) : [text]
      values[option.name] = texts.map { ($0, option.environmentVariable) }
    }
    return try settings(values, processorCount: processorCount)
  }

  private static func settings(
    _ values: [String: [(text: String, origin: String)]], processorCount: Int
  ) throws(UsageError) -> ServeSettings {
    var settings = ServeSettings()
    settings.transport.workerCount = processorCount
    settings.listensExplicitly = values["listen"] != nil
    if values["listen"] != nil { settings.transport.listenAddresses = [] }
    for option in table {
      for (text, origin) in values[option.name] ?? [] {
        if let problem = option.apply(text, &settings) {
          throw UsageError("\(origin) '\(text)' \(problem)")
        }
      }
    }
    if let defect = settings.transport.defect { throw UsageError(defect) }
    return settings
  }

  /// The option that an argument names, and its value if that stands behind '='.
  private static func find(
    _ argument: String
  ) throws(UsageError) -> (option: ServeOption, inlineText: String?) {
    let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    if let option = table.first(where: { $0.flag == parts[0] }) {
      return (option, parts.count == 2 ? String(parts[1]) : nil)
    }
    guard argument.hasPrefix("-") else {
      throw UsageError("'\(argument)' is no option; did you mean --model \(argument)?")
    }
    let near = table.map(\.flag).min { distance($0, argument) < distance($1, argument) }
    throw UsageError("'\(parts[0])' is no option\(near.map { "; did you mean \($0)?" } ?? "")")
  }

  /// Letters to change, add or remove (Levenshtein).
  private static func distance(_ left: String, _ right: String) -> Int {
    let (left, right) = (Array(left), Array(right))
    var row = Array(0...right.count)
    for (i, a) in left.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, b) in right.enumerated() {
        let changed = min(row[j] + 1, row[j + 1] + 1, diagonal + (a == b ? 0 : 1))
        diagonal = row[j + 1]
        row[j + 1] = changed
      }
    }
    return row[right.count]
  }

  /// The table as help shows it.
  static var helpText: String {
    table.map { option in
      let standard = option.defaultText.isEmpty ? "" : " (default: \(option.defaultText))"
      let repeatable = option.isRepeatable ? " May be given several times." : ""
      let lines = wrapped(option.help + repeatable + standard, width: 70)
      return "  \(option.flag) \(option.valueName)\n"
        + lines.map { "        \($0)" }.joined(separator: "\n")
    }.joined(separator: "\n")
  }

  private static func wrapped(_ text: String, width: Int) -> [String] {
    var lines = [""]
    for word in text.split(separator: " ") {
      let last = lines[lines.count - 1]
      if last.isEmpty {
        lines[lines.count - 1] = String(word)
      } else if last.count + 1 + word.count <= width {
        lines[lines.count - 1] += " " + word
      } else {
        lines.append(String(word))
      }
    }
    return lines
  }
}
