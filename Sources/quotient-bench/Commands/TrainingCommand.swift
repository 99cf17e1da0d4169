import ArgumentParser
import ByteCoding
import Ranking
import Training

struct TrainingCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "training",
    abstract: "Measures training steps, with one thread and with several in turns.",
    discussion: """
      Criteo's Kaggle shape, at most 200,000 categories a feature, log-uniform ids, batches \
      prepared beforehand: what ../deploy/compare-training.sh gives PyTorch. Samples per second of \
      wall time are comparable on an idle machine only; the best round counts.
      """)

  @Option(help: "Threads that are compared.") var threads = "1,2"
  @Option(help: "full, hash, qr-multiply and so on.") var method = "full"
  @Option(help: "dlrm or dcn.") var architecture = "dlrm"
  @Option(help: "adagrad, rowwise-adagrad, amsgrad or sgd.") var optimizer = "adagrad"
  @Option(help: "Samples of a step.") var batchSize = 128
  @Option(help: "Steps of a round.") var steps = 300
  @Option(help: "Rounds of each number of threads.") var rounds = 7
  @Flag(help: "Print a line of JSON for each.") var json = false

  func run() throws {
    let counts = threads.split(separator: ",").compactMap { Int($0) }
    guard !counts.isEmpty, counts.allSatisfy({ 1...1024 ~= $0 }), rounds > 0, steps > 0,
      1...65_536 ~= batchSize
    else { throw ValidationError("--threads is a list as 1,2; the others are 1 or more") }
    let runs = try counts.map { try makeRun(threadCount: $0) }
    for run in runs { try run.round(steps: 20) }
    for run in runs { run.rates = [] }
    for _ in 0..<rounds { for run in runs { try run.round(steps: steps) } }
    if !json { print("threads  best samples/s  median samples/s  CPU us a sample") }
    for run in runs { print(json ? run.json : run.line) }
    guard let first = runs.first, !json else { return }
    for run in runs.dropFirst() {
      print(
        "\(run.threadCount) threads: \(fixed(run.best / first.best, digits: 2)) times the "
          + "samples/s of "
          + "\(first.threadCount)")
    }
  }

  private func makeRun(threadCount: Int) throws -> TrainingRun {
    guard let method = CompressionMethod(rawValue: method),
      let architecture = ModelConfiguration.Architecture(rawValue: architecture),
      let rule = Optimizer.Rule(rawValue: optimizer)
    else { throw ValidationError("no such method, architecture or optimizer; see --help") }
    var options = TrainingOptions()
    options.threadCount = threadCount
    options.batchSize = batchSize
    options.optimizer = Optimizer(rule)
    let batches = PreparedBatches(batchSize: batchSize)
    let configuration = MemoryPlan.configuration(
      name: "bench", architecture: architecture, cardinalities: batches.cardinalities,
      method: method, options: CompressionMethod.Options())
    let trainer = try Trainer(configuration, options: options, output: .init(folder: nil))
    return TrainingRun(trainer, batches, threadCount: threadCount)
  }
}

/// One number of threads, and how fast its rounds were.
private final class TrainingRun {
  let threadCount: Int
  var rates: [Rate] = []
  private let trainer: Trainer
  private var batches: PreparedBatches

  struct Rate {
    let samplesPerSecond: Double
    let processorMicroseconds: Double
  }

  init(_ trainer: Trainer, _ batches: PreparedBatches, threadCount: Int) {
    (self.trainer, self.batches, self.threadCount) = (trainer, batches, threadCount)
  }

  func round(steps: Int) throws {
    let end = trainer.position.step + steps
    let before = trainer.position.sampleCount
    let used = ownProcessorNanoseconds()
    let start = monotonicNanoseconds()
    _ = try trainer.run(&batches, shouldStop: { [trainer] in trainer.position.step >= end })
    let seconds = Double(monotonicNanoseconds() - start) / 1e9
    let samples = Double(trainer.position.sampleCount - before)
    let processor = Double(ownProcessorNanoseconds() - used) / 1e3
    rates.append(
      Rate(samplesPerSecond: samples / seconds, processorMicroseconds: processor / samples))
  }

  var best: Double { rates.map(\.samplesPerSecond).max() ?? 0 }
  private var middle: Double { median(rates.map(\.samplesPerSecond).sorted()) }
  private var processor: Double { rates.map(\.processorMicroseconds).min() ?? 0 }

  var line: String {
    padded("\(threadCount)", 7) + padded(fixed(best, digits: 0), 16)
      + padded(fixed(middle, digits: 0), 18)
      + padded(fixed(processor, digits: 1), 17)
  }

  var json: String {
    "{\"threads\":\(threadCount),\"samples_per_second\":\(fixed(best, digits: 0)),"
      + "\"median\":\(fixed(middle, digits: 0)),\"processor_us\":\(fixed(processor, digits: 2))}"
  }
}

/// The same minibatches again and again: no reading is measured.
private struct PreparedBatches: MinibatchSource {
  private static let batchCount = 200
  private static let cardinalityMax = 200_000
  private static let denseCount = 13
  let cardinalities = MemoryPlan.criteoKaggleCardinalities.map { min($0, cardinalityMax) }
  private let batches: [Minibatch]
  private let batchSize: Int
  private(set) var position = 0

  init(batchSize: Int) {
    self.batchSize = batchSize
    var random = SplitMix64(seed: 1)
    let samplers = cardinalities.map { ZipfSampler(count: $0, exponent: 1) }
    batches = (0..<Self.batchCount).map { _ in
      var batch = Minibatch(categoricalFeatureCount: samplers.count)
      for _ in 0..<batchSize {
        batch.labels.append(random.unit() < 0.25 ? 1 : 0)
        for _ in 0..<Self.denseCount { batch.dense.append(Float(4 * random.unit())) }
        for (feature, sampler) in samplers.enumerated() {
          batch.ids[feature].append(Int64(sampler.next(&random)))
        }
      }
      return batch
    }
  }

  var sampleCount: Int? { nil }

  mutating func next(_ count: Int, into minibatch: inout Minibatch) -> Bool {
    let batch = batches[position / batchSize % batches.count]
    minibatch.removeAll()
    minibatch.labels.append(contentsOf: batch.labels)
    minibatch.dense.append(contentsOf: batch.dense)
    for feature in batch.ids.indices {
      minibatch.ids[feature].append(contentsOf: batch.ids[feature])
    }
    position += batchSize
    return true
  }

  mutating func seek(to position: Int) { self.position = position }
  mutating func rewind() { position = 0 }
}
