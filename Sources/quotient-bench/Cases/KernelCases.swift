import Kernels

extension BenchmarkCase {
  /// Every kernel of this CPU on tables that fit a cache and on one that does not.
  static var kernelCases: [BenchmarkCase] {
    RowKernels.available.filter { $0.name != "reference" }.flatMap { kernels in
      [
        compose(kernels, rowCount: 2_048, dimension: 16),
        compose(kernels, rowCount: 1 << 20, dimension: 16),
        compose(kernels, rowCount: 1 << 20, dimension: 64),
      ]
        + RowElement.allCases.map { element in
          gather(kernels, element: element, rowCount: 1 << 20, dimension: 64)
        }
    }
  }

  private static let vectorCount = 4096

  private static func shape(_ rowCount: Int, _ dimension: Int) -> String {
    let rows = rowCount >= 1 << 20 ? "\(rowCount >> 20)M" : "\(rowCount >> 10)K"
    return "rows=\(rows),dimension=\(dimension)"
  }

  private static func randomRows(below rowCount: Int) -> [Int64] {
    var generator = SplitMix64(seed: 9)
    return (0..<vectorCount).map { _ in Int64(generator.next() % UInt64(rowCount)) }
  }

  /// The quotient-remainder trick: a row of a large table times a row of a table of four.
  private static func compose(
    _ kernels: RowKernels, rowCount: Int, dimension: Int
  ) -> BenchmarkCase {
    BenchmarkCase(
      name: "kernels/qr/\(kernels.name)/\(shape(rowCount, dimension))", unit: "vector",
      itemCount: vectorCount, byteCount: vectorCount * dimension * 4
    ) {
      let large = [Float](repeating: 0.5, count: rowCount * dimension)
      let small = [Float](repeating: 2, count: 4 * dimension)
      let quotients = randomRows(below: rowCount)
      let remainders = randomRows(below: 4)
      var output = [Float](repeating: 0, count: vectorCount * dimension)
      return {
        var vectors = output.mutableSpan
        kernels.compose(
          .multiply, RowTable(large.span, width: dimension), rows: quotients.span,
          RowTable(small.span, width: dimension), rows: remainders.span, into: &vectors,
          stride: dimension)
        return Int(vectors[0])
      }
    }
  }

  /// Rows of each element type, decoded to float32.
  private static func gather(
    _ kernels: RowKernels, element: RowElement, rowCount: Int, dimension: Int
  ) -> BenchmarkCase {
    let layout = RowLayout(element: element, width: dimension, rowCount: rowCount)
    return BenchmarkCase(
      name: "kernels/gather/\(element)/\(kernels.name)/\(shape(rowCount, dimension))",
      unit: "vector", itemCount: vectorCount, byteCount: vectorCount * layout.rowByteCount
    ) {
      let table = [UInt8](repeating: 0x3C, count: layout.byteCount)
      let rows = randomRows(below: rowCount)
      var output = [Float](repeating: 0, count: vectorCount * dimension)
      return {
        var vectors = output.mutableSpan
        // SAFETY: bytes have no padding; the raw span is used while the array is borrowed.
        let bytes = unsafe table.span.bytes
        kernels.gather(
          RowTable(bytes, layout: layout), rows: rows.span, into: &vectors, stride: dimension)
        return vectors[0] > 0 ? 1 : 0
      }
    }
  }
}
