import Ranking

/// What one run of a comparison came to: a line of the CSV.
package struct ComparisonResult: Sendable, Equatable {
  package let cell: ComparisonPlan.Cell
  package let parameterCount: Int
  package let validation: Score
  package let test: Score
  package let seconds: Double

  package struct Score: Sendable, Equatable {
    package let loss: Double
    package let accuracy: Double
    package let area: Double

    init(loss: Double, accuracy: Double, area: Double) {
      self.loss = loss
      self.accuracy = accuracy
      self.area = area
    }

    init(_ summary: EvaluationSummary) {
      loss = summary.logLoss
      accuracy = summary.accuracy
      area = summary.areaUnderCurve ?? .nan
    }
  }

  package static let header =
    "method,collisions,threshold,hidden,trial,parameters,validation_loss,validation_accuracy,"
    + "validation_auc,test_loss,test_accuracy,test_auc,seconds"

  package var line: String {
    let setting = cell.setting
    let numbers = [
      validation.loss, validation.accuracy, validation.area, test.loss, test.accuracy, test.area,
      seconds,
    ]
    return "\(setting.method.rawValue),\(setting.collisions),\(setting.threshold),"
      + "\(setting.hidden),\(cell.trial),\(parameterCount),"
      + numbers.map { "\($0)" }.joined(separator: ",")
  }

  package init(
    cell: ComparisonPlan.Cell, parameterCount: Int, validation: Score, test: Score,
    seconds: Double
  ) {
    self.cell = cell
    self.parameterCount = parameterCount
    self.validation = validation
    self.test = test
    self.seconds = seconds
  }

  /// Reads ``line``; nil if it is no such line, as the last one of a killed run may be.
  package init?(line: Substring) {
    let fields = line.split(separator: ",", omittingEmptySubsequences: false)
    guard fields.count == 13, let method = CompressionMethod(rawValue: String(fields[0])) else {
      return nil
    }
    let integers = fields[1...5].compactMap { Int($0) }
    let numbers = fields[6...12].compactMap { Double($0) }
    guard integers.count == 5, numbers.count == 7 else { return nil }
    cell = ComparisonPlan.Cell(
      setting: ComparisonPlan.Setting(
        method: method, collisions: integers[0], threshold: integers[1], hidden: integers[2]),
      trial: integers[3])
    parameterCount = integers[4]
    validation = Score(loss: numbers[0], accuracy: numbers[1], area: numbers[2])
    test = Score(loss: numbers[3], accuracy: numbers[4], area: numbers[5])
    seconds = numbers[6]
  }
}

/// The trials of one setting together.
package struct ComparisonRow: Sendable {
  package let setting: ComparisonPlan.Setting
  package let parameterCount: Int
  package let trialCount: Int
  package let loss: Spread
  package let accuracy: Spread
  package let area: Spread
  /// Of the validation data: by it the report chooses where it shows one setting of several.
  package let validationLoss: Spread

  /// Mean and standard deviation (of the sample: over n - 1).
  package struct Spread: Sendable, Equatable {
    package let mean: Double
    package let deviation: Double

    package init(_ values: [Double]) {
      let mean = values.reduce(0, +) / Double(max(values.count, 1))
      let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      self.mean = mean
      deviation = values.count > 1 ? (squares / Double(values.count - 1)).squareRoot() : 0
    }
  }

  /// A row for each setting, by method, then by collisions, threshold and hidden width; of the test
  /// data but for ``validationLoss``.
  package static func rows(of results: [ComparisonResult]) -> [ComparisonRow] {
    let order = Dictionary(
      uniqueKeysWithValues: CompressionMethod.allCases.enumerated().map { ($1, $0) })
    let settings = Set(results.map(\.cell.setting)).sorted { a, b in
      let numbers = [a, b].map { [order[$0.method] ?? 0, $0.collisions, $0.threshold, $0.hidden] }
      return numbers[0].lexicographicallyPrecedes(numbers[1])
    }
    return settings.map { setting in
      let trials = results.filter { $0.cell.setting == setting }
      return ComparisonRow(
        setting: setting, parameterCount: trials[0].parameterCount, trialCount: trials.count,
        loss: Spread(trials.map(\.test.loss)), accuracy: Spread(trials.map(\.test.accuracy)),
        area: Spread(trials.map(\.test.area)),
        validationLoss: Spread(trials.map(\.validation.loss)))
    }
  }
}
