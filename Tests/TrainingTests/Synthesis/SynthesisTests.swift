import ByteCoding
import Foundation
import TestSupport
import Testing

@testable import Training

@Suite struct SynthesisTests {
  private let fixture: DataFixture

  init() throws { fixture = try DataFixture() }

  private func options(_ rows: Int, seed: UInt64 = 1) -> SyntheticOptions {
    var options = SyntheticOptions()
    options.rowCount = rows
    options.seed = seed
    options.cardinalities = [3, 50, 2000, 1]
    options.denseCount = 3
    return options
  }

  private func write(
    _ options: SyntheticOptions, _ name: String, threads: Int = 1
  ) throws -> (bytes: [UInt8], truths: [DatasetPart: SyntheticTruth]) {
    let path = try fixture.folder.file(name)
    let truths = try SyntheticData(options).write(to: path, threadCount: threads)
    return (try [UInt8](Data(contentsOf: URL(filePath: path))), truths)
  }

  @Test func `the same seed gives the same lines, whatever the threads`() throws {
    let first = try write(options(9000), "a")
    let second = try write(options(9000), "b", threads: 3)
    let isSame = first.bytes == second.bytes
    #expect(isSame)
    let isSameTruth = first.truths == second.truths
    #expect(isSameTruth)
    let isOther = try write(options(9000, seed: 2), "c").bytes != first.bytes
    #expect(isOther)
    // These very bytes, on every machine.
    #expect(CRC32.of(first.bytes.span) == 3_631_848_249)
  }

  @Test func `compressed data are the same lines`() throws {
    let plain = try write(options(5000), "a").bytes
    let compressed = try write(options(5000), "a.gz").bytes
    #expect(compressed.count < plain.count / 2)
    var text = ByteBuffer()
    try inflate(compressed.span, container: .gzip, byteCountMax: 1 << 24, into: &text)
    let isSame = [UInt8](text.bytes) == plain
    #expect(isSame)
  }

  @Test func `the reader takes every line, and finds the categories`() throws {
    _ = try write(options(8000), "a")
    var readerOptions = DatasetOptions()
    readerOptions.denseCount = 3
    let dataset = try fixture.open([fixture.folder.file("a")], readerOptions)
    #expect(dataset.rowCount == 8000 && dataset.badLineCount == 0)
    let cardinalities = dataset.description.cardinalities
    #expect(cardinalities[0] == 4 && cardinalities[3] == 2, "all categories and the missing one")
    #expect((40...51).contains(cardinalities[1]) && (700...2001).contains(cardinalities[2]))
    let samples = try dataset.samples()
    let missing = try #require(dataset.description.categoricalFeatures[2].defaultCategory)
    let missingShare = Double(samples.ids[2].count { $0 == missing }) / 8000
    #expect(abs(missingShare - 0.05) < 0.01)
    // Zipf: the most frequent of 50 has about 1 / H(50) of what is not missing.
    let counts = Dictionary(grouping: samples.ids[1], by: \.self).mapValues(\.count)
    let harmonic = (1...50).reduce(0.0) { $0 + pow(Double($1), -1.05) }
    let share = Double(counts.values.max() ?? 0) / 8000
    #expect(abs(share - 0.95 / harmonic) < 0.02)
  }

  @Test func `the truth adds up over the parts and is as good as expected`() throws {
    let truths = try write(options(40_000), "a", threads: 2).truths
    let all = try #require(truths[.all])
    #expect(all.rowCount == 40_000)
    for part in [DatasetPart.train, .validation, .test] {
      #expect(truths[part]?.rowCount == DaySplit.rows(part, of: 40_000).count)
    }
    #expect(abs(Double(all.clickCount) / 40_000 - 0.25) < 0.02)
    let (loss, entropy) = (try #require(all.logLoss), try #require(all.entropy))
    // The loss of one row has a standard deviation of about 0.6.
    #expect(abs(loss - entropy) < 4 * 0.6 / 200)
    #expect(entropy < (try #require(all.constantLogLoss)) - 0.02)
    #expect((try #require(all.areaUnderCurve)) > 0.6)
  }

  @Test func `labels of noise alone leave nothing to learn`() throws {
    var noisy = options(20_000)
    noisy.noise = 1
    let truth = try #require(try write(noisy, "a").truths[.all])
    #expect(truth.areaUnderCurve == 0.5)
    #expect(abs((try #require(truth.logLoss)) - (try #require(truth.constantLogLoss))) < 1e-3)
  }

  @Test func `the area of the truth is that of its probabilities`() {
    var generator = SeededGenerator(seed: 8)
    var truth = SyntheticTruth()
    var metrics = EvaluationMetrics()
    for _ in 0..<5000 {
      let logit = Float.random(in: -3...3, using: &generator)
      let probability = 1 / (1 + Foundation.exp(-Double(logit)))
      let isClick = Double.random(in: 0..<1, using: &generator) < probability
      truth.add(probability: probability, isClick: isClick)
      let (logits, labels): ([Float], [Float]) = ([logit], [isClick ? 1 : 0])
      metrics.add(logits: logits.span, labels: labels.span)
    }
    let summary = metrics.summary()
    #expect(abs((truth.areaUnderCurve ?? 0) - (summary?.areaUnderCurve ?? 1)) < 1e-4)
    #expect(abs((truth.logLoss ?? 0) - (summary?.logLoss ?? 1)) < 1e-6)
  }

  @Test func `keys of a feature are all different`() {
    let model = ClickModel(options(1))
    for feature in 0..<3 {
      #expect(Set((0..<20_000).map { model.key(feature, $0) }).count == 20_000)
    }
    #expect(model.key(0, 1) != model.key(1, 1))
  }

  @Test(arguments: [1, 2, 10, 1000, 1 << 32], [0.3, 1.0, 1.05, 2.5])
  func `ranks follow their law`(count: Int, exponent: Double) {
    let zipf = SyntheticZipf(count: count, exponent: exponent)
    var random = SyntheticRandom(seed: 5, sequence: 0)
    var counts: [Int: Int] = [:]
    let draws = 4000
    for _ in 0..<draws {
      let rank = zipf.next(&random)
      #expect(0..<count ~= rank)
      counts[rank, default: 0] += 1
    }
    guard count <= 1000 else { return }
    let total = (1...count).reduce(0.0) { $0 + pow(Double($1), -exponent) }
    for rank in 0..<min(count, 3) {
      let share = pow(Double(rank + 1), -exponent) / total
      let deviation = (share * (1 - share) / Double(draws)).squareRoot()
      #expect(abs(Double(counts[rank] ?? 0) / Double(draws) - share) <= 5 * deviation + 1e-9)
    }
  }

  @Test func `what cannot be made is refused in a sentence`() {
    let changes: [(inout SyntheticOptions) -> Void] = [
      { $0.rowCount = 0 }, { $0.cardinalities = [] }, { $0.cardinalities = [0] },
      { $0.cardinalities = [1 << 33] }, { $0.denseCount = -1 }, { $0.exponent = 0 },
      { $0.clickRate = 1 }, { $0.noise = 2 }, { $0.missingRate = 1 },
    ]
    for change in changes {
      var options = options(10)
      change(&options)
      #expect(throws: TrainingError.self) { try SyntheticData(options) }
    }
    #expect(throws: TrainingError.self) {
      try SyntheticData(options(10)).write(to: "/proc/nonexistent/x", threadCount: 1)
    }
  }
}
