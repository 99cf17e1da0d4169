import Foundation
import Testing

@testable import quotient_bench

/// The measuring instruments are measured too.
@Suite struct LoadTests {
  @Test(arguments: [1, 2, 3, 5, 16, 17, 100, 1000, 4097])
  func `the scattered order is a permutation`(_ count: Int) {
    let order = ScatteredOrder(count: count)
    #expect(Set((0..<count).map { order[$0] }) == Set(0..<count))
  }

  @Test func `hot ids are not neighbours`() {
    let order = ScatteredOrder(count: 10_131_227)
    let hottest = (0..<100).map { order[$0] }.sorted()
    let nearest = zip(hottest, hottest.dropFirst()).map { $1 - $0 }.min() ?? 0
    #expect(nearest > 4)
  }

  @Test(arguments: [0.8, 1.0, 1.05, 1.5])
  func `Zipf ranks have the frequencies of the formula`(_ exponent: Double) {
    let count = 1000
    let sampler = ZipfSampler(count: count, exponent: exponent)
    var generator = SplitMix64(seed: 7)
    let draws = 200_000
    var counts = [Int](repeating: 0, count: count)
    for _ in 0..<draws { counts[sampler.rank(&generator) - 1] += 1 }
    let total = (1...count).reduce(0) { $0 + pow(Double($1), -exponent) }
    for rank in [1, 2, 3, 10, 100] {
      let expected = Double(draws) * pow(Double(rank), -exponent) / total
      // Five standard deviations of a Poisson count.
      let slack = 5 * expected.squareRoot() + 1
      #expect(abs(Double(counts[rank - 1]) - expected) < slack, "rank \(rank), seed 7")
    }
  }

  @Test func `quantiles are exact to 1.6 percent`() {
    var histogram = LatencyHistogram()
    for value in UInt64(1)...100_000 { histogram.record(value * 37) }
    for share in [0.001, 0.5, 0.9, 0.99, 0.999, 1] {
      let exact = Double(37) * (share * 100_000).rounded(.up)
      let found = Double(histogram.quantile(share))
      #expect(found >= exact && found <= exact * 1.016, "\(share): \(found), not \(exact)")
    }
    #expect(histogram.max == 3_700_000)
    #expect(histogram.count == 100_000)
  }

  @Test func `small and huge durations are recorded`() {
    var histogram = LatencyHistogram()
    for value in [0, 1, 63, 64, 65, UInt64(1) << 40, .max] { histogram.record(value) }
    #expect(histogram.quantile(0.01) == 0)
    #expect(histogram.quantile(1) == .max)
  }

  @Test func `an answer is complete at its last byte, however it is cut`() {
    let answer = Array("HTTP/1.1 200 OK\r\nX: 1\r\ncontent-LENGTH: 5\r\n\r\nhello".utf8)
    for cut in 1..<answer.count {
      var scanner = ResponseScanner()
      #expect(scanner.take(Array(answer[..<cut]), count: cut) == .needsMoreBytes, "cut at \(cut)")
      let rest = Array(answer[cut...])
      #expect(scanner.take(rest, count: rest.count) == .complete, "cut at \(cut)")
      #expect(scanner.status == 200)
    }
  }

  @Test func `an answer without a length, or with more bytes than it, is broken`() {
    for text in ["HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab"] {
      var scanner = ResponseScanner()
      #expect(scanner.take(Array(text.utf8), count: text.utf8.count) == .broken, "\(text)")
    }
  }

  @Test func `Poisson arrivals keep their rate`() {
    var generator = SplitMix64(seed: 3)
    let plan = ArrivalPlan.poisson(perSecond: 1000)
    let total = (0..<100_000).reduce(0.0) { sum, _ in sum + plan.gap(&generator) }
    #expect(abs(total / 1e9 - 100) < 2, "seed 3")
  }

  @Test func `requests are prepared in every format`() throws {
    for work in Work.allCases {
      for format in WireFormat.allCases
      where !(work == .batch && format == .raw) && !(work.isScore && format != .json) {
        let requests = try RequestSet(
          work: work, format: format, model: "m", host: "h", exponent: 1.05, seed: 1, count: 4)
        #expect(requests.count == 4)
        let first = String(decoding: requests.bytes[requests.range(0)].prefix(9), as: UTF8.self)
        #expect(first == (format == .infer ? "POST /v2/" : "POST /v1/"))
      }
    }
  }
}
