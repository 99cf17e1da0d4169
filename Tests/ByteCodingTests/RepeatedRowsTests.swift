import ByteCoding
import TestSupport
import Testing

@Suite struct RepeatedRowsTests {
  @Test(arguments: FloatTextKernel.available)
  func `rows written once and copied read like rows written one by one`(kernel: FloatTextKernel) {
    var generator = SeededGenerator(seed: 4)
    var places: [Range<Int>] = []
    for width in [1, 3, 16, 33] {
      for rowCount in [0, 1, 2, 7, 40] {
        var ordinals: [Int32] = []
        var distinct: [Float] = []
        for _ in 0..<rowCount {
          let known = distinct.count / width
          let ordinal = Int.random(in: 0...min(known, 5), using: &generator)
          if ordinal == known {
            for _ in 0..<width {
              distinct.append(Float.random(in: -1e3...1e3, using: &generator))
            }
          }
          ordinals.append(Int32(ordinal))
        }
        let rows = ordinals.flatMap { distinct[Int($0) * width..<(Int($0) + 1) * width] }
        var expected = ByteBuffer()
        appendFloatRows(rows.span, width: width, to: &expected, kernel: kernel)
        var text = ByteBuffer()
        text.append("x")
        appendFloatRows(
          distinct: distinct.span, width: width, ordinals: ordinals.span, places: &places,
          to: &text, kernel: kernel)
        text.removeFirst(1)
        #expect([UInt8](text.bytes) == [UInt8](expected.bytes), "\(rowCount) rows of \(width)")
      }
    }
  }
}
