import TestSupport
import Testing

@testable import Serving

struct BestCandidatesTests {
  private func expected(_ values: [Float], _ countMax: Int) -> [Int] {
    let all = values.indices.sorted { (values[$0], $1) > (values[$1], $0) }
    return Array(all.prefix(countMax))
  }

  private func found(_ values: [Float], _ countMax: Int) -> [Int] {
    // What an earlier request left does not count.
    var order = [7, 7, 7, 7, 7, 7, 7, 7, 7]
    rankBest(values.span, countMax: countMax, into: &order)
    return order
  }

  @Test func `every list of up to six values of three is ranked`() {
    let choices: [Float] = [-1.5, 0, 0.25]
    for count in 0...6 {
      for code in 0..<(0..<count).reduce(1, { product, _ in product * 3 }) {
        var rest = code
        var values: [Float] = []
        for _ in 0..<count {
          values.append(choices[rest % 3])
          rest /= 3
        }
        for countMax in 1...7 {
          #expect(found(values, countMax) == expected(values, countMax), "\(values) \(countMax)")
        }
      }
    }
  }

  @Test func `both zeros are equal, and infinities and denormals have their places`() {
    let values: [Float] = [
      -0.0, 0, -.infinity, .infinity, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, 3, -3, 0,
      .greatestFiniteMagnitude, -.greatestFiniteMagnitude,
    ]
    for countMax in 1...12 { #expect(found(values, countMax) == expected(values, countMax)) }
  }

  @Test(arguments: [1, 2, 10, 999, 1000, 5000])
  func `the best of many random values are those of a sort`(_ countMax: Int) {
    var generator = SeededGenerator(seed: UInt64(countMax))
    let values = (0..<1000).map { _ in Float(Int.random(in: -300...300, using: &generator)) / 64 }
    #expect(found(values, countMax) == expected(values, countMax), "\(values)")
  }
}
