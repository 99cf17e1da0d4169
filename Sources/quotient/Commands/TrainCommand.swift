import ArgumentParser
import Checkpoints
import Ranking
import SystemIO
import Training

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train a DLRM or DCN on Criteo-format data.",
    discussion: """
      Data: lines of label, dense values and categories with tabs between them, plain or \
      compressed; several files are one after the other, - is the input. The text is read once \
      into a cache of numbers. By the paper's split, days 1 to 6 are learnt from and half of day 7 \
      validates (--part train), or everything is learnt from (--part all).

      Ctrl-C saves and stops; --resume goes on, to the same bits. The same data, options and seed \
      give the same model, whatever the threads.

      Methods, for a feature of n categories and c collisions:
        full            n rows, one for each category
        hash            n/c rows by the remainder; c categories share one
        qr-multiply     n/c rows by the quotient times c rows by the remainder
        qr-add          their sum
        qr-concatenate  one behind the other, half as wide each
        separate        both enter the network as features
        mixed-radix     the product of rows of K tables (--partitions)
        crt             the same, with coprime remainders (Chinese remainder)
        path            n/c rows, and an MLP for each remainder (--hidden)
        explicit        rows by what you know of the categories (--buckets)

      Examples:
        quotient train train.tsv --output models/criteo --collisions 4
        quotient train day_*.gz --output models/dcn --architecture dcn
        quotient train train.tsv --output models/small --method hash \
      --metrics m.jsonl
      """)

  enum Method: Equatable, ExpressibleByArgument {
    case compression(CompressionMethod)
    case explicit

    init?(argument: String) {
      if argument == "explicit" {
        self = .explicit
      } else if let method = CompressionMethod(rawValue: argument) {
        self = .compression(method)
      } else {
        return nil
      }
    }
  }

  @Argument(help: ArgumentHelp("Files of lines, or -.", valueName: "data"))
  var data: [String]

  @Option(help: ArgumentHelp("The checkpoint folder to write.", valueName: "folder"))
  var output: String

  @Option(help: "dlrm or dcn.")
  var architecture: ModelConfiguration.Architecture = .dlrm

  @Option(help: "How features are stored: see above.")
  var method: Method = .compression(.qrMultiply)

  @OptionGroup(title: "Features")
  var features: FeatureOptions

  @OptionGroup(title: "Network")
  var network: NetworkOptions

  @OptionGroup(title: "Learning")
  var learning: LearningOptions

  @OptionGroup(title: "Data")
  var reading: DataOptions

  @Option(help: ArgumentHelp("Threads that compute.", valueName: "n"))
  var threads = ProcessEnvironment.processorCount

  @Option(help: ArgumentHelp("The model's name; by default the output folder's."))
  var name: String?

  @Option(help: ArgumentHelp("Write metrics there as JSON lines.", valueName: "file"))
  var metrics: String?

  @Option(
    help: ArgumentHelp(
      "Steps between two looks at the validation data; by default only at the end.",
      valueName: "steps"))
  var evaluateEvery: Int?

  @Option(
    help: ArgumentHelp(
      "Steps between two training checkpoints; by default one in ten minutes.",
      valueName: "steps"))
  var saveEvery: Int?

  @Flag(help: "Go on from the training checkpoint in the output folder.")
  var resume = false

  @Flag(help: "Keep the optimiser's state in the finished checkpoint, for more epochs later.")
  var keepState = false

  @Flag(help: "Replace a checkpoint that is in the output folder already.")
  var overwrite = false

  func validate() throws {
    guard 1...1024 ~= threads else { throw ValidationError("--threads is 1 to 1024") }
    guard architecture != .embeddings else {
      throw ValidationError("--architecture is dlrm or dcn: embeddings alone have no score")
    }
    guard (method == .explicit) == (features.buckets != nil) else {
      throw ValidationError("--method explicit and --buckets FILE go together")
    }
    for (flag, steps) in [("--evaluate-every", evaluateEvery), ("--save-every", saveEvery)] {
      if let steps, steps < 1 { throw ValidationError("\(flag) is \(steps); it is 1 or more") }
    }
    if let name, let problem = ConfigurationLimits.problem(withName: name, isModel: true) {
      throw ValidationError("--name '\(name)' \(problem)")
    }
  }

  func run() throws {
    try failing { try refuseExisting() }
    let dataset = try reading.open(data, threads: threads)
    let rows = dataset.rows(reading.part)
    let held = reading.part == .train ? dataset.rows(.validation) : 0..<0
    let trainer = try failing { try makeTrainer(dataset) }
    let report = try TrainingReport(metricsPath: metrics, appends: resume)
    report.begin(trainer.network.configuration, sampleCount: rows.count, trainer.position)
    let signals = try failing { try SignalDescriptor() }
    var source = dataset.source(rows)
    let outcome = try failing {
      try trainer.run(
        &source, validation: { held.isEmpty ? nil : dataset.source(held) },
        shouldStop: { signals.next() != nil }, report: report.note)
    }
    try report.finish(outcome, trainer, output: output)
  }

  private func makeTrainer(_ dataset: Dataset) throws -> Trainer {
    var plan = ModelPlan()
    plan.architecture = architecture
    plan.options = features.methodOptions
    plan.bottomHidden = network.bottomMlp.widths
    plan.topHidden = network.topMlp.widths
    plan.crossLayers = network.crossLayers
    plan.deep = network.deep.widths
    var buckets: ExplicitBuckets?
    switch method {
    case .compression(let method): plan.method = method
    case .explicit:
      plan.method = .full
      buckets = try features.buckets.map { try ExplicitBuckets(opening: $0) }
    }
    let configuration = try plan.configuration(
      name: try modelName(), for: dataset.description, buckets: buckets)
    var target = Trainer.Output(folder: output)
    target.overwrite = overwrite
    target.description = dataset.description
    target.buckets = buckets?.tensors ?? [:]
    target.metadata = ["generator": "quotient \(BuildVersion.text)"]
    var options = learning.trainingOptions
    options.threadCount = threads
    options.evaluateEvery = evaluateEvery
    options.saveEvery = saveEvery
    options.keepsState = keepState
    return try Trainer(configuration, options: options, output: target, resumes: resume)
  }

  /// Says so before the work rather than after it.
  private func refuseExisting() throws {
    guard !resume, !overwrite, try FileStatus.ifExists(output) != nil else { return }
    guard try listFolder(output).isEmpty else {
      throw CommandFailure(
        "\(output) is not empty; go on with --resume, start again with --overwrite, or choose "
          + "another folder")
    }
  }

  private func modelName() throws(CommandFailure) -> String {
    if let name { return name }
    let folder = splitPath(output).name
    if let problem = ConfigurationLimits.problem(withName: folder, isModel: true) {
      throw CommandFailure(
        "the output folder's name '\(folder)' \(problem) for a model; give one with --name")
    }
    return folder
  }
}

extension Optimizer.Rule: ExpressibleByArgument {}
extension Initialization: ExpressibleByArgument {}
