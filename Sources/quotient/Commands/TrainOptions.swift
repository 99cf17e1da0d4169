import ArgumentParser
import Ranking
import SystemIO
import Training

/// How categorical features are stored.
struct FeatureOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Categories that share a row.", valueName: "c"))
  var collisions = 4

  @Option(
    help: ArgumentHelp(
      "Features with at most this many categories keep a full table.", valueName: "n"))
  var threshold = 0

  @Option(help: ArgumentHelp("Tables of mixed-radix and crt.", valueName: "k"))
  var partitions = 2

  @Option(help: ArgumentHelp("Hidden width of path.", valueName: "n"))
  var hidden = 64

  @Option(help: ArgumentHelp("Width of the composed vectors.", valueName: "n"))
  var dimension = 16

  @Option(
    help: ArgumentHelp(
      "Of --method explicit: a safetensors file with the buckets C3.0, C3.1, ... of the "
        + "categories; features that it does not name keep full tables.", valueName: "file"))
  var buckets: String?

  var methodOptions: CompressionMethod.Options {
    var options = CompressionMethod.Options()
    (options.collisions, options.threshold) = (collisions, threshold)
    (options.partitions, options.hidden) = (partitions, hidden)
    options.dimension = dimension
    return options
  }

  func validate() throws {
    for (name, value, most) in [
      ("--dimension", dimension, 1 << 12), ("--collisions", collisions, 1 << 40),
      ("--partitions", partitions, 64), ("--hidden", hidden, 1 << 12),
    ] where !(1...most).contains(value) {
      throw ValidationError("\(name) is \(value); it must be in 1 ... \(most)")
    }
    if threshold < 0 { throw ValidationError("--threshold is \(threshold); it must be 0 or more") }
  }
}

/// The widths of dense layers.
struct NetworkOptions: ParsableArguments {
  @Option(
    name: .customLong("bottom-mlp"),
    help: ArgumentHelp(
      "Hidden layers of a DLRM before the interaction; one of --dimension follows.",
      valueName: "n-n-..."))
  var bottomMlp = WidthList([512, 256, 64])

  @Option(
    name: .customLong("top-mlp"),
    help: ArgumentHelp(
      "Hidden layers of a DLRM behind it; one of width 1 follows.", valueName: "n-n-..."))
  var topMlp = WidthList([512, 256])

  @Option(help: ArgumentHelp("Cross layers of a DCN.", valueName: "n"))
  var crossLayers = 6

  @Option(help: ArgumentHelp("Deep layers of a DCN.", valueName: "n-n-..."))
  var deep = WidthList([512, 256, 64])

  func validate() throws {
    guard 1...256 ~= crossLayers else {
      throw ValidationError("--cross-layers is \(crossLayers); it must be in 1 ... 256")
    }
  }
}

/// The optimiser, and how long it runs.
struct LearningOptions: ParsableArguments {
  @Option(help: "adagrad, rowwise-adagrad, amsgrad or sgd.")
  var optimizer: Optimizer.Rule = .adagrad

  @Flag(
    help: ArgumentHelp(
      "With amsgrad: rows that a batch does not touch move too, by what their means still hold, "
        + "as with PyTorch's dense gradients; every step then goes through all tables."
    ))
  var denseGradients = false

  @Option(
    help: ArgumentHelp("By default PyTorch's: 0.01, and 0.001 for amsgrad.", valueName: "x"))
  var learningRate: Float?

  @Option(help: ArgumentHelp("Samples of a step.", valueName: "n"))
  var batchSize = 128

  @Option(help: ArgumentHelp("Times that the data is gone through.", valueName: "n"))
  var epochs = 1

  @Option(help: ArgumentHelp("Of the first values of all weights.", valueName: "n"))
  var seed: UInt64 = 1

  @Option(
    help: ArgumentHelp(
      "balanced: products of rows start with a full table's variance; released: as the released "
        + "DLRM code, all positive."))
  var initialization: Initialization = .balanced

