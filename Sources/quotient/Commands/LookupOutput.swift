import ByteCoding
import Checkpoints
import Ranking

/// The vectors that `lookup` found, in the format that was asked for.
struct LookupOutput {
  private let answer: LookupRequest.Answer
  private let model: Model
  private let feature: String

  init(_ answer: LookupRequest.Answer, model: Model, feature: String) {
    self.answer = answer
    self.model = model
    self.feature = feature
  }

  func bytes(_ format: LookupFormat) -> [UInt8] {
    switch format {
    case .json: json
    case .text: text
    case .npy: npy
    }
  }

  /// As the server's :lookup answers.
  private var json: [UInt8] {
    var buffer = ByteBuffer()
    buffer.append("{\"model\": ")
    appendJSONString([UInt8](model.configuration.name.utf8).span, to: &buffer)
    buffer.append(", \"version\": \"")
    buffer.append(decimal: model.version)
    buffer.append("\", \"vectors\": {")
    appendJSONString([UInt8](feature.utf8).span, to: &buffer)
    buffer.append(": [")
    appendFloatRows(answer.rows.span, width: answer.width, to: &buffer)
    buffer.append("]}")
    if !answer.missing.isEmpty {
      buffer.append(", \"missing\": {")
      appendJSONString([UInt8](feature.utf8).span, to: &buffer)
      buffer.append(": [")
      for (position, place) in answer.missing.enumerated() {
        if position > 0 { buffer.append(", ") }
        buffer.append(text: place.count == 1 ? "\(place[0])" : "[\(place[0]), \(place[1])]")
      }
      buffer.append("]}")
    }
    buffer.append("}\n")
    return buffer.array
  }

  /// A line of numbers per vector; they parse back to the same float32.
  private var text: [UInt8] {
    var buffer = ByteBuffer()
    for row in 0..<answer.rowCount {
      for column in 0..<answer.width {
        if column > 0 { buffer.append(" ") }
        buffer.append(text: "\(answer.rows[row * answer.width + column])")
      }
      buffer.append("\n")
    }
    return buffer.array
  }

  private var npy: [UInt8] {
    // Float32 has a numpy name.
    var bytes = NumpyFile.header(.f32, shape: [answer.rowCount, answer.width]) ?? []
    for value in answer.rows {
      for shift in [0, 8, 16, 24] as [UInt32] {
        bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> shift))
      }
    }
    return bytes
  }
}

extension ByteBuffer {
  /// The bytes held, as an array of their own.
  var array: [UInt8] {
    let bytes = self.bytes
    var array: [UInt8] = []
    array.reserveCapacity(bytes.count)
    for offset in bytes.indices { array.append(bytes[offset]) }
    return array
  }
}
