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

  private func dataset(_ folder: TemporaryFolder) throws -> Dataset {
    var options = SyntheticOptions()
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
    #expect(page.components(separatedBy: "<svg").count == 5)
    #expect(!page.contains("NaN") && !page.contains("http"))
    let document = try XMLCheck.wellFormed(page)
    #expect(document)
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
