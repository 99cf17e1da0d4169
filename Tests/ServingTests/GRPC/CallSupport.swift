import ByteCoding
import Serving
import Testing

/// The body of a call: a message behind its flag and its length.
func framed(_ message: [UInt8], flag: UInt8 = 0) -> [UInt8] {
  [flag] + littleEndian(UInt32(message.count).byteSwapped) + message
}

/// A message made field by field.
func makeMessage(_ write: (inout ByteBuffer) -> Void) -> [UInt8] {
  var buffer = ByteBuffer()
  write(&buffer)
  return [UInt8](buffer.bytes)
}

extension ServiceFixture {
  /// Calls a method of the inference service.
  func call(
    _ method: String, _ message: [UInt8] = [], fields: [String] = [],
    type: String = "application/grpc"
  ) -> Answer {
    call(
      "/inference.GRPCInferenceService/\(method)", ["Content-Type: \(type)"] + fields,
      body: framed(message))
  }
}

extension Answer {
  /// `grpc-status`, which stands in one place only.
  var callStatus: Int? {
    let (early, late) = (fields["grpc-status"], trailers["grpc-status"])
    guard early == nil || late == nil else { return nil }
    return (early ?? late).flatMap { Int($0) }
  }

  /// The one message of a call that went well.
  var message: [UInt8] {
    guard status == 200, contentType == "application/grpc", callStatus == 0, body.count >= 5,
      body[0] == 0, Array(body[1..<5]) == littleEndian(UInt32(body.count - 5).byteSwapped)
    else { return Array("no message: \(self)".utf8) }
    return Array(body[5...])
  }

  /// The sentence of an error, percent-decoded.
  var callMessage: String {
    var decoded = ByteBuffer()
    let text = Array((fields["grpc-message"] ?? "").utf8)
    return percentDecode(text.span, to: &decoded)
      ? String(decoding: [UInt8](decoded.bytes), as: UTF8.self) : "not encoded"
  }
}

/// A ModelInferRequest by hand, for what no library would write.
struct InferCallBuilder {
  var model = "demo"
  var fields: [[UInt8]] = []

  mutating func add(
    _ name: String, _ datatype: String, _ sizes: [Int64], raw: [UInt8]? = nil,
    contents: [UInt8]? = nil, parameters: [[UInt8]] = []
  ) {
    fields.append(
      makeMessage {
        $0.append(field: 5) { input in
          input.append(field: 1, text: name)
          input.append(field: 2, text: datatype)
          for size in sizes { input.append(field: 3, varint: UInt64(bitPattern: size)) }
          for parameter in parameters { input.append(field: 4, bytes: parameter.span) }
          if let contents { input.append(field: 5, bytes: contents.span) }
        }
      })
    if let raw { fields.append(makeMessage { $0.append(field: 7, bytes: raw.span) }) }
  }

  mutating func add(output name: String, parameters: [[UInt8]] = []) {
    fields.append(
      makeMessage {
        $0.append(field: 6) { output in
          output.append(field: 1, text: name)
          for parameter in parameters { output.append(field: 2, bytes: parameter.span) }
        }
      })
  }

  mutating func add(parameter: [UInt8]) {
    fields.append(makeMessage { $0.append(field: 4, bytes: parameter.span) })
  }

  /// An entry of a map of parameters: field 1 is a bool, 2 an integer, 3 a text, 5 unsigned.
  static func parameter(_ name: String, _ number: Int, _ value: UInt64) -> [UInt8] {
    makeMessage {
      $0.append(field: 1, text: name)
      $0.append(field: 2) { $0.append(field: number, varint: value) }
    }
  }

  static func parameter(_ name: String, _ text: String) -> [UInt8] {
    makeMessage {
      $0.append(field: 1, text: name)
      $0.append(field: 2) { $0.append(field: 3, text: text) }
    }
  }

  var message: [UInt8] {
    makeMessage { $0.append(field: 1, text: model) } + fields.flatMap { $0 }
  }

  /// The ids 3 and 1 of feature A.
  static var ids: InferCallBuilder {
    var builder = InferCallBuilder()
    builder.add("A", "INT64", [2], raw: littleEndian(Int64(3)) + littleEndian(Int64(1)))
    return builder
  }
}
