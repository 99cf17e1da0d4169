import Foundation
import TestSupport
import Testing

@testable import Training

@Suite struct ElementaryFunctionsTests {
  private func expectNear(
    _ actual: Double, _ expected: Double, _ units: Double = 2,
    _ comment: @autoclosure () -> Comment = ""
  ) {
    if actual == expected { return }
    #expect(abs(actual - expected) <= units * max(expected.ulp, .leastNormalMagnitude), comment())
  }

  @Test func `logarithms are the system's to two units in the last place`() {
    var generator = SeededGenerator(seed: 1)
    for _ in 0..<20_000 {
      let x = Double(
        sign: .plus, exponent: .random(in: -1000...1000, using: &generator),
        significand: .random(in: 1..<2, using: &generator))
      expectNear(ElementaryFunctions.log(x), Foundation.log(x), 2, "\(x)")
      let near = 1 + Double.random(in: -0.01...0.01, using: &generator)
      expectNear(ElementaryFunctions.log(near), Foundation.log(near), 2, "\(near)")
    }
    #expect(ElementaryFunctions.log(1) == 0)
    expectNear(
      ElementaryFunctions.log(.leastNonzeroMagnitude), Foundation.log(.leastNonzeroMagnitude))
    expectNear(
      ElementaryFunctions.log(.greatestFiniteMagnitude), Foundation.log(.greatestFiniteMagnitude))
  }

  @Test func `exponentials are the system's to two units in the last place`() {
    var generator = SeededGenerator(seed: 2)
    for range in [-745.0...709.7, -1...1, -1e-9...1e-9] {
      for _ in 0..<10_000 {
        let x = Double.random(in: range, using: &generator)
        expectNear(ElementaryFunctions.exp(x), Foundation.exp(x), 2, "\(x)")
        if x > -700 {
          expectNear(ElementaryFunctions.expm1(x), Foundation.expm1(x), 4, "\(x)")
        }
        if x > -1 {
          expectNear(ElementaryFunctions.log1p(x), Foundation.log1p(x), 4, "\(x)")
        }
      }
    }
    #expect(ElementaryFunctions.exp(0) == 1)
    #expect(ElementaryFunctions.exp(710) == .infinity)
    #expect(ElementaryFunctions.exp(-746) == 0)
    #expect(ElementaryFunctions.expm1(-800) == -1)
  }

  @Test func `sigmoid and softplus hold out at the ends`() {
    for x in [-1000.0, -700, -40, -1, 0, 1, 40, 700, 1000] {
      let sigmoid = ElementaryFunctions.sigmoid(x)
      #expect((0...1).contains(sigmoid))
      expectNear(
        sigmoid, x < 0 ? Foundation.exp(x) / (1 + Foundation.exp(x)) : 1 / (1 + Foundation.exp(-x)),
        4)
      expectNear(
        ElementaryFunctions.softplus(x), max(x, 0) + Foundation.log1p(Foundation.exp(-abs(x))), 4)
    }
    #expect(ElementaryFunctions.softplus(1000) == 1000)
  }
}
