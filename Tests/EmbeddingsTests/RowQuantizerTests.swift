import Checkpoints
import Embeddings
import Kernels
import TestSupport
import Testing

@Suite struct RowQuantizerTests {
  private func written(_ content: TensorContent, blockRows: Int) throws -> Tensor {
    guard case .generated(let fill) = content.content else {
      Issue.record("quantised rows are generated")
      return Tensor.floats("none", [[0]])
    }
    let byteCount = content.shape.reduce(1, *) * content.elementType.bitCount / 8
    var bytes: [UInt8] = []
    while bytes.count < byteCount {
      let blockByteCount = min(blockRows * content.blockByteMultiple, byteCount - bytes.count)
      var block = [UInt8](repeating: 0xaa, count: blockByteCount)
      var span = block.mutableSpan
      fill(bytes.count, &span)
      bytes += block
    }
    return Tensor(
      name: content.name, elementType: content.elementType, shape: content.shape,
      copying: bytes.span)
  }

  @Test(arguments: RowElement.allCases, [1, 3, 16, 33])
  func `a narrow table answers within the reported error`(
    element: RowElement, width: Int
  ) throws {
    var generator = SeededGenerator(seed: UInt64(width))
    var feature = NaiveFeature(
      [.quotient(divisor: 3), .remainder(modulus: 3)], .concatenate, cardinality: 50,
      width: width, rowWidths: [width, width], generator: &generator)
    let ids = Array(0..<50)
    let before = try feature.table().vectors(ids)
    var errorMax: Float = 0
    for position in 0..<2 {
      let name = feature.specification.partitions[position].table
      let quantizer = try RowQuantizer(.floats(name, feature.tables[position]), as: element)
      errorMax = max(errorMax, try quantizer.check().errorMax)
      feature.tensors[name] = try written(quantizer.content(name: name), blockRows: 4)
      feature.specification.partitions[position].quantized = quantizer.quantized
      #expect(feature.tensors[name]?.byteRange.count == quantizer.byteCount)
    }
    let table = try feature.table()
    let after = try table.vectors(ids)
    let differences = zip(before, after).flatMap { zip($0, $1).map { abs($0 - $1) } }
    #expect(differences.max() == errorMax)
    #expect(element == .f32 ? errorMax == 0 : errorMax < 0.1)
    #expect(table.parameterCount == (17 + 3) * width)
  }

  @Test func `rows of nibbles whose widths are ambiguous are refused`() throws {
    var generator = SeededGenerator(seed: 7)
    var feature = NaiveFeature(
      [.quotient(divisor: 3), .remainder(modulus: 3)], .concatenate, cardinality: 50, width: 0,
      rowWidths: [16, 5], generator: &generator)
    for position in 0..<2 {
      let name = feature.specification.partitions[position].table
      let quantizer = try RowQuantizer(.floats(name, feature.tables[position]), as: .int4)
      feature.tensors[name] = try written(quantizer.content(name: name), blockRows: 4)
      feature.specification.partitions[position].quantized = .int4
    }
    let error = #expect(throws: FeatureError.self) { try feature.table() }
    #expect(
      error?.description
        == "feature 'C1': which of its int4 rows end in half a byte cannot be told from 16 + 6 "
        + "stored floats and dimension 21; use int8 rows for this feature")
  }

  @Test func `tables of different row types are composed together`() throws {
    var generator = SeededGenerator(seed: 9)
    for composition in [Composition.multiply, .add] {
      var feature = NaiveFeature(
        [.quotient(divisor: 3), .remainder(modulus: 3)], composition, cardinality: 50, width: 17,
        generator: &generator)
      let before = try feature.table().pooled([[1, 2, 40], [], [7]])
      let name = feature.specification.partitions[0].table
      let quantizer = try RowQuantizer(.floats(name, feature.tables[0]), as: .f16)
      feature.tensors[name] = try written(quantizer.content(name: name), blockRows: 100)
      let after = try feature.table().pooled([[1, 2, 40], [], [7]])
      expectClose(after, before.map { $0.map(Double.init) }, absolute: 3e-3)
      #expect(after != before)
    }
  }

  @Test func `what a row type cannot hold is refused`() throws {
    for element in [RowElement.f16, .int4] {
      let quantizer = try RowQuantizer(.floats("t", [[1, 2], [1e6, 0], [0, 0]]), as: element)
      let error = #expect(throws: FeatureError.self) { try quantizer.check() }
      #expect(
        error?.description
          == "tensor 't' has a value in row 1 that is too large for \(element) rows; use BF16 or "
          + "keep F32")
    }
    let damaged = try RowQuantizer(.floats("t", [[1, 2], [1, 2], [.nan, 0]]), as: .int8)
    let error = #expect(throws: FeatureError.self) { try damaged.check() }
    #expect(
      error?.description
        == "tensor 't' has a NaN or an infinity in row 2; train or import it again")
    #expect(throws: FeatureError.self) { try RowQuantizer(.int32s("t", [1]), as: .int8) }
  }
}
