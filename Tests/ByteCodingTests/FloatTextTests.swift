import ByteCoding
import Foundation
import TestSupport
import Testing

@Suite struct FloatTextTests {
  static let texts: [(value: Float, text: String)] = [
    (0, "0"), (-0.0, "-0"), (1, "1"), (-1, "-1"), (0.1, "0.1"), (0.5, "0.5"), (-0.25, "-0.25"),
    (10, "10"), (120, "120"), (1_000_000, "1000000"), (123_456_792, "123456790"),
    (100_000_000, "100000000"), (999_999_936, "999999940"), (1e9, "1e09"), (1e10, "1e10"),
    (-2.5e11, "-2.5e11"),
    (0.001, "0.001"), (0.0001, "0.0001"), (0.000_123, "0.000123"), (1e-5, "1e-05"),
    (1.5e-7, "1.5e-07"), (3.402_823_5e38, "3.4028235e38"),
    (.leastNormalMagnitude, "1.17549435e-38"),
    (.leastNonzeroMagnitude, "1.4012985e-45"), (16_777_216, "16777216"), (0.3, "0.3"),
    (0.1 + 0.2, "0.3"), (1 / 3, "0.33333334"), (3.141_592_7, "3.1415927"),
    (0.999_999_94, "0.99999994"),
    (9_999_999, "9999999"), (4_194_304.5, "4194304.5"), (0.1 * 0.1, "0.010000001"),
    (.infinity, "null"), (-.infinity, "null"), (.nan, "null"), (-.nan, "null"),
  ]

  @Test(arguments: texts)
  func `a float is written briefly`(_ row: (value: Float, text: String)) {
    var text = ByteBuffer()
    appendFloat(row.value, to: &text)
    #expect(String(decoding: [UInt8](text.bytes), as: UTF8.self) == row.text)
    for kernel in FloatTextKernel.available {
      #expect(rows([row.value], 1, kernel) == "[\(row.text)]", "\(kernel)")
    }
  }

  @Test func `no kernel is missing where the CPU has it`() throws {
    #expect(FloatTextKernel.available.first == .portable)
    let flags = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    #expect(FloatTextKernel.available.contains(.avx512) == flags.contains("avx512_vbmi2"))
    #expect(FloatTextKernel.best == FloatTextKernel.available.last)
  }

  @Test func `rows of every width are written, from memory that ends with them`() {
    var generator = SeededGenerator(seed: 21)
    for width in 1...70 {
      for rowCount in [0, 1, 2, 3, 5] {
        let values = (0..<(width * rowCount)).map { _ in interesting(&generator) }
        let expected = stride(from: 0, to: values.count, by: width).map { start in
          "[" + values[start..<(start + width)].map(single).joined(separator: ",") + "]"
        }.joined(separator: ",")
        for kernel in FloatTextKernel.available {
          #expect(rows(values, width, kernel) == expected, "\(kernel), \(rowCount) x \(width)")
        }
      }
    }
  }

  @Test func `every exponent with many mantissas reads back as the same float, in all kernels`() {
    var generator = SeededGenerator(seed: 22)
    for exponent in UInt32(0)...255 {
      var values: [Float] = []
      for index in 0..<128 {
        let mantissa: UInt32 =
          switch index {
          case 0..<24: 1 << UInt32(index)
          case 24..<48: (1 << UInt32(index - 24)) &- 1
          case 48..<72: 0x7F_FFFF &- (1 << UInt32(index - 48)) &+ 1
          default: UInt32.random(in: 0..<(1 << 23), using: &generator)
          }
        let sign: UInt32 = index % 2 == 0 ? 0 : 1 << 31
        values.append(Float(bitPattern: sign | exponent << 23 | (mantissa & 0x7F_FFFF)))
      }
      checkRoundTrip(values)
    }
  }

  @Test func `a sweep over all bit patterns reads back as the same floats, in all kernels`() {
    var values: [Float] = []
    for pattern in stride(from: UInt32(5), through: .max - 65_521, by: 65_521) {
      values.append(Float(bitPattern: pattern))
    }
    checkRoundTrip(values)
  }

  @Test func `decimals of up to seven digits come back as they were`() {
    var generator = SeededGenerator(seed: 23)
    for _ in 0..<20_000 {
      let digits = Int.random(in: 1...9_999_999, using: &generator)
      let places = Int.random(in: 0...9, using: &generator)
      guard let value = Float("\(digits)e-\(places)") else { continue }
      #expect(Float(single(value)) == value)
      #expect(single(value).filter(\.isNumber).count <= 12)
      let significant = single(value).split(separator: "e")[0].filter(\.isNumber)
        .drop { $0 == "0" }.count
      #expect(significant <= 7, "\(digits)e-\(places) became \(single(value))")
    }
  }

  @Test func `an empty row and no rows are written as such`() {
    var text = ByteBuffer()
    appendFloatRow([Float]().span, to: &text)
    appendFloatRows([Float]().span, width: 3, to: &text)
    appendFloatRow([Float(2)].span, to: &text)
    #expect([UInt8](text.bytes) == Array("[][2]".utf8))
  }

  // MARK: Parts

  private func checkRoundTrip(_ values: [Float]) {
    let texts = FloatTextKernel.available.map { rows(values, values.count, $0) }
    for (kernel, text) in zip(FloatTextKernel.available, texts) {
      #expect(text == texts[0], "\(kernel) differs from \(FloatTextKernel.available[0])")
    }
    // strtof of glibc rounds correctly, and JSONValue is strict about the grammar.
    #expect(throws: Never.self) { try JSONValue(parsing: Array(texts[0].utf8)) }
    let parts = texts[0].dropFirst().dropLast().split(separator: ",")
    #expect(parts.count == values.count)
    for (part, value) in zip(parts, values) {
      let isSame = value.isFinite ? Float(part)?.bitPattern == value.bitPattern : part == "null"
      if !isSame { Issue.record("\(value.bitPattern) was written as \(part)") }
    }
  }

  private func interesting(_ generator: inout SeededGenerator) -> Float {
    switch Int.random(in: 0..<4, using: &generator) {
    case 0: Float(bitPattern: .random(in: 0 ... .max, using: &generator))
    case 1: Float.random(in: -1...1, using: &generator)
    case 2: Float(Int.random(in: -100...100, using: &generator))
    default: Float.random(in: -0.01...0.01, using: &generator)
    }
  }

  private func single(_ value: Float) -> String {
    var text = ByteBuffer()
    appendFloat(value, to: &text)
    return String(decoding: [UInt8](text.bytes), as: UTF8.self)
  }

  private func rows(_ values: [Float], _ width: Int, _ kernel: FloatTextKernel) -> String {
    // SAFETY: the span lives as long as the buffer, which the closure borrows.
    unsafe withGuardedBuffer(values) { floats in
      var text = ByteBuffer()
      let span = unsafe Span(_unsafeElements: UnsafeBufferPointer(floats))
      appendFloatRows(span, width: width, to: &text, kernel: kernel)
      return String(decoding: [UInt8](text.bytes), as: UTF8.self)
    }
  }
}
