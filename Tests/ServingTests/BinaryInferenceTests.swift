import ByteCoding
import Ranking
import Serving
import Testing

/// Binary tensors both ways (extension_binary_data.md).
@Suite struct BinaryInferenceTests {
  private struct Tensor {
    let name: String
    let shape: String
    let datatype: String
    let bytes: [UInt8]

    init(_ name: String, _ shape: String, _ datatype: String, _ bytes: [UInt8]) {
      (self.name, self.shape, self.datatype, self.bytes) = (name, shape, datatype, bytes)
    }

    var json: String {
      #"{"name":"\#(name)","shape":\#(shape),"datatype":"\#(datatype)","#
        + #""parameters":{"binary_data_size":\#(bytes.count)}}"#
    }
  }

  private func infer(
    _ tensors: [Tensor], _ rest: String = #","parameters":{"binary_data_output":true}"#,
    model: Model = SampleCheckpoint.model, extra: [UInt8] = [], fields: [String] = []
  ) -> Answer {
    let header = Array("{\"inputs\":[\(tensors.map(\.json).joined(separator: ","))]\(rest)}".utf8)
    return ServiceFixture(models: [model]).send(
      "POST", "/v2/models/demo/infer",
      ["inference-header-content-length: \(header.count)"] + fields,
      body: header + tensors.flatMap(\.bytes) + extra)
  }

  /// The JSON of an answer and the bytes behind it.
  private func split(_ answer: Answer) throws -> (json: JSONValue, data: [UInt8]) {
    #expect(answer.contentType == "application/octet-stream")
    let count = try #require(answer.fields["inference-header-content-length"].flatMap { Int($0) })
    return (
      try JSONValue(parsing: answer.body.span.extracting(0..<count)), Array(answer.body[count...])
    )
  }

