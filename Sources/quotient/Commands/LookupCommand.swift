import ArgumentParser
import ByteCoding
import Checkpoints
import Embeddings
import Ranking
import SystemIO

struct LookupCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lookup",
    abstract: "Print the vectors of categories.",
    discussion: """
      --ids gives one vector an id; --bags gives one pooled vector a bag: bags are separated by \
      ';', and an empty one gives zeros; --keys takes raw keys of a feature that hashes or has a \
      vocabulary. JSON is written as the server's :lookup answers.

      Examples:
        quotient lookup models/criteo --feature C3 --ids 17,42
        quotient lookup models/criteo --feature C3 --bags '1,2;;9' \\
          --pooling mean --format text
      """)

  @Argument(help: ArgumentHelp("The checkpoint's folder.", valueName: "checkpoint"))
  var checkpoint: String

  @Option(help: "The categorical feature.")
  var feature: String

  @Option(help: ArgumentHelp("Categories.", valueName: "17,42"))
  var ids: IntegerList?

  @Option(help: ArgumentHelp("Bags of categories.", valueName: "1,2;;9"))
  var bags: IntegerBags?

  @Option(help: ArgumentHelp("Raw keys.", valueName: "68fd1e64,05db9164"))
  var keys: String?

  @Option(
    help: ArgumentHelp("A weight per id, in the ids' shape; sum only.", valueName: "0.5,1;;2"))
  var weights: WeightBags?

  @Option(help: "How a bag is pooled: sum or mean. By default as the checkpoint says.")
  var pooling: Pooling?

  @Option(
    help: "What an unknown id gets: error, zero or default. By default as the checkpoint says.")
  var missing: MissingPolicy?

  @Option(help: "json, text (a line of numbers per vector) or npy (float32).")
  var format: LookupFormat = .json

  @Option(help: ArgumentHelp("Write to this file instead of the output.", valueName: "file"))
  var output: String?

  func validate() throws {
    guard [ids != nil, bags != nil, keys != nil].filter({ $0 }).count == 1 else {
      throw ValidationError("give one of --ids, --bags and --keys")
    }
    if format == .npy, output == nil, StandardStream.output.isTerminal {
      throw ValidationError("npy is binary: give --output FILE or redirect the output")
    }
  }

  func run() throws {
    let model = try failing { try ModelLoader.load(path: checkpoint) }
    guard let index = model.featureIndex(of: [UInt8](feature.utf8).span) else {
      let names = model.features.map(\.specification.name).joined(separator: ", ")
      throw CommandFailure("\(checkpoint) has no categorical feature '\(feature)'; it has \(names)")
    }
    let request = try LookupRequest(self, model: model, featureIndex: index)
    let answer = try request.run(model.features[index])
    try write(LookupOutput(answer, model: model, feature: feature).bytes(format))
  }

  private func write(_ bytes: [UInt8]) throws {
    guard let output else { return try Console.output(bytes) }
    try failing {
      var file = try AtomicFileWriter(path: output)
      try file.write(bytes.span)
      try file.publish(replacing: true)
    }
  }
}

enum LookupFormat: String, CaseIterable, ExpressibleByArgument { case json, text, npy }

extension Pooling: ExpressibleByArgument {}
extension MissingPolicy: ExpressibleByArgument {}

/// 17,42
struct IntegerList: ExpressibleByArgument {
  let numbers: [Int64]

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
    let numbers = parts.compactMap { Int64($0) }
    guard numbers.count == parts.count else { return nil }
    self.numbers = numbers
  }
}

/// 1,2;;9: bags between semicolons; an empty one has no ids.
struct IntegerBags: ExpressibleByArgument {
  let bags: [[Int64]]

  init?(argument: String) {
    var bags: [[Int64]] = []
    for part in argument.split(separator: ";", omittingEmptySubsequences: false) {
      guard !part.isEmpty else {
        bags.append([])
        continue
      }
      guard let list = IntegerList(argument: String(part)) else { return nil }
      bags.append(list.numbers)
    }
    self.bags = bags
  }
}

/// 0.5,1;;2: as ``IntegerBags``, of finite floats.
struct WeightBags: ExpressibleByArgument {
  let bags: [[Float]]

  init?(argument: String) {
    var bags: [[Float]] = []
    for part in argument.split(separator: ";", omittingEmptySubsequences: false) {
      let texts = part.isEmpty ? [] : part.split(separator: ",", omittingEmptySubsequences: false)
      let numbers = texts.compactMap { Float($0) }.filter(\.isFinite)
      guard numbers.count == texts.count else { return nil }
      bags.append(numbers)
    }
    self.bags = bags
  }
}
