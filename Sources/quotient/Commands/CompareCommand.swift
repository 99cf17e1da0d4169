import ArgumentParser
import ByteCoding
import Ranking
import Synchronization
import SystemIO
import Training

struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Repeat the paper's experiment on your data: methods, collisions, trials.",
    discussion: """
      Trains every method with every number of collisions (and thresholds, and hidden widths of \
      path) several times, from different weights, on days 1 to 6 of the data, and judges each on \
      the two halves of day 7. Writes comparison.csv, curves.csv and report.html; what is in the \
      output folder already is not trained again, so an interrupted comparison goes on, with the \
      same flags and data. At the end it tells which of the paper's findings appear.

      Example:
        quotient compare train.tsv --collisions 2,4,60 --output comparison
      """)

  @Argument(help: ArgumentHelp("Files of lines, or -.", valueName: "data"))
  var data: [String]

  @Option(help: ArgumentHelp("The folder of the results.", valueName: "folder"))
  var output: String

  @Option(
    help: ArgumentHelp(
      "Methods: \(CompressionMethod.allCases.map(\.rawValue).joined(separator: ", ")); see "
        + "quotient train --help.", valueName: "a,b,..."))
  var methods = MethodList([.full, .hash, .qrMultiply])

  @Option(help: ArgumentHelp("Numbers of collisions.", valueName: "c,..."))
  var collisions = NumberList([4])

  @Option(help: ArgumentHelp("Thresholds below which tables stay full.", valueName: "t,..."))
  var thresholds = NumberList([0])

  @Option(help: ArgumentHelp("Hidden widths of path.", valueName: "n,..."))
  var hidden = NumberList([64])

  @Option(help: ArgumentHelp("Runs of each, from different weights.", valueName: "n"))
  var trials = 3

  @Option(help: "dlrm or dcn.")
  var architecture: ModelConfiguration.Architecture = .dlrm

  @Option(help: ArgumentHelp("Width of the composed vectors.", valueName: "n"))
  var dimension = 16

  @OptionGroup(title: "Network")
  var network: NetworkOptions

  @OptionGroup(title: "Learning")
  var learning: LearningOptions

  @OptionGroup(title: "Data")
  var reading: DataOptions

  @Option(help: ArgumentHelp("Models trained at a time, a thread each.", valueName: "n"))
  var jobs = ProcessEnvironment.processorCount

  func validate() throws {
    guard architecture != .embeddings else { throw ValidationError("--architecture: dlrm or dcn") }
    guard 1...1000 ~= trials else { throw ValidationError("--trials is 1 to 1000") }
    guard 1...1024 ~= jobs else { throw ValidationError("--jobs is 1 to 1024") }
    guard collisions.numbers.allSatisfy({ $0 > 0 }), hidden.numbers.allSatisfy({ $0 > 0 }) else {
      throw ValidationError("--collisions and --hidden are 1 or more")
    }
  }

  var plan: ComparisonPlan {
    var plan = ComparisonPlan()
    plan.architecture = architecture
    plan.methods = methods.methods
    (plan.collisions, plan.thresholds) = (collisions.numbers, thresholds.numbers)
    (plan.hidden, plan.trials) = (hidden.numbers, trials)
    plan.model.options.dimension = dimension
    plan.model.bottomHidden = network.bottomMlp.widths
    plan.model.topHidden = network.topMlp.widths
    plan.model.crossLayers = network.crossLayers
    plan.model.deep = network.deep.widths
    plan.training = learning.trainingOptions
    return plan
  }

  func run() throws {
    let dataset = try reading.open(data, threads: jobs)
    let plan = plan
    let comparison = Comparison(plan, dataset: dataset, folder: output)
    let known = Comparison.results(in: output).count
    Console.remark(
      "\(plan.cells.count) runs of \(plan.settings.count) settings; \(known) are there already")
    let stop = StopRequest(try failing { try SignalDescriptor() })
    try failing {
      try comparison.run(
        jobCount: jobs, shouldStop: { stop.isWanted },
        report: { result in
          Console.remark(
            "\(result.cell.setting.name), trial \(result.cell.trial + 1): test log loss "
              + "\(fixed(result.test.loss, digits: 5)), AUC \(fixed(result.test.area, digits: 4)), "
              + "\(grouped(result.parameterCount)) parameters, \(Int(result.seconds)) s")
        })
      try ComparisonReport(folder: output).write(to: output)
    }
    for line in lines(ComparisonRow.rows(of: Comparison.results(in: output))) {
      try Console.write(line)
    }
  }

  private func lines(_ rows: [ComparisonRow]) -> [String] {
    var table = TextTable([
      ("setting", .left), ("parameters", .right), ("trials", .right), ("log loss", .right),
      ("deviation", .right), ("accuracy", .right), ("AUC", .right),
    ])
    for row in rows {
      table.append([
        row.setting.name, grouped(row.parameterCount), "\(row.trialCount)",
        fixed(row.loss.mean, digits: 5), fixed(row.loss.deviation, digits: 5),
        fixed(100 * row.accuracy.mean, digits: 2) + " %", fixed(row.area.mean, digits: 4),
      ])
    }
    let findings = ComparisonFinding.findings(in: rows).map {
      "\($0.appears ? "appears" : "does not appear"): \($0.text)"
    }
    return table.lines + [""] + findings + [
      "", "wrote \(joinPath(output, ComparisonReport.fileName))",
    ]
  }
}

/// Ctrl-C, seen by whichever thread looks first.
private final class StopRequest: Sendable {
  private let signals: Mutex<SignalDescriptor>
  private let wanted = Atomic<Bool>(false)

  init(_ signals: sending SignalDescriptor) { self.signals = Mutex(signals) }

  var isWanted: Bool {
    if wanted.load(ordering: .relaxed) { return true }
    let came = signals.withLock { $0.next() != nil }
    if came { wanted.store(true, ordering: .relaxed) }
    return came
  }
}

/// full,hash,qr-multiply
struct MethodList: ExpressibleByArgument, CustomStringConvertible {
  let methods: [CompressionMethod]
  init(_ methods: [CompressionMethod]) { self.methods = methods }

  init?(argument: String) {
    let names = argument.split(separator: ",")
    methods = names.compactMap { CompressionMethod(rawValue: String($0)) }
    if methods.isEmpty || methods.count != names.count { return nil }
  }

  var description: String { methods.map(\.rawValue).joined(separator: ",") }
  var defaultValueDescription: String { description }
}

/// 2,4,60
struct NumberList: ExpressibleByArgument, CustomStringConvertible {
  let numbers: [Int]
  init(_ numbers: [Int]) { self.numbers = numbers }

  init?(argument: String) {
    let parts = argument.split(separator: ",")
    numbers = parts.compactMap { Int($0) }
    if numbers.isEmpty || numbers.count != parts.count || numbers.contains(where: { $0 < 0 }) {
      return nil
    }
  }

  var description: String { numbers.map(String.init).joined(separator: ",") }
  var defaultValueDescription: String { description }
}
