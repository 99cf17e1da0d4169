import Kernels
import TestSupport
import Testing

/// Every implementation gives the reference's bits, for every width, with unmapped memory behind
/// the table's last row and behind the output's last float.
@Suite struct RowKernelsTests {
  @Test(arguments: RowElement.allCases)
  func `rows are gathered as the reference gathers them`(element: RowElement) {
    for width in RowCase.widths {
      let rows = RowCase(element, width: width, seed: 1)
      func run(_ kernels: RowKernels) -> [UInt32] {
        guardedOutput(randomFloats(rows.rows.count * width, seed: 2)) { output in
          rows.withTable { table in
            kernels.gather(table, rows: rows.rows.span, into: &output, stride: width)
          }
        }
      }
      expectEqual("width \(width)", run)
    }
  }

  @Test(arguments: RowElement.allCases)
  func `rows are applied as the reference applies them`(element: RowElement) {
    for width in RowCase.widths {
      let rows = RowCase(element, width: width, seed: 3)
      for operation in RowOperation.allCases {
        func run(_ kernels: RowKernels) -> [UInt32] {
          guardedOutput(randomFloats(rows.rows.count * width, seed: 4)) { output in
            rows.withTable { table in
              kernels.apply(operation, table, rows: rows.rows.span, to: &output, stride: width)
            }
          }
        }
        expectEqual("\(operation), width \(width)", run)
      }
    }
  }

  @Test(arguments: RowElement.allCases)
  func `two rows are composed as the reference composes them`(element: RowElement) {
    for width in RowCase.widths {
      let first = RowCase(element, width: width, seed: 5)
      let second = RowCase(element, width: width, seed: 6)
      for operation in RowOperation.allCases {
        func run(_ kernels: RowKernels) -> [UInt32] {
          guardedOutput(randomFloats(first.rows.count * width, seed: 7)) { output in
            first.withTable { firstTable in
              second.withTable { secondTable in
                kernels.compose(
                  operation, firstTable, rows: first.rows.span, secondTable,
                  rows: Array(first.rows.reversed()).span, into: &output, stride: width)
              }
            }
          }
        }
        expectEqual("\(operation), width \(width)", run)
      }
    }
  }

  /// Empty bags at both ends and in the middle, one of two, one of the rest.
  static let offsets = [3, 3, 4, 4, 6, 10, 10]

  @Test(arguments: RowElement.allCases)
  func `bags are pooled as the reference pools them`(element: RowElement) {
    let weights = randomFloats(7, seed: 8)
    for width in RowCase.widths {
      let rows = RowCase(element, width: width, seed: 9)
      for isWeighted in [false, true] {
        for accumulates in [false, true] {
          func run(_ kernels: RowKernels) -> [UInt32] {
            guardedOutput(randomFloats(6 * width, seed: 10)) { output in
              rows.withTable { table in
                let bags = RowBags(
                  offsets: Self.offsets.span, weights: isWeighted ? weights.span : nil,
                  accumulates: accumulates)
                kernels.pool(
                  table, rows: rows.rows.span, bags: bags, into: &output, stride: width)
                kernels.divideByCounts(bags, width: width, &output, stride: width)
              }
            }
          }
          expectEqual("width \(width), weighted \(isWeighted)", run)
        }
      }
    }
  }

  @Test(arguments: RowElement.allCases)
  func `composed rows are pooled as the reference pools them`(element: RowElement) {
    let weights = randomFloats(7, seed: 11)
    for width in RowCase.widths {
      let first = RowCase(element, width: width, seed: 12)
      let second = RowCase(element, width: width, seed: 13)
      for operation in RowOperation.allCases {
        for isWeighted in [false, true] {
          func run(_ kernels: RowKernels) -> [UInt32] {
            guardedOutput(randomFloats(6 * width, seed: 14)) { output in
              first.withTable { firstTable in
                second.withTable { secondTable in
                  kernels.poolComposed(
                    operation, firstTable, rows: first.rows.span, secondTable,
                    rows: Array(first.rows.reversed()).span,
                    bags: RowBags(
                      offsets: Self.offsets.span, weights: isWeighted ? weights.span : nil),
                    into: &output, stride: width)
                }
              }
            }
          }
          expectEqual("\(operation), width \(width)", run)
        }
      }
    }
  }