  var trainingOptions: TrainingOptions {
    var options = TrainingOptions()
    options.optimizer = Optimizer(optimizer, learningRate: learningRate)
    options.optimizer.usesDenseGradients = denseGradients
    (options.batchSize, options.epochs) = (batchSize, epochs)
    options.seed = seed
    options.initialization = initialization
    return options
  }

  func validate() throws {
    guard 1...1_048_576 ~= batchSize else {
      throw ValidationError("--batch-size is \(batchSize); it must be in 1 ... 1048576")
    }
    guard !denseGradients || optimizer == .amsgrad else {
      throw ValidationError(
        "--dense-gradients goes with --optimizer amsgrad: with the others a row that no sample has "
          + "does not move")
    }
    guard epochs > 0 else { throw ValidationError("--epochs is \(epochs); it must be 1 or more") }
    if let learningRate, !(learningRate > 0 && learningRate.isFinite) {
      throw ValidationError("--learning-rate is \(learningRate); it must be above 0")
    }
  }
}

/// How the data is read.
struct DataOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Categories are hexadecimal numbers modulo this; by default they get numbers in order of "
        + "their first appearance.", valueName: "n"))
  var maxIndexRange: Int?

  @Option(
    help: ArgumentHelp(
      "Categories seen less often share one number.", valueName: "n"))
  var minOccurrences = 1

  @Option(help: ArgumentHelp("Dense values of each line.", valueName: "n"))
  var denseFeatures = 13

  @Flag(help: "Leave out lines that cannot be read, and count them.")
  var skipBadLines = false

  @Option(help: "all: learn from everything; train: from days 1 to 6, and validate on day 7.")
  var part: DatasetPart = .train

  @Option(
    help: ArgumentHelp(
      "Where the numbers that were read are kept; by default in the user's cache folder.",
      valueName: "file"))
  var cache: String?

  func validate() throws {
    if let maxIndexRange, maxIndexRange < 1 {
      throw ValidationError("--max-index-range is \(maxIndexRange); it must be 1 or more")
    }
    guard part == .all || part == .train else {
      throw ValidationError("--part is all or train: the others are there to judge the model")
    }
    guard minOccurrences > 0, denseFeatures >= 0 else {
      throw ValidationError("--min-occurrences is 1 or more, --dense-features 0 or more")
    }
  }

  func open(_ paths: [String], threads: Int) throws(CommandFailure) -> Dataset {
    var options = DatasetOptions()
    options.denseCount = denseFeatures
    options.input = maxIndexRange.map { .hash(range: $0) } ?? .vocabulary
    options.occurrencesMin = minOccurrences
    options.skipsBadLines = skipBadLines
    options.threadCount = threads
    let folder = if let cache { splitPath(cache).folder } else { try DemoFolder.path() }
    let dataset = try failing {
      try makeFolder(folder, withParents: true)
      let path =
        try cache ?? joinPath(folder, Dataset.cacheName(paths, options: options))
      var bar: ProgressBar?
      let dataset = try Dataset.open(paths, options: options, cache: path) { done, total in
        if bar == nil { bar = ProgressBar("reading", total: total) }
        bar?.update(done)
      }
      bar?.finish()
      return dataset
    }
    if dataset.badLineCount > 0 {
      Console.remark("left out \(grouped(dataset.badLineCount)) lines that cannot be read")
      for line in dataset.badLines { Console.remark("  \(line)") }
    }
    return dataset
  }
}

/// 512-256-64
struct WidthList: ExpressibleByArgument, CustomStringConvertible {
  let widths: [Int]

  init(_ widths: [Int]) { self.widths = widths }

  init?(argument: String) {
    let parts = argument.split(whereSeparator: { $0 == "," || $0 == "-" })
    widths = parts.compactMap { Int($0) }
    let allowed = 1...ConfigurationLimits.widthMax
    guard !widths.isEmpty, widths.count == parts.count, widths.allSatisfy(allowed.contains)
    else { return nil }
  }

  var description: String { widths.map(String.init).joined(separator: "-") }
  var defaultValueDescription: String { description }
}
