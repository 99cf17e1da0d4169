import Kernels
import TestSupport
import Testing

@Suite struct RowIndexTests {
  /// Quotients and remainders by all implementations, against the divide instruction.
  private func check(_ ids: [Int64], divisor: Int, bound: Int) {
    let division = DivisionByConstant(divisor: divisor, dividendBound: bound)
    let quotients = ids.map { $0 / Int64(divisor) }
    let remainders = ids.map { $0 % Int64(divisor) }
    for kernels in RowKernels.available {
      var first = [Int64](repeating: -1, count: ids.count)
      var second = first
      var firstSpan = first.mutableSpan
      var secondSpan = second.mutableSpan
      kernels.split(ids.span, by: division, quotients: &firstSpan, remainders: &secondSpan)
      #expect(first == quotients, "\(kernels.name): quotients by \(divisor)")
      #expect(second == remainders, "\(kernels.name): remainders by \(divisor)")

      var alone = [Int64](repeating: -1, count: ids.count)
      var aloneSpan = alone.mutableSpan
      kernels.divide(ids.span, by: division, into: &aloneSpan)
      #expect(alone == quotients, "\(kernels.name): only quotients by \(divisor)")
      aloneSpan = alone.mutableSpan
      kernels.remainders(of: ids.span, by: division, into: &aloneSpan)
      #expect(alone == remainders, "\(kernels.name): only remainders by \(divisor)")
      var inPlace = ids
      var inPlaceSpan = inPlace.mutableSpan
      kernels.reduce(&inPlaceSpan, modulo: division)
      #expect(inPlace == remainders, "\(kernels.name): remainders in place by \(divisor)")
    }
  }

  @Test func `small ids are divided exactly by every small divisor`() {
    let ids = (0..<150).map(Int64.init)
    for divisor in 1...150 { check(ids, divisor: divisor, bound: 150) }
  }

  @Test func `ids up to 32 bits are divided exactly around every multiple`() {
    let bound = 1 << 32
    var generator = SeededGenerator(seed: 32)
    let divisors =
      [3, 4, 7, 60, 1000, 65_535, 65_537, 10_131_227, 1 << 31, (1 << 32) - 1]
      + (0..<40).map { _ in Int.random(in: 2..<bound, using: &generator) }
    for divisor in divisors {
      let multiples = (0..<20).map { _ in Int.random(in: 0...bound / divisor, using: &generator) }
      let ids = (multiples + [bound / divisor]).flatMap { multiple in
        [-1, 0, 1].map { multiple * divisor + $0 }
      }
      check(
        ids.filter { 0..<bound ~= $0 }.map(Int64.init) + [0, Int64(bound - 1)], divisor: divisor,
        bound: bound)
    }
  }

  @Test func `ids beyond 32 bits are divided exactly`() {
    var generator = SeededGenerator(seed: 64)
    for divisor in [1, 3, 4, 7, 1 << 33, (1 << 40) + 1] {
      let ids = (0..<50).map { _ in Int64.random(in: 0..<1 << 62, using: &generator) }
      check(ids, divisor: divisor, bound: 1 << 62)
    }
  }

  /// Ids from which on the released code, run on a CPU, first has a wrong quotient.
  static let firstWrong = [
    (2, 16_777_219), (4, 16_777_219), (5, 16_777_219), (3, 16_777_221), (7, 16_777_229),
    (60, 16_777_259),
  ]

  @Test(arguments: firstWrong)
  func `quotients in float32 go wrong where the released code's do`(divisor: Int, id: Int) {
    let ids = (id - 40...id).map(Int64.init)
    let exact = ids.map { $0 / Int64(divisor) }
    for kernels in RowKernels.available {
      var quotients = [Int64](repeating: -1, count: ids.count)
      var span = quotients.mutableSpan
      kernels.divideInFloat32(ids.span, by: divisor, into: &span)
      #expect(quotients.dropLast() == exact.dropLast(), "\(kernels.name)")
      #expect(quotients.last != exact.last, "\(kernels.name)")
    }
  }

  @Test func `a range is checked at both ends and at every position`() {
    for count in 0..<40 {
      for kernels in RowKernels.available {
        var values = (0..<count).map { Int64($0 % 10) }
        let areInside = kernels.areInRange(values.span, below: 10)
        #expect(areInside, "\(kernels.name): \(count) values")
        for position in 0..<count {
          let kept = values[position]
          for outside in [-1, 10, Int64.min, Int64.max] {
            values[position] = outside
            let areInside = kernels.areInRange(values.span, below: 10)
            #expect(!areInside, "\(kernels.name): \(outside) at \(position) of \(count)")
          }
          values[position] = kept
        }
      }
    }
  }

  @Test func `stored buckets of both widths are read at any alignment`() {
    let buckets: [Int32] = [3, -1, 0, Int32.max, 7]
    let ids: [Int64] = [4, 0, 3, 1, 2, 2]
    let expected: [Int64] = [7, 3, Int64(Int32.max), -1, 0, 0]
    for isWide in [false, true] {
      let bytes = buckets.flatMap { bucket -> [UInt8] in
        let bits = UInt64(bitPattern: Int64(bucket))
        return (0..<(isWide ? 8 : 4)).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }
      }
      for kernels in RowKernels.available {
        for shift in 0..<8 {
          let shifted = [UInt8](repeating: 0, count: shift) + bytes
          var rows = [Int64](repeating: 0, count: ids.count)
          var span = rows.mutableSpan
          unsafe withGuardedBuffer(shifted) { buffer in
            // SAFETY: the buffer lives for the call, and the span with it.
            let stored = unsafe RawSpan(_unsafeElements: UnsafeBufferPointer(buffer))
            kernels.lookUp(
              ids.span, in: stored.extracting(shift..<shifted.count), isWide: isWide, into: &span)
          }
          #expect(rows == expected, "\(kernels.name), shifted by \(shift)")
        }
      }
    }
  }
}