  @Test func `dense layers, sums and products of vectors equal the reference`() {
    for columns in RowCase.widths {
      let (rowCount, input) = (3, randomFloats(columns, seed: 15))
      let matrix = randomFloats(rowCount * columns, seed: 16)
      let bias = randomFloats(rowCount, seed: 17)
      func run(_ kernels: RowKernels) -> [UInt32] {
        guardedOutput(randomFloats(rowCount, seed: 18)) { output in
          unsafe withGuardedBuffer(matrix) { matrix in
            // SAFETY: the buffer lives for the call, and the span with it.
            let matrixSpan = unsafe RawSpan(_unsafeElements: UnsafeBufferPointer(matrix))
            kernels.affine(
              matrix: matrixSpan, bias: unsafe bias.span.bytes, input: input.span,
              rectifies: true, into: &output)
          }
        }
      }
      expectEqual("affine, \(columns) columns", run)
      for operation in RowOperation.allCases {
        func run(_ kernels: RowKernels) -> [UInt32] {
          guardedOutput(matrix) { output in
            kernels.combine(operation, Array(matrix.reversed()).span, into: &output)
            kernels.scale(&output, by: bias.span, width: columns, stride: columns)
          }
        }
        expectEqual("\(operation), \(columns) columns", run)
      }
    }
  }

  @Test(arguments: RowKernels.available.map(\.name), RowElement.allCases)
  func `the first row that is not finite is found`(name: String, element: RowElement) throws {
    let kernels = try #require(RowKernels.named(name))
    for width in [1, 3, 8, 16, 17, 33] {
      for (position, value) in [(0, Float.nan), (width - 1, .infinity), (width / 2, -.infinity)] {
        let rowCount = 600
        let layout = RowLayout(element: element, width: width, rowCount: rowCount)
        var bytes = [UInt8](repeating: 0, count: layout.byteCount)
        var floats = [Float](repeating: 1, count: rowCount * width)
        floats[517 * width + position] = value
        floats[530 * width] = value
        var span = bytes.mutableSpan
        encodeRows(floats.span, width: width, as: element, into: &span)
        let table = RowTable(bytes.span, layout: layout)
        let found = [
          kernels.firstNonFiniteRow(of: table, in: 0..<517),
          kernels.firstNonFiniteRow(of: table, in: 3..<rowCount),
          kernels.firstNonFiniteRow(of: table, in: 518..<rowCount),
        ]
        #expect(found == [nil, 517, 530], "width \(width), \(value) at \(position)")
      }
    }
  }

  @Test func `vectors are written at their column, and nothing beside them`() {
    let rows = RowCase(.f32, width: 3, seed: 19)
    for kernels in RowKernels.available {
      let bits = guardedOutput([Float](repeating: 7, count: rows.rows.count * 8)) { output in
        rows.withTable { table in
          kernels.gather(table, rows: rows.rows.span, into: &output, column: 4, stride: 8)
        }
      }
      for i in bits.indices where !(4..<7 ~= i % 8) {
        #expect(bits[i] == Float(7).bitPattern, "\(kernels.name) wrote float \(i)")
      }
    }
  }

  @Test func `a table is chosen by name`() {
    let names = RowKernels.available.map(\.name)
    #expect(names.first == "reference" && names.contains("portable"))
    #expect(Set(names).count == names.count)
    #expect(RowKernels.named("sse9") == nil)
    #expect(!RowKernels.choose(named: "sse9"))
    #expect(RowKernels.best.name == names.last)
  }
}
