import ArgumentParser
import Ranking
import Testing
import Training

@testable import quotient

@Suite struct TrainParsingTests {
  private func train(_ flags: String...) throws -> TrainCommand {
    let parsed = try Quotient.parseAsRoot(["train", "day_0.tsv", "--output", "m/criteo"] + flags)
    return try #require(parsed as? TrainCommand)
  }

  @Test func `train takes the flags of the experiment`() throws {
    let command = try train(
      "day_1.gz", "--architecture", "dcn", "--method", "mixed-radix", "--collisions", "7",
      "--threshold", "200", "--partitions", "3", "--hidden", "32", "--dimension", "8",
      "--bottom-mlp", "64-32", "--top-mlp", "16", "--optimizer", "amsgrad", "--dense-gradients",
      "--learning-rate", "0.002", "--batch-size", "256", "--epochs", "2", "--seed", "9",
      "--threads", "3", "--resume", "--max-index-range", "1000", "--part", "all")
    #expect(command.data == ["day_0.tsv", "day_1.gz"])
    #expect(command.architecture == .dcn && command.method == .compression(.mixedRadix))
    let method = command.features.methodOptions
    #expect((method.collisions, method.threshold, method.partitions) == (7, 200, 3))
    #expect((method.hidden, method.dimension) == (32, 8))
    #expect(command.network.bottomMlp.widths == [64, 32] && command.network.topMlp.widths == [16])
    let options = command.learning.trainingOptions
    #expect(options.optimizer.rule == .amsgrad && options.optimizer.usesDenseGradients)
    #expect(options.optimizer.learningRate == 0.002)
    #expect((options.batchSize, options.epochs, options.seed) == (256, 2, 9))
    #expect(command.threads == 3 && command.resume && command.reading.part == .all)
    #expect(command.reading.maxIndexRange == 1000)
  }

  @Test func `without flags a run is the paper's`() throws {
    let command = try train()
    #expect(command.architecture == .dlrm && command.method == .compression(.qrMultiply))
    #expect(command.features.methodOptions.collisions == 4)
    let options = command.learning.trainingOptions
    #expect(options.optimizer == Optimizer(.adagrad) && options.batchSize == 128)
    #expect(options.optimizer.learningRate == 0.01 && options.epochs == 1)
    #expect(command.reading.part == .train)
  }

  static let refusals: [(flags: [String], reason: String)] = [
    (["--dense-gradients"], "goes with --optimizer amsgrad"),
    (["--method", "explicit"], "--method explicit and --buckets FILE go together"),
    (["--buckets", "b.safetensors"], "--method explicit and --buckets FILE go together"),
    (["--architecture", "embeddings"], "--architecture is dlrm or dcn"),
    (["--learning-rate", "0"], "--learning-rate is 0.0"),
    (["--batch-size", "0"], "--batch-size is 0"), (["--epochs", "0"], "--epochs is 0"),
    (["--threads", "0"], "--threads is 1 to 1024"), (["--part", "test"], "--part is all or train"),
    (["--save-every", "0"], "--save-every is 0"), (["--name", "a b"], "--name 'a b'"),
    (["--dimension", "0"], "--dimension is 0"), (["--top-mlp", "16-x"], "--top-mlp"),
  ]

  @Test(arguments: refusals)
  func `what cannot be trained is refused with the flag`(
    _ row: (flags: [String], reason: String)
  ) throws {
    let error = #expect(throws: (any Error).self) {
      try Quotient.parseAsRoot(["train", "data.tsv", "--output", "m"] + row.flags)
    }
    let text = error.map { Quotient.message(for: $0) } ?? ""
    #expect(text.contains(row.reason), "\(text)")
  }
}
