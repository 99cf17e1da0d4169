import ByteCoding
import Checkpoints
import Kernels
import Testing

@testable import Ranking

/// Dense layers in bf16 and int8, on the released DLRM code's checkpoint and scores.
@Suite struct PrecisionTests {
  private let folder: TemporaryFolder
  private let exact: LineScorer
  private let lines: [UInt8]
  private let expected: [Float]
  private let calibration: NetworkCalibration

  /// Those that this processor computes, with the largest and the mean error that are allowed.
  static let precisions: [(precision: DensePrecision, errorMax: Float, errorMean: Float)] =
    [(.bf16, 2e-3, 2e-4), (.int8, 1e-2, 2e-3)].filter { NarrowKernels.best(for: $0.0) != nil }

  init() throws {
    let reference = TorchCase.all[0]
    folder = try TemporaryFolder()
    try reference.imported().write(folder: folder.file("plain"))
    exact = try LineScorer(
      model: ModelLoader.load(path: folder.file("plain")), answersLogits: false, missing: nil)
    let golden = try NumpyArchive(opening: reference.golden)
    let dense = try #require(try golden.tensor(named: "dense").floatValues())
    expected = try #require(try golden.tensor(named: "prob_single_f32").floatValues())
    let tensor = try golden.tensor(named: "ids_single")
    let bytes = tensor.byteSpan
    let ids = (0..<tensor.elementCount).map {
      LittleEndian.load(Int64.self, from: bytes, at: $0 * 8)
    }
    let text = (0..<ids.count / 26).map { row in
      (dense[row * 13..<(row + 1) * 13].map { "\($0)" }
        + ids[row * 26..<(row + 1) * 26].map { "\($0)" }).joined(separator: "\t") + "\n"
    }
    let lines = Array(text.joined().utf8)
    self.lines = lines
    var run = CalibrationRun(exact)
    try run.add(lines.span, firstLine: 1)
    calibration = run.calibration()
    _ = try ModelQuantizer.write(
      exact.model, as: nil, calibration: calibration, features: nil,
      folder: folder.file("calibrated"), overwrite: false, metadata: [:], progress: { _ in })
  }

  private func scorer(_ precision: DensePrecision) throws -> LineScorer {
    try LineScorer(
      model: ModelLoader.load(path: folder.file("calibrated"), precision: precision),
      answersLogits: false, missing: nil)
  }

