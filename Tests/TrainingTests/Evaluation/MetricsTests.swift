import ByteCoding
import Checkpoints
import Foundation
import TestSupport
import Testing

@testable import Training

/// Metrics against scikit-learn's: see Golden/make_metrics.py.
@Suite struct MetricsTests {
  static let cases = [
    "calibrated", "ties", "reversed", "saturated", "clamped", "constant", "two",
  ]
  private static let path = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Golden/metrics.npz").path()

  private func floats(_ name: String) throws -> [Float] {
    try #require(try NumpyArchive(opening: Self.path).tensor(named: name).floatValues())
  }

  private func doubles(_ name: String) throws -> [Double] {
    let tensor = try NumpyArchive(opening: Self.path).tensor(named: name)
    let bytes = tensor.byteSpan
    return (0..<tensor.elementCount).map { LittleEndian.loadDouble(from: bytes, at: $0 * 8) }
  }

  private func metrics(_ name: String) throws -> EvaluationMetrics {
    var metrics = EvaluationMetrics(lossThreshold: try floats("\(name).threshold")[0])
    let logits = try floats("\(name).logits")
    let labels = try floats("\(name).labels")
    metrics.add(logits: logits.span, labels: labels.span)
    return metrics
  }

  @Test(arguments: cases)
  func `the numbers are scikit-learn's`(name: String) throws {
    let summary = try #require(try metrics(name).summary())
    let actual = [
      summary.logLoss, summary.accuracy, try #require(summary.areaUnderCurve),
      try #require(summary.normalizedEntropy), summary.meanPrediction,
      try #require(summary.calibration),
    ]
    let golden = try doubles("\(name).summary")
    #expect(golden.count == actual.count)
    for index in golden.indices {
      #expect(abs(actual[index] - golden[index]) <= 1e-7 * abs(golden[index]), "number \(index)")
    }
  }

  @Test(arguments: cases)
  func `the calibration table is scikit-learn's`(name: String) throws {
    let bins = try metrics(name).bins
    let tensor = try NumpyArchive(opening: Self.path).tensor(named: "\(name).bin_counts")
    let bytes = tensor.byteSpan
    let counts = (0..<20).map { Int(LittleEndian.load(Int64.self, from: bytes, at: $0 * 8)) }
    #expect(bins.map(\.count) == counts)
    let filled = bins.filter { $0.count > 0 }
    let rates = try doubles("\(name).bin_rates")
    let predictions = try doubles("\(name).bin_predictions")
    #expect(filled.count == rates.count && filled.count == predictions.count)
    for index in filled.indices {
      let rate = try #require(filled[index].clickRate)
      let prediction = try #require(filled[index].meanPrediction)
      #expect(abs(rate - rates[index]) < 1e-12)
      #expect(abs(prediction - predictions[index]) < 1e-9)
    }
  }

  @Test func `merged pieces are the whole`() throws {
    let logits = try floats("ties.logits")
    let labels = try floats("ties.labels")
    let whole = try #require(try metrics("ties").summary())
    for pieces in [2, 7, 5000] {
      var merged = EvaluationMetrics()
      for piece in 0..<pieces {
        let range = logits.count * piece / pieces..<logits.count * (piece + 1) / pieces
        var part = EvaluationMetrics()
        part.add(logits: logits.span.extracting(range), labels: labels.span.extracting(range))
        merged.merge(part)
      }
      let summary = try #require(merged.summary())
      #expect(summary.areaUnderCurve == whole.areaUnderCurve)
      #expect(summary.accuracy == whole.accuracy && summary.clickCount == whole.clickCount)
      #expect(abs(summary.logLoss - whole.logLoss) < 1e-12)
    }
  }

  @Test func `the area counts every pair once, whatever the ties`() {
    // All small cases against the definition.
    let samples = [-1, -0.0, 0.0, 2].flatMap { (value: Float) in
      [Sample(logit: value, isClick: true), Sample(logit: value, isClick: false)]
    }
    var rows: [[Sample]] = [[]]
    for _ in 0..<4 {
      rows = rows.flatMap { row in samples.map { row + [$0] } }
      for row in rows {
        var ranked = RankedLogits()
        for sample in row { ranked.append(sample.logit, isClick: sample.isClick) }
        #expect(ranked.area() == Self.area(row), "\(row)")
      }
    }
  }

  private struct Sample {
    let logit: Float
    let isClick: Bool
  }

  private static func area(_ samples: [Sample]) -> Double? {
    var wins = 0.0
    var pairs = 0.0
    for click in samples where click.isClick {
      for other in samples where !other.isClick {
        pairs += 1
        if click.logit > other.logit { wins += 1 }
        if click.logit == other.logit { wins += 0.5 }
      }
    }
    return pairs == 0 ? nil : wins / pairs
  }

  @Test func `nothing and one kind of label have no numbers that mean nothing`() {
    #expect(EvaluationMetrics().summary() == nil)
    var metrics = EvaluationMetrics()
    let logits: [Float] = [1, -1]
    let labels: [Float] = [0, 0]
    metrics.add(logits: logits.span, labels: labels.span)
    let summary = metrics.summary()
    #expect(summary?.areaUnderCurve == nil && summary?.normalizedEntropy == nil)
    #expect(summary?.calibration == nil && summary?.accuracy == 0.5)
  }
}
