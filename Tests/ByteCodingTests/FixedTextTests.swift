import ByteCoding
import Testing

@Suite struct FixedTextTests {
  @Test(arguments: [
    (1.005, 2, "1.00"), (2.996, 2, "3.00"), (-0.04, 1, "0.0"), (-0.06, 1, "-0.1"), (7, 0, "7"),
    (0, 3, "0.000"), (1.005, 1, "1.0"), (1.05, 2, "1.05"), (-12.5, 0, "-13"), (1e20, 2, "1e+20"),
    (.infinity, 1, "inf"), (-.infinity, 1, "-inf"), (.nan, 2, "nan"),
  ])
  func `numbers have as many digits as they are given`(value: Double, digits: Int, text: String) {
    #expect(fixed(value, digits: digits) == text)
  }
}
