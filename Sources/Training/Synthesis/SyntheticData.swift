package import ByteCoding
import SystemIO

/// Makes rows in Criteo's format with a known truth. Row r depends on the options and on r alone,
/// whatever the threads.
package struct SyntheticData: Sendable {
  package let options: SyntheticOptions
  private let model: ClickModel
  private let samplers: [SyntheticZipf]

  /// Rows made by one thread at a time; one member of a gzip file.
  static let blockRowCount = 4096
  /// Rows that the bias is fitted on.
  private static let fittedRowCount = 20_000

  /// - Throws: the options make no data.
  package init(_ options: SyntheticOptions) throws(TrainingError) {
    if let problem = options.problem { throw TrainingError(problem) }
    self.options = options
    let samplers = options.cardinalities.map {
      SyntheticZipf(count: $0, exponent: options.exponent)
    }
    var model = ClickModel(options)
    model.bias = Self.bias(model, options, samplers)
    self.model = model
    self.samplers = samplers
  }

  var blockCount: Int {
    (options.rowCount + Self.blockRowCount - 1) / Self.blockRowCount
  }

  /// The values of one row.
  struct Row {
    var categories: [Int]
    var dense: [Int?]

    init(_ options: SyntheticOptions) {
      categories = [Int](repeating: 0, count: options.cardinalities.count)
      dense = [Int?](repeating: nil, count: options.denseCount)
    }

    mutating func draw(
      _ options: SyntheticOptions, _ model: ClickModel, _ samplers: [SyntheticZipf],
      _ random: inout SyntheticRandom
    ) {
      for index in dense.indices {
        // Log-normal counts; the second column also has -1, as Criteo's has.
        let isMissing = random.unit() < options.missingRate
        let value = ElementaryFunctions.exp(model.denseCentres[index] + 1.2 * random.normal())
        dense[index] = isMissing ? nil : Int(value) - (index == 1 ? 1 : 0)
      }
      for feature in categories.indices {
        let isMissing = random.unit() < options.missingRate
        let category = samplers[feature].next(&random)
        categories[feature] = isMissing ? ClickModel.missing : category
      }
    }
  }

  /// The bias under which clicks have their rate, found on rows of a sequence of their own.
  private static func bias(
    _ model: ClickModel, _ options: SyntheticOptions, _ samplers: [SyntheticZipf]
  ) -> Double {
    var random = SyntheticRandom(seed: options.seed, sequence: .max - 1)
    var row = Row(options)
    let logits = (0..<fittedRowCount).map { _ in
      row.draw(options, model, samplers, &random)
      return model.logit(categories: row.categories, dense: row.dense)
    }
    var (low, high) = (-30.0, 30.0)
    for _ in 0..<40 {
      let middle = (low + high) / 2
      let mean =
        logits.reduce(0) { $0 + ElementaryFunctions.sigmoid($1 + middle) } / Double(logits.count)
      if mean < options.clickRate { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }

  /// Appends the text of a block; tells what the truth reaches on each part of the data.
  package func makeBlock(_ index: Int, into text: inout ByteBuffer) -> [DatasetPart: SyntheticTruth]
  {
    let rows =
      index * Self.blockRowCount..<min((index + 1) * Self.blockRowCount, options.rowCount)
    var random = SyntheticRandom(seed: options.seed, sequence: UInt64(index))
    var truths: [DatasetPart: SyntheticTruth] = [:]
    var row = Row(options)
    for part in [DatasetPart.train, .test, .validation] {
      let own = DaySplit.rows(part, of: options.rowCount).clamped(to: rows)
      guard !own.isEmpty else { continue }
      var truth = SyntheticTruth()
      for _ in own {
        let (probability, isClick) = draw(&row, &random)
        truth.add(probability: probability, isClick: isClick)
        append(row, isClick: isClick, to: &text)
      }
      truths[part] = truth
    }
    return truths
  }

  /// Draws the next row of a block; tells how likely a click was, and whether there is one.
  func draw(
    _ row: inout Row, _ random: inout SyntheticRandom
  ) -> (probability: Double, isClick: Bool) {
    row.draw(options, model, samplers, &random)
    let signal = ElementaryFunctions.sigmoid(
      model.logit(categories: row.categories, dense: row.dense))
    let probability = (1 - options.noise) * signal + options.noise * options.clickRate
    return (probability, random.unit() < probability)
  }

  private func append(_ row: Row, isClick: Bool, to text: inout ByteBuffer) {
    text.append(UInt8(ascii: isClick ? "1" : "0"))
    for value in row.dense {
      text.append(UInt8(ascii: "\t"))
      if let value { appendInteger(Int64(value), to: &text) }
    }
    for (feature, category) in row.categories.enumerated() {
      text.append(UInt8(ascii: "\t"))
      guard category != ClickModel.missing else { continue }
      let key = model.key(feature, category)
      for shift in stride(from: UInt32(28), through: 0, by: -4) {
        let digit = UInt8(truncatingIfNeeded: key >> shift) & 0xF
        text.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
      }
    }
    text.append(UInt8(ascii: "\n"))
  }
}
