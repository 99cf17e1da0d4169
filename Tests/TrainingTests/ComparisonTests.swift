import Foundation
import Ranking
import Synchronization
import TestSupport
import Testing

@testable import Training

@Suite struct ComparisonTests {
  private func plan() -> ComparisonPlan {
    var plan = ComparisonPlan()
    plan.methods = [.full, .hash, .path]
    (plan.collisions, plan.hidden, plan.trials) = ([2, 4], [3, 5], 2)
    plan.model.options.dimension = 4
    (plan.model.bottomHidden, plan.model.topHidden) = ([8], [8])
    plan.training.batchSize = 64
    return plan
  }

  private func dataset(_ folder: TemporaryFolder, seed: UInt64 = 1) throws -> Dataset {
    var options = SyntheticOptions()
    options.seed = seed
    (options.rowCount, options.cardinalities, options.denseCount) = (2100, [5, 80], 2)
    let path = "\(folder.path)/data.tsv"
    _ = try SyntheticData(options).write(to: path, threadCount: 1)
    var reading = DatasetOptions()
    reading.denseCount = 2
    return try Dataset.open([path], options: reading, cache: "\(folder.path)/data.cache")
  }

  @Test func `settings are told apart by what matters to them`() {
    #expect(
      plan().settings.map(\.name) == [
        "full", "hash, 2 collisions", "hash, 4 collisions", "path, 2 collisions, hidden 3",
        "path, 2 collisions, hidden 5", "path, 4 collisions, hidden 3",
        "path, 4 collisions, hidden 5",
      ])
    #expect(plan().cells.count == 14)
    #expect(Set(plan().cells.prefix(7).map(\.trial)) == [0])
  }

  @Test func `an interrupted comparison goes on, and ends as an uninterrupted one`() throws {
    let folder = try TemporaryFolder()
    let data = try dataset(folder)
    let (whole, parts) = ("\(folder.path)/whole", "\(folder.path)/parts")
    try Comparison(plan(), dataset: data, folder: whole).run(
      jobCount: 2, shouldStop: { false }, report: { _ in })
    let reported = Mutex(0)
    let interrupted = Comparison(plan(), dataset: data, folder: parts)
    try interrupted.run(
      jobCount: 1, shouldStop: { reported.withLock { $0 >= 5 } },
      report: { _ in reported.withLock { $0 += 1 } })
    #expect(Comparison.results(in: parts).count == 5)
    // Half a line, as a kill leaves it.
    let file = try FileHandle(forWritingTo: URL(filePath: "\(parts)/comparison.csv"))
    try file.seekToEnd()
    try file.write(contentsOf: Data("hash,2,0,0,1,99".utf8))
    try file.close()
    try interrupted.run(
      jobCount: 2, shouldStop: { false }, report: { _ in reported.withLock { $0 += 1 } })
    #expect(reported.withLock { $0 } == 14)
    func scores(_ folder: String) -> [ComparisonPlan.Cell: Double] {
      Dictionary(
        uniqueKeysWithValues: Comparison.results(in: folder).map { ($0.cell, $0.test.loss) })
    }
    #expect(scores(parts) == scores(whole))
    #expect(scores(whole).count == 14)
    try ComparisonReport(folder: parts).write(to: parts)
    let page = try String(contentsOfFile: "\(parts)/report.html", encoding: .utf8)
    #expect(page.components(separatedBy: "<svg").count == 6)
    #expect(page.contains("--learning-rate") && page.contains("2100 rows"))
    #expect(!page.contains("NaN") && !page.contains("http"))
    let document = try XMLCheck.wellFormed(page)
    #expect(document)
  }

  @Test func `a comparison goes on with its own flags and data alone`() throws {
    let folder = try TemporaryFolder()
    let data = try dataset(folder)
    var plan = plan()
    (plan.methods, plan.trials) = ([.full], 1)
    func run(_ plan: ComparisonPlan, _ dataset: Dataset, _ name: String = "c") throws {
      try Comparison(plan, dataset: dataset, folder: "\(folder.path)/\(name)").run(
        jobCount: 1, shouldStop: { false }, report: { _ in })
    }
    try run(plan, data)
    // More of the same is another part of the same comparison.
    plan.methods = [.full, .hash]
    try run(plan, data)
    #expect(Comparison.results(in: "\(folder.path)/c").count == 3)
    let changes: [(String, (inout ComparisonPlan) -> Void)] = [
      (
        "--optimizer adagrad, not amsgrad with dense gradients",
        {
          $0.training.optimizer.rule = .amsgrad
          $0.training.optimizer.usesDenseGradients = true
        }
      ),
      ("--learning-rate", { $0.training.optimizer.learningRate = 0.5 }),
      ("--batch-size 64, not 65", { $0.training.batchSize = 65 }),
      ("--epochs", { $0.training.epochs = 2 }), ("--seed", { $0.training.seed = 9 }),
      ("--initialization", { $0.training.initialization = .released }),
      ("--architecture", { $0.architecture = .dcn }),
      ("--dimension", { $0.model.options.dimension = 8 }),
      ("--bottom-mlp", { $0.model.bottomHidden = [9] }),
      ("--top-mlp 8, not 8-4", { $0.model.topHidden = [8, 4] }),
      ("--cross-layers", { $0.model.crossLayers = 1 }), ("--deep", { $0.model.deep = [3] }),
    ]
    for (name, change) in changes {
      var other = plan
      change(&other)
      let error = #expect(throws: TrainingError.self) { try run(other, data) }
      #expect("\(error as Any)".contains(name), "\(name): \(error as Any)")
    }
    let others = try TemporaryFolder()
    let error = #expect(throws: TrainingError.self) {
      try run(plan, try dataset(others, seed: 2))
    }
    #expect("\(error as Any)".contains("the data"))
    // The same lines elsewhere are the same data.
    try run(plan, try dataset(others))
    #expect(Comparison.results(in: "\(folder.path)/c").count == 3)
    try FileManager.default.removeItem(atPath: "\(folder.path)/c/comparison.json")
    #expect(throws: TrainingError.self) { try run(plan, data) }
  }

  @Test func `findings of the paper are told from the numbers`() {
    func trials(
      _ method: CompressionMethod, _ collisions: Int, _ count: Int, _ losses: Double...
    ) -> [Training.ComparisonResult] {
      losses.enumerated().map { trial, loss in
        let score = Training.ComparisonResult.Score(loss: loss, accuracy: 0.7, area: 0.7)
        let setting = ComparisonPlan.Setting(
          method: method, collisions: collisions, threshold: 0, hidden: 0)
        return Training.ComparisonResult(
          cell: .init(setting: setting, trial: trial), parameterCount: count, validation: score,
          test: score, seconds: 1)
      }
    }
    var results = trials(.qrMultiply, 4, 260, 0.45, 0.452)
    results += trials(.full, 1, 1000, 0.44, 0.442)
    results += trials(.hash, 4, 250, 0.46, 0.462)
    results += trials(.hash, 60, 20, 0.47, 0.472)
    results += trials(.qrMultiply, 60, 30, 0.461, 0.463)
    results += trials(.qrAdd, 4, 260, 0.449, 0.450)
    let rows = ComparisonRow.rows(of: results)
    let methods: [CompressionMethod] = [.full, .hash, .hash, .qrMultiply, .qrMultiply, .qrAdd]
    #expect(rows.map(\.setting.method) == methods)
    let findings = ComparisonFinding.findings(in: rows)
    #expect(findings.map(\.appears) == [true, true, true, true, true, false])
    results += trials(.hash, 4, 250, 0.40, 0.44)
    let others = ComparisonFinding.findings(in: ComparisonRow.rows(of: results))
    #expect(others.map(\.appears) == [false, true, true, true, true, false])
    // Why not: a gap of the wrong sign within the deviation, and one that is no accident.
    #expect(
      others[0].reason
        == "qr-multiply, 4 collisions (0.45100) against hash, 4 collisions (0.44050) "
        + "is 0.01050 worse, within the deviation of 0.02880: more --trials or more lines would "
        + "tell")
    #expect(
      others[5].reason == "qr-add, 4 collisions (0.44950) against qr-multiply, 4 collisions "
        + "(0.45100) is 0.00150 better, within the deviation of 0.00158: more --trials or more "
        + "lines would tell")
    #expect(others[5].text.hasSuffix("Why not: \(others[5].reason ?? "-")."))
    let single = ComparisonFinding.findings(
      in: ComparisonRow.rows(of: trials(.hash, 4, 250, 0.46) + trials(.hash, 60, 20, 0.45)))
    #expect(
      single.first?.reason
        == "hash, 60 collisions (0.45000) against hash, 4 collisions (0.46000) is "
        + "0.01000 better, one trial tells no deviation: give more --trials")
  }

  /// Whether every element of the page is closed in order.
  private enum XMLCheck {
    static func wellFormed(_ page: String) throws -> Bool {
      var open: [String] = []
      for match in page.matches(of: /<(\/?)([a-zA-Z0-9]+)[^>]*?(\/?)>/) {
        let name = String(match.2)
        if ["meta"].contains(name) || match.3 == "/" { continue }
        if match.1 == "/" {
          guard open.popLast() == name else { return false }
        } else {
          open.append(name)
        }
      }
      return open.isEmpty
    }
  }

  @Test func `lines of results are read back`() throws {
    let setting = ComparisonPlan.Setting(
      method: .qrMultiply, collisions: 4, threshold: 20, hidden: 0)
    let result = ComparisonResult(
      cell: .init(setting: setting, trial: 2), parameterCount: 1234,
      validation: .init(loss: 0.5, accuracy: 0.75, area: 0.7),
      test: .init(loss: 0.25, accuracy: 0.8, area: 0.9), seconds: 1.5)
    #expect(ComparisonResult(line: Substring(result.line)) == result)
    #expect(ComparisonResult(line: "hash,2") == nil)
    let spread = ComparisonRow.Spread([1, 2, 3])
    #expect(spread.mean == 2 && spread.deviation == 1)
  }
}
