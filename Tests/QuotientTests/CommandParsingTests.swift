import ArgumentParser
import Embeddings
import Ranking
import Testing

@testable import quotient

@Suite struct CommandParsingTests {
  @Test func `import dlrm takes the training script's flags under their own names`() throws {
    let arguments = [
      "import", "dlrm", "model.pt", "--output", "models/criteo/3", "--qr-flag",
      "--qr-operation=mult", "--qr-collisions", "4", "--qr-threshold=200",
      "--arch-embedding-size=60-41", "--arch-sparse-feature-size=16", "--arch-mlp-bot=13-64-16",
      "--arch-mlp-top=64-1", "--arch-interaction-op=dot", "--arch-interaction-itself",
      "--loss-threshold=0.01", "--weighted-pooling=learned", "--md-flag", "--md-threshold=0",
      "--mini-batch-size=128", "--learning-rate", "0.1", "--dense-transform", "log1p",
    ]
    let parsed = try Quotient.parseAsRoot(CommandLineRun.relevant(arguments))
    let command = try #require(parsed as? ImportDLRMCommand)
    var expected = DLRMTrainingFlags()
    expected.usesQR = true
    expected.qrOperation = .mult
    expected.qrCollisions = 4
    expected.qrThreshold = 200
    expected.embeddingSizes = [60, 41]
    expected.sparseFeatureSize = 16
    expected.bottomMLP = [13, 64, 16]
    expected.topMLP = [64, 1]
    expected.interaction = .dot
    expected.interactionItself = true
    expected.lossThreshold = 0.01
    expected.weightedPooling = .learned
    expected.usesMixedDimensions = true
    expected.denseTransform = .log1p
    #expect(command.flags == expected)
    #expect(command.file == "model.pt")
    #expect(try command.destination.modelName() == "criteo")
  }

  static let names: [(output: String, name: String?, result: String?)] = [
    ("models/criteo", nil, "criteo"), ("models/criteo/", nil, "criteo"), ("criteo", nil, "criteo"),
    ("criteo/12", nil, "criteo"), ("12", nil, "12"), ("a.b", nil, nil), ("a.b", "c", "c"),
    ("x", "stats", nil),
  ]

  @Test(arguments: names)
  func `the model is called as told, or as the output folder`(
    _ row: (output: String, name: String?, result: String?)
  ) throws {
    let flag = row.name.map { ["--name", $0] } ?? []
    let destination = try ImportDestination.parse(["--output", row.output] + flag)
    #expect((try? destination.modelName()) == row.result)
  }

  static let lists: [(text: String, bags: [[Int64]]?)] = [
    ("1,2;;9", [[1, 2], [], [9]]), ("", [[]]), (";", [[], []]), ("-1", [[-1]]), ("1,", nil),
    ("a", nil), ("1 2", nil), ("9223372036854775808", nil),
  ]

  @Test(arguments: lists)
  func `bags are lists between semicolons`(_ row: (text: String, bags: [[Int64]]?)) {
    #expect(IntegerBags(argument: row.text)?.bags == row.bags)
  }

  @Test func `weights are finite numbers in the same form`() {
    #expect(WeightBags(argument: "0.5,1;;2")?.bags == [[0.5, 1], [], [2]])
    #expect(WeightBags(argument: "nan") == nil)
    #expect(WeightBags(argument: "1,inf") == nil)
  }

  static let usageErrors: [[String]] = [
    ["frobnicate"], ["lookup"], ["lookup", "m", "--feature", "C1"],
    ["lookup", "m", "--feature", "C1", "--ids", "1", "--bags", "2"],
    ["lookup", "m", "--feature", "C1", "--ids", "x"], ["serve", "--workers", "many"],
    ["plan", "--cardinalities", "x"], ["plan", "--cardinalities", "0"],
    ["plan", "--cardinalities", "5", "--collisions", "0"], ["quantize", "m", "--output", "o"],
    ["quantize", "m", "--output", "o", "--type", "int2"],
    ["import", "dlrm", "x.pt", "--output", "o", "--qr-operation", "mul"],
  ]

  @Test(arguments: usageErrors)
  func `wrong usage has exit code 64`(_ arguments: [String]) {
    #expect(CommandLineRun.outcome(["quotient"] + arguments) == ExitCode(64))
  }

  static let failures: [[String]] = [
    ["inspect", "/nonexistent/m"], ["verify", "/nonexistent/m"],
    ["lookup", "/nonexistent/m", "--feature", "C1", "--ids", "1"],
    ["export", "/nonexistent/m", "--feature", "C1", "--output", "/nonexistent/x.npy"],
    ["quantize", "/nonexistent/m", "--output", "/nonexistent/o", "--type", "f16"],
    ["import", "dlrm", "/nonexistent/m.pt", "--output", "/nonexistent/o"],
    ["import", "torch", "/nonexistent/m.pt", "--config", "/nonexistent/c", "--output", "/x/o"],
    ["serve", "--model", "/nonexistent/m"], ["serve", "--kernels", "abacus"],
  ]

  @Test(arguments: failures)
  func `failed work has exit code 1`(_ arguments: [String]) {
    #expect(CommandLineRun.outcome(["quotient"] + arguments) == ExitCode.failure)
  }

  static let commands = [
    [], ["serve"], ["import"], ["import", "dlrm"], ["import", "torch"], ["inspect"], ["verify"],
    ["lookup"], ["export"], ["quantize"], ["plan"], ["healthcheck"],
  ]

  @Test(arguments: commands)
  func `every command explains itself with an example`(_ command: [String]) throws {
    #expect(CommandLineRun.outcome(["quotient"] + command + ["--help"]) == .success)
    let found = command.reduce(into: Quotient.self as any ParsableCommand.Type) { type, name in
      type = type.configuration.subcommands.first { $0.configuration.commandName == name } ?? type
    }
    let configuration = found.configuration
    #expect(!configuration.abstract.isEmpty)
    #expect(configuration.discussion.contains("quotient \(command.joined(separator: " "))"))
    #expect(configuration.abstract.hasSuffix("."))
  }

  @Test func `numbers are written for people`() {
    let numbers = [0, 12, 999, 1_000, -1_234_567].map(grouped)
    #expect(numbers == ["0", "12", "999", "1,000", "-1,234,567"])
    #expect(
      [0, 1_023, 1_024, 1_536, 1 << 30].map(bytesText) == [
        "0 B", "1023 B", "1.0 KiB", "1.5 KiB", "1.0 GiB",
      ])
  }

  @Test func `a table aligns its columns`() {
    var table = TextTable([("a", .left), ("n", .right)])
    table.append(["xyz", "1"])
    table.append(["x", "100"])
    #expect(table.lines == ["a      n", "xyz    1", "x    100"])
  }
}
