import ArgumentParser
import ByteCoding
import Embeddings
import Kernels
import Ranking

struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Prove a checkpoint.",
    discussion: """
      Checks the files' structure, every tensor's shape, checksums, that all values are finite, \
      and that every feature's partitions are complementary: that no two categories share all \
      their buckets. Where they are not, two such categories are named. With --golden the vectors \
      are compared with those of another implementation. With --precision and --data the scores \
      of those lines are compared with float32's: the largest and the mean difference, and how \
      many pairs change their order. Exit code 1 if anything fails.

      Examples:
        quotient verify models/criteo --golden golden.npz
        quotient verify models/criteo-c --precision int8 --data day_6.tsv --score-error 0.01
      """)

  @Argument(help: ArgumentHelp("The checkpoint's folder.", valueName: "checkpoint"))
  var checkpoint: String

  @Option(
    help: ArgumentHelp(
      "Ids and vectors to compare with: ids_single, vec_single_f32, bag_ids, bag_offsets, ...",
      valueName: "file.npz"))
  var golden: String?

  @Flag(help: "Partitions that are not complementary (the hashing trick) are no failure.")
  var allowCollisions = false

  @Option(help: "Compare the scores of this precision with float32's: bf16 or int8.")
  var precision: DensePrecision?

  @Option(
    help: ArgumentHelp(
      "Lines of features, as `quotient score` reads them, to compare on.", valueName: "file"))
  var data: String?

  @Option(help: ArgumentHelp("Lines that are read of them.", valueName: "n"))
  var dataLines = 100_000

  @Option(help: "What an unknown id in them gets: error, zero or default.")
  var missing: MissingPolicy?

  @Option(help: ArgumentHelp("The largest difference of a score that passes.", valueName: "x"))
  var scoreError: Float = 0.1

  func validate() throws {
    guard (precision == nil) == (data == nil) else {
      throw ValidationError("--precision and --data are given together")
    }
    guard dataLines > 0, scoreError >= 0 else {
      throw ValidationError("--data-lines is 1 or more, --score-error 0 or more")
    }
  }

  func run() throws {
    var failures: [String] = []
    var output: CommandFailure?
    _ = CheckpointVerification.run(path: checkpoint, golden: golden) { check in
      let isCollision = check.isCollision && allowCollisions
      let mark = check.hasPassed ? "ok    " : isCollision ? "note  " : "FAILED"
      do throws(CommandFailure) {
        try Console.write("\(mark)  \(check.name): \(check.detail)")
      } catch {
        output = error
      }
      if !check.hasPassed, !isCollision { failures.append("\(check.name): \(check.detail)") }
    }
    if let output { throw output }
    if let precision, let data, failures.isEmpty {
      let report = try comparison(precision, data)
      let hasPassed = report.errorMax <= scoreError
      let found =
        "largest difference to float32 \(report.errorMax), mean \(Float(report.errorMean)), "
        + "\(fixed(report.swappedPairShare * 1e6, digits: 1)) of a million pairs change their "
        + "order, on \(grouped(report.rowCount)) lines"
      try Console.write(
        "\(hasPassed ? "ok    " : "FAILED")  \(precision.rawValue) scores: \(found)")
      if !hasPassed {
        failures.append(
          "\(precision.rawValue) scores: the largest difference is \(report.errorMax), allowed is "
            + "\(scoreError)")
      }
    }
    if let first = failures.first {
      let others = failures.count > 1 ? " (and \(failures.count - 1) more failures)" : ""
      throw CommandFailure("\(first)\(others)")
    }
  }

  private func comparison(
    _ precision: DensePrecision, _ data: String
  ) throws(CommandFailure) -> PrecisionComparison.Report {
    try failing {
      let exact = try ModelLoader.load(path: checkpoint)
      let narrow = try ModelLoader.load(path: checkpoint, precision: precision)
      if let remark = narrow.precisionRemark { Console.remark(remark) }
      var comparison = PrecisionComparison(
        exact: try LineScorer(model: exact, answersLogits: false, missing: missing),
        narrow: try LineScorer(model: narrow, answersLogits: false, missing: missing))
      _ = try LineBlocks.read(data, lineCountMax: dataLines) { lines, firstLine in
        try comparison.add(lines, firstLine: firstLine)
      }
      return comparison.report()
    }
  }
}
