import Kernels
import TestSupport
import Testing

@Suite struct RowEncodingTests {
  struct Golden: Sendable {
    let name: String
    let element: RowElement
    let row: [Float]
    let bytes: [UInt8]
  }

  /// The int4 row and the constant rows were computed with torch's prepack operators; the others
  /// by hand from the definitions.
  static let goldens = [
    Golden(
      name: "int4 of 0, 1, 2, 15: scale 1, bias 0", element: .int4, row: [0, 1, 2, 15],
      bytes: [0x10, 0xf2, 0x00, 0x3c, 0x00, 0x00]),
    Golden(
      name: "int4 of three floats ends in half a byte", element: .int4, row: [0, 15, 7],
      bytes: [0xf0, 0x07, 0x00, 0x3c, 0x00, 0x00]),
    Golden(
      name: "int4 of a constant row has scale 1", element: .int4, row: [2, 2],
      bytes: [0x00, 0x00, 0x3c, 0x00, 0x40]),
    Golden(
      name: "int8 of 0, 1, 2, 3, 255: scale 1, bias 0", element: .int8, row: [0, 1, 2, 3, 255],
      bytes: [0, 1, 2, 3, 255, 0, 0, 0x80, 0x3f, 0, 0, 0, 0]),
    Golden(
      name: "int8 of a constant row has scale 0", element: .int8, row: [2, 2],
      bytes: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0x40]),
    Golden(
      name: "bf16 rounds ties to even", element: .bf16,
      row: [1, Float(bitPattern: 0x3f80_8000), Float(bitPattern: 0x3f81_8000), -2],
      bytes: [0x80, 0x3f, 0x80, 0x3f, 0x82, 0x3f, 0x00, 0xc0]),
    Golden(
      name: "f16 rounds ties to even", element: .f16, row: [1, 2049, 2051, 65_504, 65_520],
      bytes: [0x00, 0x3c, 0x00, 0x68, 0x02, 0x68, 0xff, 0x7b, 0x00, 0x7c]),
    Golden(
      name: "f32 is copied", element: .f32, row: [1, -0.0],
      bytes: [0, 0, 0x80, 0x3f, 0, 0, 0, 0x80]),
  ]

  @Test(arguments: goldens)
  func `a row is encoded byte for byte`(golden: Golden) {
    #expect(encode(golden.row, width: golden.row.count, golden.element) == golden.bytes)
  }

  @Test func `every float16 is decoded as the processor does`() {
    let bits = (0..<1 << 16).map { UInt16($0) }
    let bytes = bits.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
    let layout = RowLayout(element: .f16, width: 64, rowCount: 1024)
    let rows = (0..<1024).map(Int64.init)
    let expected = bits.map { Float(Float16(bitPattern: $0)) }
    for kernels in RowKernels.available {
      var floats = [Float](repeating: 0, count: 1 << 16)
      var span = floats.mutableSpan
      kernels.gather(
        RowTable(bytes.span, layout: layout), rows: rows.span, into: &span, stride: 64)
      let wrong = zip(floats, expected).filter { found, wanted in
        found.bitPattern != wanted.bitPattern && !(found.isNaN && wanted.isNaN)
      }
      #expect(wrong.isEmpty, "\(kernels.name): \(wrong.count) of 65,536")
    }
  }

  @Test func `floats are rounded to float16 as the processor does`() {
    var generator = SeededGenerator(seed: 16)
    var floats = (0..<20_000).map { _ in Float(bitPattern: generator.next32()) }
      .filter { !$0.isNaN }
    // Around every float16's neighbours: ties, subnormals, the largest.
    for bits in stride(from: UInt16(0), to: 0x7bff, by: 7) {
      let (low, high) = (Float(Float16(bitPattern: bits)), Float(Float16(bitPattern: bits + 1)))
      floats += [low, (low + high) / 2, ((low + high) / 2).nextUp, ((low + high) / 2).nextDown]
    }
    let bytes = encode(floats, width: 1, .f16)
    let wrong = floats.indices.filter { i in
      UInt16(bytes[2 * i]) | UInt16(bytes[2 * i + 1]) << 8 != Float16(floats[i]).bitPattern
    }
    #expect(wrong.isEmpty, "\(wrong.prefix(3).map { floats[$0] })")
  }

  @Test(arguments: [RowElement.int8, .int4])
  func `a quantised row is off by half a step at most`(element: RowElement) {
    var generator = SeededGenerator(seed: 8)
    for width in [1, 2, 5, 16, 64, 85] {
      for scale: Float in [1e-3, 1, 1e3] {
        let row = (0..<width).map { _ in Float.random(in: -scale...scale, using: &generator) }
        let layout = RowLayout(element: element, width: width, rowCount: 1)
        let bytes = encode(row, width: width, element)
        var decoded = [Float](repeating: 0, count: width)
        var span = decoded.mutableSpan
        RowKernels.reference.gather(
          RowTable(bytes.span, layout: layout), rows: [0].span, into: &span, stride: width)
        let levels: Float = element == .int8 ? 255 : 15
        let range = (row.max() ?? 0) - (row.min() ?? 0)
        // Half a step, and for int4 what float16 loses of scale and bias: 2^-11 of each.
        let allowed = range / levels / 2 * 1.001 + (element == .int4 ? scale / 500 : scale * 1e-6)
        for (found, wanted) in zip(decoded, row) { #expect(abs(found - wanted) <= allowed) }
      }
    }
  }

  private func encode(_ floats: [Float], width: Int, _ element: RowElement) -> [UInt8] {
    let rowCount = floats.count / width
    var bytes = [UInt8](repeating: 0xaa, count: rowCount * element.rowByteCount(width: width))
    var span = bytes.mutableSpan
    encodeRows(floats.span, width: width, as: element, into: &span)
    return bytes
  }
}

extension SeededGenerator {
  fileprivate mutating func next32() -> UInt32 { UInt32(truncatingIfNeeded: next()) }
}
