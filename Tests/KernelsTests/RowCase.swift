import Kernels
import TestSupport
import Testing

/// A table of random rows in one element type, and rows of it to look up.
struct RowCase {
  static let rowCount = 5
  static let widths = Array(1...70) + [85, 128, 163]

  let layout: RowLayout
  let bytes: [UInt8]
  let rows: [Int64]

  /// Every row is looked up at least once, the last one last: behind it nothing may be read.
  init(_ element: RowElement, width: Int, seed: UInt64) {
    var generator = SeededGenerator(seed: seed &* 1000 &+ UInt64(width))
    layout = RowLayout(element: element, width: width, rowCount: Self.rowCount)
    let floats = (0..<Self.rowCount * width).map { _ in Float.random(in: -2...2, using: &generator)
    }
    var encoded = [UInt8](repeating: 0, count: layout.byteCount)
    var span = encoded.mutableSpan
    encodeRows(floats.span, width: width, as: element, into: &span)
    bytes = encoded
    rows = (0..<Self.rowCount).map { Int64(($0 * 3 + 1) % Self.rowCount) }.reversed() + [1, 4]
  }

  /// Runs `body` on the table with an unmapped page right behind its last byte.
  func withTable<Result>(_ body: (RowTable) throws -> Result) rethrows -> Result {
    try unsafe withGuardedBuffer(bytes) { buffer in
      // SAFETY: the buffer lives for the call, and the table with it.
      let span = unsafe RawSpan(_unsafeElements: UnsafeBufferPointer(buffer))
      return try body(RowTable(span, layout: layout))
    }
  }
}

/// Runs `body` on floats that end right before an unmapped page; returns what it left in them.
func guardedOutput(
  _ start: [Float], _ body: (inout MutableSpan<Float>) throws -> Void
) rethrows -> [UInt32] {
  try unsafe withGuardedBuffer(start) { buffer in
    // SAFETY: the buffer lives for the call, and the span with it.
    var span = unsafe MutableSpan<Float>(_unsafeElements: buffer)
    try body(&span)
    return unsafe buffer.map(\.bitPattern)
  }
}

func randomFloats(_ count: Int, seed: UInt64) -> [Float] {
  var generator = SeededGenerator(seed: seed)
  return (0..<count).map { _ in Float.random(in: -3...3, using: &generator) }
}

/// Expects the reference's result of every other implementation.
func expectEqual(
  _ name: String, _ run: (RowKernels) -> [UInt32],
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let expected = run(.reference)
  for kernels in RowKernels.available.dropFirst() {
    let isEqual = run(kernels) == expected
    #expect(isEqual, "\(kernels.name): \(name)", sourceLocation: sourceLocation)
  }
}