  @Test func `a calibrated checkpoint holds the ranges that were found`() throws {
    let model = try ModelLoader.load(path: folder.file("calibrated"))
    #expect(model.configuration.calibrationRowCount == 257)
    let read = try NetworkCalibration(model.configuration) { model.tensor(named: $0) }
    #expect(read == calibration)
    #expect(
      model.configuration.calibratedLayers.map(\.name) == [
        "bottom_mlp.1", "bottom_mlp.2", "top_mlp.0", "top_mlp.1", "top_mlp.2",
      ])
    #expect(calibration.layers.count == 5)
    let interaction = try #require(calibration.layers["top_mlp.0"])
    #expect(interaction.inputCount == 367)
    // The bottom MLP's part comes out of a ReLU, products may have any sign.
    #expect(interaction.minima[..<16].allSatisfy { $0 >= 0 })
    #expect(interaction.minima[16...].contains { $0 < 0 })
    for column in 0..<367 {
      let bound = max(abs(interaction.minima[column]), abs(interaction.maxima[column]))
      #expect(interaction.meanSquares[column] <= bound * bound * 1.0001)
    }
  }

  @Test func `calibrating again replaces the ranges, quantising rows keeps them`() throws {
    var run = CalibrationRun(try scorer(.f32))
    let first = try #require(lines.firstIndex(of: UInt8(ascii: "\n")))
    try run.add(lines.span.extracting(0...first), firstLine: 1)
    let other = run.calibration()
    let model = try ModelLoader.load(path: folder.file("calibrated"))
    _ = try ModelQuantizer.write(
      model, as: .f16, calibration: other, features: nil, folder: folder.file("again"),
      overwrite: false, metadata: [:], progress: { _ in })
    let again = try ModelLoader.load(path: folder.file("again"))
    #expect(
      try NetworkCalibration(again.configuration) { again.tensor(named: $0) } == other)
    _ = try ModelQuantizer.write(
      model, as: .f16, features: nil, folder: folder.file("kept"), overwrite: false,
      metadata: [:], progress: { _ in })
    let kept = try ModelLoader.load(path: folder.file("kept"), precision: .int8)
    #expect(try NetworkCalibration(kept.configuration) { kept.tensor(named: $0) } == calibration)
  }

  @Test func `scores are near float32's, and say how near`() throws {
    for (precision, errorMax, errorMean) in Self.precisions {
      let narrow = try scorer(precision)
      #expect(narrow.network.precision == precision && !narrow.network.isComputedInFloat32)
      var comparison = PrecisionComparison(exact: exact, narrow: narrow)
      try comparison.add(lines.span, firstLine: 1)
      let report = comparison.report()
      #expect(report.rowCount == 257)
      #expect(report.errorMax > 0 && report.errorMax <= errorMax, "\(precision): \(report)")
      #expect(report.errorMean <= Double(errorMean), "\(precision): \(report)")
      #expect(report.swappedPairShare < 0.01, "\(precision): \(report)")
      let inputs = try narrow.inputs(of: lines.span, firstLine: 1)
      var scores = try RankingNetworkTests.logits(
        narrow.network, inputs, chunks: [ScoreWorkspace.chunkRowCountMax])
      var span = scores.mutableSpan
      narrow.network.scores(fromLogits: &span)
      let differences = zip(scores, expected).map { abs($0 - $1) }
      #expect(differences.max()! <= errorMax + 2e-6, "\(precision) against PyTorch")
    }
  }

  @Test func `logits are equal to the bit however the batch is cut, in every precision`() throws {
    for (precision, _, _) in Self.precisions {
      let narrow = try scorer(precision)
      let inputs = try narrow.inputs(of: lines.span, firstLine: 1)
      let whole = try RankingNetworkTests.logits(
        narrow.network, inputs, chunks: [ScoreWorkspace.chunkRowCountMax])
      for chunks in [[1], [2], [5, 1, 7], [6], [13], [24, 25], [31, 33], [47, 1]] {
        #expect(
          try RankingNetworkTests.logits(narrow.network, inputs, chunks: chunks) == whole,
          "\(precision), chunks \(chunks)")
      }
    }
  }

  /// int8's sums are integers, so they agree as float32's do; float16's are grouped otherwise.
  @Test func `context gives the scores of the same request sent flat, in every precision`() throws {
    for (precision, _, _) in Self.precisions {
      let tolerance: Float = precision == .int8 ? 1e-5 : 1e-2
      let narrow = try scorer(precision)
      for mask in [1, 2, 0x7FFF, 0x2AA_AAAA, 0x3FF_FFFF] {
        var shared = try narrow.inputs(of: lines.span, firstLine: 1)
        var flat = try narrow.inputs(of: lines.span, firstLine: 1)
        if mask & 1 == 1 {
          shared.isDenseShared = true
          shared.dense = Array(shared.dense[..<13])
          flat.dense = (0..<257).flatMap { _ in shared.dense }
        }
        for feature in 0..<26 where mask & (2 << feature) != 0 {
          let id = flat.columns[feature].ids[0]
          shared.columns[feature].isShared = true
          shared.columns[feature].ids = [id]
          flat.columns[feature].ids = [Int64](repeating: id, count: 257)
        }
        let one = try RankingNetworkTests.logits(
          narrow.network, shared, chunks: [ScoreWorkspace.chunkRowCountMax])
        let other = try RankingNetworkTests.logits(
          narrow.network, flat, chunks: [ScoreWorkspace.chunkRowCountMax])
        let difference = zip(one, other).map { abs($0 - $1) - 2e-6 * abs($1) }.max()!
        #expect(difference <= tolerance, "\(precision), mask \(mask): \(difference)")
      }
    }
  }

  @Test func `layers of few weights, and those of raw dense values, stay float32`() throws {
    for (precision, _, _) in Self.precisions {
      let network = try scorer(precision).network
      let size = precision == .int8 ? 1 : 2
      let bottom = try #require(network.bottom).layers.map(\.weightByteCount)
      #expect(bottom == [13 * 64 * 4, 64 * 32 * size, 32 * 16 * 4], "\(precision)")
      // 367 inputs fill groups of four bytes: 368.
      let top = network.flatPlan.networks[0].layers.map(\.weightByteCount)
      #expect(top == [368 * 64 * size, 64 * 32 * size, 32 * 4], "\(precision)")
    }
  }

  /// The released code's checkpoints of other compositions and interactions.
  @Test(arguments: Array(TorchCase.all.prefix(4)))
  func `every reference checkpoint keeps its scores`(reference: TorchCase) throws {
    let folder = try TemporaryFolder()
    try reference.imported().write(folder: folder.file("plain"))
    let exact = try LineScorer(
      model: ModelLoader.load(path: folder.file("plain")), answersLogits: false, missing: nil)
    let golden = try NumpyArchive(opening: reference.golden)
    let dense = try #require(try golden.tensor(named: "dense").floatValues())
    let expected = try #require(try golden.tensor(named: "prob_single_f32").floatValues())
    let tensor = try golden.tensor(named: "ids_single")
    let bytes = tensor.byteSpan
    let (denseCount, count) = (dense.count / expected.count, exact.model.features.count)
    let text = expected.indices.map { row -> String in
      let values = dense[row * denseCount..<(row + 1) * denseCount].map { "\($0)" }
      let ids = (0..<count).map {
        "\(LittleEndian.load(Int64.self, from: bytes, at: (row * count + $0) * 8))"
      }
      return (values + ids).joined(separator: "\t") + "\n"
    }
    let lines = Array(text.joined().utf8)
    var run = CalibrationRun(exact)
    try run.add(lines.span, firstLine: 1)
    _ = try ModelQuantizer.write(
      exact.model, as: nil, calibration: run.calibration(), features: nil,
      folder: folder.file("calibrated"), overwrite: false, metadata: [:], progress: { _ in })
    for (precision, errorMax, errorMean) in Self.precisions {
      let narrow = try LineScorer(
        model: ModelLoader.load(path: folder.file("calibrated"), precision: precision),
        answersLogits: false, missing: nil)
      let inputs = try narrow.inputs(of: lines.span, firstLine: 1)
      var scores = try RankingNetworkTests.logits(narrow.network, inputs, chunks: [48, 5])
      var span = scores.mutableSpan
      narrow.network.scores(fromLogits: &span)
      let errors = zip(scores, expected).map { abs($0 - $1) }
      let mean = errors.reduce(0, +) / Float(errors.count)
      #expect(errors.max()! <= errorMax + 2e-6 && mean <= errorMean + 2e-6, "\(precision), \(mean)")
    }
  }

  @Test func `int8 without ranges says how to get them`() throws {
    let error = #expect(throws: ModelError.self) {
      _ = try ModelLoader.load(path: folder.file("plain"), precision: .int8)
    }
    #expect(error?.description.contains("quotient quantize CHECKPOINT --calibrate DATA") == true)
  }

  @Test func `without kernels float32 computes, to the bit`() throws {
    let model = try ModelLoader.load(path: folder.file("calibrated"))
    for precision in DensePrecision.allCases {
      let network = try #require(
        try RankingNetwork(
          configuration: model.configuration, features: model.features, precision: precision,
          kernels: nil
        ) { model.tensor(named: $0) })
      #expect(network.isComputedInFloat32 == (precision != .f32))
      let inputs = try exact.inputs(of: lines.span, firstLine: 1)
      #expect(
        try RankingNetworkTests.logits(network, inputs, chunks: [ScoreWorkspace.chunkRowCountMax])
          == RankingNetworkTests.logits(
            exact.network, inputs, chunks: [ScoreWorkspace.chunkRowCountMax]))
    }
  }

  @Test func `damaged ranges are refused with their tensor's name`() throws {
    let model = try ModelLoader.load(path: folder.file("calibrated"))
    let name = "calibration.top_mlp.1"
    let values = try #require(model.tensor(named: name)?.floatValues())
    for (position, value) in [(0, Float.infinity), (64, -1), (128, -0.5), (64, .nan)] {
      var damaged = values
      damaged[position] = value
      let bytes = damaged.flatMap { value in
        (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> UInt32(8 * $0)) }
      }
      let target = folder.file("damaged-\(position)-\(value)")
      try CheckpointWriter.write(
        folder: target, configuration: model.configuration.serialized(),
        tensors: model.tensors.map {
          $0.name == name
            ? TensorContent(
              name: name, elementType: .f32, shape: $0.shape, content: .bytes(bytes))
            : TensorContent($0)
        })
      let error = #expect(throws: ModelError.self) { _ = try ModelLoader.load(path: target) }
      #expect(error?.description.contains("tensor '\(name)'") == true, "\(position), \(value)")
    }
  }

  @Test(arguments: [
    (#"{"rows": 0}"#, "calibration.rows"), (#"{"row": 5}"#, "calibration.row"),
    (#"{"rows": 5, "tensor": "x"}"#, "calibration.tensor"), ("7", "calibration"),
  ])
  func `a wrong member of config.json is named`(value: String, path: String) throws {
    let text = String(decoding: exact.model.configuration.serialized(), as: UTF8.self)
    let changed = text.replacing(
      "\"format\": \"quotient\"", with: "\"calibration\": \(value), \"format\": \"quotient\"")
    let error = #expect(throws: ModelError.self) {
      _ = try ModelConfiguration(parsing: Array(changed.utf8))
    }
    #expect(error?.description.contains(path) == true, "\(String(describing: error))")
  }

  @Test func `swapped pairs are counted, ties as halves`() {
    typealias Case = (exact: [Float], narrow: [Float], share: Double)
    let cases: [Case] = [
      ([1, 2, 3, 4], [1, 2, 3, 4], 0), ([1, 2, 3, 4], [4, 3, 2, 1], 1),
      ([1, 2, 3, 4], [1, 3, 2, 4], 1.0 / 6), ([1, 2, 3, 4], [1, 2, 2, 4], 0.5 / 6),
      ([1, 1, 3, 4], [2, 1, 3, 4], 0), ([1, 1, 3, 4], [1, 1, 3, 4], 0),
      ([2, 1, 3], [0, 0, 0], 0.5), ([5], [6], 0), ([], [], 0),
      ([4, 3, 2, 1, 5], [1, 2, 3, 4, 5], 6.0 / 10),
    ]
    for (exact, narrow, share) in cases {
      let report = PrecisionComparison.report(exact: exact, narrow: narrow)
      #expect(abs(report.swappedPairShare - share) < 1e-12, "\(exact), \(narrow)")
    }
  }

  /// Columns of very different ranges: what per-column steps are for.
  @Test func `steps follow the columns where that is more exact`() {
    let ranges = LayerRanges(
      minima: [0, -1, 0, 0], maxima: [10, 1, 0.5, 0], meanSquares: [9, 0.2, 0.05, 0])
    let weights: [Float] = [0.01, 0.5, 1, 1, -0.02, 0.4, -1, 1]
    let coding = Int8Coding(weights: weights, outputCount: 2, ranges: ranges)
    #expect(coding.inputSteps[1] < coding.inputSteps[0])
    #expect(coding.inputSteps[2] < coding.inputSteps[1])
    for column in 0..<4 {
      let step = coding.inputSteps[column]
      let top = step * (255 - Float(coding.inputZeros[column]))
      #expect(top >= ranges.maxima[column] * 0.99, "column \(column) covers its range")
      #expect(-step * Float(coding.inputZeros[column]) <= ranges.minima[column] + step)
    }
    let even = LayerRanges(
      minima: [0, 0], maxima: [1, 1], meanSquares: [0.3, 0.3])
    let plain = Int8Coding(weights: [1, -1], outputCount: 1, ranges: even)
    #expect(plain.inputSteps == [1 / 255, 1 / 255] && plain.inputZeros == [0, 0])
    #expect(plain.outputScales == [Float(1) / 255 / 127])
  }
}