  private func floats(_ bytes: [UInt8]) -> [Float] {
    stride(from: 0, to: bytes.count, by: 4).map { offset in
      Float(
        bitPattern: (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[offset + $1]) << UInt32(8 * $1) })
    }
  }

  @Test func `every type of ids is read`() throws {
    let tensors: [Tensor] = [
      Tensor("A", "[2]", "INT64", littleEndian(Int64(3)) + littleEndian(Int64(1))),
      Tensor("A", "[2]", "INT32", littleEndian(Int32(3)) + littleEndian(Int32(1))),
      Tensor("A", "[2]", "INT16", littleEndian(Int16(3)) + littleEndian(Int16(1))),
      Tensor("A", "[2]", "INT8", [3, 1]), Tensor("A", "[2]", "UINT8", [3, 1]),
      Tensor("A", "[2]", "UINT16", [3, 0, 1, 0]),
      Tensor("A", "[2]", "UINT32", littleEndian(UInt32(3)) + littleEndian(UInt32(1))),
      Tensor("A", "[2]", "UINT64", littleEndian(UInt64(3)) + littleEndian(UInt64(1))),
      Tensor("H", "[2]", "BYTES", [2, 0, 0, 0, 0x31, 0x33, 1, 0, 0, 0, 0x31]),
      Tensor("H", "[2]", "UINT64", littleEndian(UInt64.max - 2) + littleEndian(UInt64(11))),
    ]
    for tensor in tensors {
      let answer = infer([tensor])
      #expect(answer.status == 200, "\(tensor) \(answer.text)")
      let (json, data) = try split(answer)
      let output = json.asObject?["outputs"]?.asArray?.first?.asObject
      #expect(output?["shape"] == [2, 2] && output?["datatype"] == "FP32")
      #expect(output?["parameters"] == ["binary_data_size": 16])
      #expect(floats(data) == [3, -3, 1, -1], "\(tensor)")
    }
  }

  @Test func `every type of dense values is read`() throws {
    let types: [(String, [UInt8])] = [
      ("FP32", littleEndian(Float(7).bitPattern)), ("FP64", littleEndian(Double(7).bitPattern)),
      ("FP16", littleEndian(UInt16(0x4700))), ("BF16", littleEndian(UInt16(0x40E0))),
      ("INT8", [7]), ("UINT8", [7]), ("INT16", [7, 0]), ("UINT16", [7, 0]),
      ("INT32", [7, 0, 0, 0]), ("UINT32", [7, 0, 0, 0]),
      ("INT64", littleEndian(Int64(7))), ("UINT64", littleEndian(UInt64(7))),
    ]
    for (type, bytes) in types {
      let answer = infer(
        [
          Tensor("I1", "[1]", type, bytes), Tensor("I2", "[1]", "BOOL", [0]),
          Tensor("A", "[1]", "INT64", littleEndian(Int64(1))),
          Tensor("B", "[1]", "INT64", littleEndian(Int64(0))),
        ], #","outputs":[{"name":"logit","parameters":{"binary_data":true}}]"#,
        model: ScoreCheckpoint.model)
      #expect(answer.status == 200, "\(type) \(answer.text)")
      #expect(try floats(split(answer).data) == [107.5], "\(type)")
    }
  }

  @Test func `outputs are packed in the order of the request, JSON among them`() throws {
    let ids = (0..<3).flatMap { littleEndian(Int64($0 == 2 ? 77 : $0)) }
    let answer = infer(
      [Tensor("A", "[3]", "INT64", ids), Tensor("B", "[1]", "INT64", littleEndian(Int64(5)))],
      #","parameters":{"missing":"zero","binary_data_output":true},"outputs":["#
        + #"{"name":"A.missing"},{"name":"B.vectors","parameters":{"binary_data":false}},"#
        + #"{"name":"A.vectors"},{"name":"B.missing"}]"#)
    let (json, data) = try split(answer)
    let outputs = try #require(json.asObject?["outputs"]?.asArray).compactMap(\.asObject)
    #expect(
      outputs.map { $0["name"]?.asString } == ["A.missing", "B.vectors", "A.vectors", "B.missing"])
    #expect(outputs[1]["data"] == [2, 10] && outputs[1]["parameters"] == nil)
    #expect(outputs[0]["parameters"] == ["binary_data_size": 3] && outputs[0]["data"] == nil)
    // The vectors start at an odd place.
    #expect(Array(data[..<3]) == [0, 0, 1])
    #expect(floats(Array(data[3..<27])) == [0, 0, 1, -1, 0, 0])
    #expect(Array(data[27...]) == [0])
  }

  @Test func `scores, logits and indices are told in binary`() throws {
    let answer = infer(
      [
        Tensor(
          "dense", "[2,2]", "FP32", [Float(1), 0, 5, 0].flatMap { littleEndian($0.bitPattern) }),
        Tensor("A", "[2]", "INT32", littleEndian(Int32(3)) + littleEndian(Int32(4))),
        Tensor("B", "[2]", "INT8", [1, 2]),
      ],
      #","outputs":[{"name":"indices"},{"name":"logit"},{"name":"score"}],"#
        + #""parameters":{"binary_data_output":true,"top_k":2}"#, model: ScoreCheckpoint.model)
    let (_, data) = try split(answer)
    #expect(Array(data[..<16]) == littleEndian(Int64(1)) + littleEndian(Int64(0)))
    #expect(floats(Array(data[16...])) == [2405.5, 1301.5, 1, 1])
  }

  @Test func `an empty binary output needs no header`() {
    let answer = infer([Tensor("A", "[0]", "INT64", [])])
    #expect(answer.contentType == "application/json")
    #expect(answer.fields["inference-header-content-length"] == nil)
    #expect(answer.text.contains(#""shape":[0,2],"parameters":{"binary_data_size":0}"#))
  }

  @Test func `a body without a header is the one input's data`() throws {
    let fixture = ServiceFixture(models: [OneFeature.model])
    let answer = fixture.send(
      "POST", "/v2/models/demo/infer", ["Inference-Header-Content-Length: 0"],
      body: littleEndian(Int64(2)) + littleEndian(Int64(4)))
    let (json, data) = try split(answer)
    #expect(json.asObject?["outputs"]?.asArray?.first?.asObject?["shape"] == [2, 1])
    #expect(floats(data) == [2, 4])
    let many = ServiceFixture().send(
      "POST", "/v2/models/demo/infer", ["Inference-Header-Content-Length: 0"], body: [])
    #expect(many.status == 400)
    let odd = fixture.send(
      "POST", "/v2/models/demo/infer", ["Inference-Header-Content-Length: 0"], body: [1, 2, 3])
    #expect(odd.status == 422)
  }

  /// `Accept`, whether binary is asked for, and what comes: a status or a content type.
  static let accepted: [(String, Bool, String)] = [
    ("*/*", true, "application/octet-stream"), ("*/*", false, "application/json"),
    ("application/json", true, "application/json"),
    ("application/octet-stream", false, "application/octet-stream"),
    ("application/json, application/octet-stream", true, "application/octet-stream"),
    ("application/json;q=0, */*", false, "application/octet-stream"),
    ("text/html, */*;q=0.1", false, "application/json"),
    ("text/html", true, "406"), ("application/*;q=0", true, "406"),
  ]

  @Test(arguments: accepted)
  func `Accept decides where the request does not`(
    accept: String, isBinary: Bool, expected: String
  ) {
    let answer = infer(
      [Tensor("A", "[1]", "INT64", littleEndian(Int64(3)))],
      #","parameters":{"binary_data_output":\#(isBinary)}"#, fields: ["Accept: \(accept)"])
    if answer.status != 200 {
      #expect("\(answer.status)" == expected)
    } else {
      #expect(answer.contentType == expected)
    }
  }

  @Test func `sizes that do not agree are refused`() {
    let ids = littleEndian(Int64(1))
    #expect(infer([Tensor("A", "[1]", "INT64", ids)], extra: [0]).status == 400)
    #expect(infer([Tensor("A", "[2]", "INT64", ids)]).status == 422)
    #expect(infer([Tensor("A", "[1]", "INT32", ids)]).status == 422)
    for bytes: [UInt8] in [[], [1, 0], [2, 0, 0, 0, 1], [0, 0, 0, 0, 0], [255, 255, 255, 255]] {
      #expect(infer([Tensor("H", "[1]", "BYTES", bytes)]).status == 422, "\(bytes)")
    }
    let short = ServiceFixture().send(
      "POST", "/v2/models/demo/infer",
      body: Array("{\"inputs\":[\(Tensor("A", "[1]", "INT64", ids).json)]}".utf8))
    #expect(short.status == 400 && short.error.contains("8 bytes"), "\(short.text)")
    for length in ["9999", "x", "-1", "18446744073709551616", ""] {
      let answer = ServiceFixture().send(
        "POST", "/v2/models/demo/infer", ["Inference-Header-Content-Length: \(length)"],
        body: Array("{}".utf8))
      #expect(answer.status == 400, "\(length) \(answer.text)")
    }
    let both =
      #"{"inputs":[{"name":"A","shape":[1],"datatype":"INT64","data":[1],"#
      + #""parameters":{"binary_data_size":0}}]}"#
    #expect(InferenceTests.infer(both).field == "inputs[0].data")
  }

  @Test func `a compressed body counts uncompressed bytes`() throws {
    let ids = littleEndian(Int64(3))
    let header = Array(
      "{\"inputs\":[\(Tensor("A", "[1]", "INT64", ids).json)]}".utf8)
    let answer = ServiceFixture().send(
      "POST", "/v2/models/demo/infer",
      ["Inference-Header-Content-Length: \(header.count)", "Content-Encoding: deflate"],
      body: storedZlib(header + ids))
    #expect(answer.status == 200, "\(answer.text)")
    #expect(answer.text.contains(#""data":[3,-3]"#))
  }

  /// One stored block (RFC 1950, RFC 1951 section 3.2.4).
  private func storedZlib(_ bytes: [UInt8]) -> [UInt8] {
    var (low, high) = (UInt32(1), UInt32(0))
    for byte in bytes {
      low = (low + UInt32(byte)) % 65521
      high = (high + low) % 65521
    }
    let checksum = high << 16 | low
    return [0x78, 0x01, 1] + littleEndian(UInt16(bytes.count)) + littleEndian(~UInt16(bytes.count))
      + bytes + littleEndian(checksum.byteSwapped)
  }
}
