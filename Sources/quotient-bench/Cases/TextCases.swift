import ByteCoding

extension BenchmarkCase {
  static var textCases: [BenchmarkCase] {
    FloatTextKernel.available.flatMap { kernel in
      [floats(kernel, rows: 100, width: 16), floats(kernel, rows: 1000, width: 64)]
    }
  }

  /// Rows of float32 as an answer's JSON holds them.
  private static func floats(_ kernel: FloatTextKernel, rows: Int, width: Int) -> BenchmarkCase {
    var generator = SplitMix64(seed: 5)
    let values = (0..<(rows * width)).map { _ in Float.random(in: -1..<1, using: &generator) }
    return BenchmarkCase(
      name: "text/floats/\(kernel.rawValue)/rows=\(rows),dimension=\(width)", unit: "float",
      itemCount: values.count, byteCount: values.count * 4
    ) {
      let text = TextBox()
      return {
        text.buffer.removeAll()
        appendFloatRows(values.span, width: width, to: &text.buffer, kernel: kernel)
        return text.buffer.count
      }
    }
  }
}

/// A buffer that a closure may keep.
private final class TextBox {
  var buffer = ByteBuffer(capacity: 1 << 20)
}
