import ArgumentParser
import ByteCoding
import Ranking

struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Tell the memory that a model would take, before anything is trained.",
    discussion: """
      Names the tables of every feature under a method, their parameters and bytes (float32), and \
      compares with full tables. Methods: \
      \(CompressionMethod.allCases.map(\.rawValue).joined(separator: ", ")).

      Example: the paper's setting, quotient-remainder at 4 collisions:
        quotient plan --cardinalities 1460,583,10131227 --collisions 4
      and the whole model with the cardinalities of the Criteo Kaggle data:
        quotient plan --cardinalities criteo-kaggle --architecture dlrm
      """)

  @Option(
    help: ArgumentHelp(
      "Categories of each feature, or criteo-kaggle.", valueName: "n1,n2,..."))
  var cardinalities: CardinalityList

  @Option(help: "full, hash, qr-multiply, ...: see above.")
  var method: CompressionMethod = .qrMultiply

  @Option(help: "Width of the composed vectors.")
  var dimension = 16

  @Option(help: "Categories that share a row.")
  var collisions = 4

  @Option(help: "Features with at most this many categories keep a full table.")
  var threshold = 0

  @Option(help: "Tables of mixed-radix and crt.")
  var partitions = 2

  @Option(help: "Hidden width of path.")
  var hidden = 64

  @Option(help: "embeddings counts tables alone; dlrm and dcn add the paper's networks.")
  var architecture: ModelConfiguration.Architecture = .embeddings

  @Flag(help: "Write JSON instead of a table.")
  var json = false

  func validate() throws {
    for (name, value, most) in [
      ("--dimension", dimension, 1 << 20), ("--collisions", collisions, 1 << 40),
      ("--partitions", partitions, 64), ("--hidden", hidden, 1 << 20),
    ] where !(1...most).contains(value) {
      throw ValidationError("\(name) is \(value); it must be in 1 ... \(most)")
    }
    if threshold < 0 { throw ValidationError("--threshold is \(threshold); it must be 0 or more") }
  }

  func run() throws {
    var options = CompressionMethod.Options()
    options.dimension = dimension
    options.collisions = collisions
    options.threshold = threshold
    options.partitions = partitions
    options.hidden = hidden
    let configuration = MemoryPlan.configuration(
      name: "plan", architecture: architecture, cardinalities: cardinalities.numbers,
      method: method, options: options)
    let report = PlanReport(MemoryPlan(configuration))
    if json {
      try Console.output(JSONValue.object(report.json).serialized(indentation: 2) + [0x0A])
    } else {
      for line in report.lines { try Console.write(line) }
    }
  }
}

/// Numbers with commas between them, or a name of well-known ones.
struct CardinalityList: ExpressibleByArgument {
  let numbers: [Int]

  static let criteoKaggle = CardinalityList(MemoryPlan.criteoKaggleCardinalities)

  private init(_ numbers: [Int]) { self.numbers = numbers }

  var defaultValueDescription: String {
    numbers == MemoryPlan.criteoKaggleCardinalities
      ? "criteo-kaggle" : numbers.map(String.init).joined(separator: ",")
  }

  init?(argument: String) {
    if argument == "criteo-kaggle" {
      self = .criteoKaggle
      return
    }
    let parts = argument.split(whereSeparator: { $0 == "," || $0 == "-" })
    let numbers = parts.compactMap { Int($0) }
    let allowed = 1...ConfigurationLimits.cardinalityMax
    guard !numbers.isEmpty, numbers.count == parts.count,
      numbers.count <= ConfigurationLimits.featureCountMax,
      numbers.allSatisfy({ allowed.contains($0) })
    else { return nil }
    self.numbers = numbers
  }
}

extension CompressionMethod: ExpressibleByArgument {}
extension ModelConfiguration.Architecture: ExpressibleByArgument {}
