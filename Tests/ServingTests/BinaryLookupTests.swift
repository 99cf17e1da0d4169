import ByteCoding
import Foundation
import Serving
import TestSupport
import Testing

/// A safetensors file read without the code under test.
struct SafetensorsBody {
  let header: [String: Any]
  private let data: [UInt8]

  init(_ bytes: [UInt8]) throws {
    let count = bytes.prefix(8).enumerated().reduce(0) { $0 + Int($1.element) << (8 * $1.offset) }
    let object = try JSONSerialization.jsonObject(with: Data(bytes[8..<8 + count]))
    header = try #require(object as? [String: Any])
    data = Array(bytes[(8 + count)...])
    #expect((8 + count) % 64 == 0, "data is aligned")
    var end = 0
    for range in try ranges().sorted(by: { $0.lowerBound < $1.lowerBound }) {
      #expect(range.lowerBound == end, "no holes")
      end = range.upperBound
    }
    #expect(end == data.count)
  }

  func bytes(_ name: String) throws -> [UInt8] { Array(data[try range(name)]) }

  func floats(_ name: String) throws -> [Float] {
    let bytes = try bytes(name)
    return stride(from: 0, to: bytes.count, by: 4).map { start in
      Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[start + $1]) << (8 * UInt32($1)) })
    }
  }

  func entry(_ name: String) throws -> [String: Any] {
    try #require(header[name] as? [String: Any], "\(name)")
  }

  private func range(_ name: String) throws -> Range<Int> {
    let offsets = try #require(entry(name)["data_offsets"] as? [Int])
    return offsets[0]..<offsets[1]
  }

  private func ranges() throws -> [Range<Int>] {
    try header.keys.filter { $0 != "__metadata__" }.map(range)
  }
}

@Suite struct SafetensorsLookupTests {
  struct Tensor {
    let name: String
    let dtype: String
    let shape: [Int]
    let bytes: [UInt8]

    static func i64(_ name: String, _ values: [Int64]) -> Tensor {
      Tensor(
        name: name, dtype: "I64", shape: [values.count], bytes: values.flatMap { littleEndian($0) })
    }
    static func i32(_ name: String, _ values: [Int32]) -> Tensor {
      Tensor(
        name: name, dtype: "I32", shape: [values.count], bytes: values.flatMap { littleEndian($0) })
    }
    static func f32(_ name: String, _ values: [Float]) -> Tensor {
      Tensor(
        name: name, dtype: "F32", shape: [values.count],
        bytes: values.flatMap { littleEndian($0.bitPattern) })
    }
  }

  static func body(_ tensors: [Tensor], options: String? = nil) -> [UInt8] {
    var entries = options.map { [#""__metadata__":\#($0)"#] } ?? []
    var data: [UInt8] = []
    for tensor in tensors {
      let end = data.count + tensor.bytes.count
      entries.append(
        #""\#(tensor.name)":{"dtype":"\#(tensor.dtype)","shape":\#(tensor.shape),"#
          + #""data_offsets":[\#(data.count),\#(end)]}"#)
      data += tensor.bytes
    }
    let header = Array("{\(entries.joined(separator: ","))}".utf8)
    return littleEndian(UInt64(header.count)) + header + data
  }

  static let type = "Content-Type: application/vnd.safetensors"

  private func send(_ body: [UInt8], _ fields: String...) -> Answer {
    ServiceFixture().send("POST", "/v1/models/demo:lookup", [Self.type] + fields, body: body)
  }

  @Test func `a safetensors request gets the same vectors as a JSON one`() throws {
    let request = Self.body(
      [
        .i64("A", [1, 2, 10, 9]), .i32("A.lengths", [2, 0, 2]), .f32("A.weights", [1, 2, 1, -1]),
        .i32("B", [11, 4]),
      ], options: #"{"missing":"zero","format":"pt"}"#)
    let answer = send(request)
    #expect(answer.status == 200, "\(answer.text)")
    #expect(answer.contentType == "application/vnd.safetensors")
    let tensors = try SafetensorsBody(answer.body)
    #expect(try tensors.entry("A")["shape"] as? [Int] == [3, 2])
    #expect(try tensors.entry("A")["dtype"] as? String == "F32")
    #expect(try tensors.floats("A") == [5, -5, 0, 0, -9, 9])
    #expect(try tensors.floats("B") == [9, 10, 0, 10])
    #expect(try tensors.entry("A.missing")["dtype"] as? String == "BOOL")
    #expect(try tensors.bytes("A.missing") == [0, 0, 1, 0])
    #expect(tensors.header["B.missing"] == nil)
    #expect(
      tensors.header["__metadata__"] as? [String: String] == ["model": "demo", "version": "1"])
  }

  @Test func `a JSON request may ask for safetensors, and the other way round`() throws {
    let fixture = ServiceFixture()
    let fromJSON = fixture.lookUp(
      #"{"features":{"A":[3]}}"#, "Accept: application/vnd.safetensors")
    #expect(try SafetensorsBody(fromJSON.body).floats("A") == [3, -3])
    let fromTensors = send(Self.body([.i64("A", [3])]), "Accept: application/json")
    #expect(fromTensors.contentType == "application/json")
    #expect(fromTensors.json.asObject?["vectors"]?.asObject?["A"]?.asArray?.count == 1)
  }

  @Test func `pooling and bags by tensors`() throws {
    let request = Self.body(
      [.i64("M", [2, 4]), .i64("M.lengths", [2])], options: #"{"pooling":"mean"}"#)
    #expect(try SafetensorsBody(send(request).body).floats("M") == [3, -3])
    #expect(send(Self.body([])).status == 200)
    #expect(send(Self.body([], options: "null")).status == 200)
  }

  static let rejections: [(String, [UInt8], Int, String)] = [
    ("empty", [], 400, "invalid_request"),
    ("seven bytes", [1, 0, 0, 0, 0, 0, 0], 400, "invalid_request"),
    ("header beyond the body", littleEndian(UInt64(100)) + [0x7B, 0x7D], 400, "invalid_request"),
    ("huge header", littleEndian(UInt64.max) + [0x7B, 0x7D], 400, "invalid_request"),
    ("no JSON", littleEndian(UInt64(2)) + [0x7B, 0x7B], 400, "invalid_json"),
    ("bytes behind the tensors", body([.i64("A", [1])]) + [0], 400, "invalid_request"),
    ("cut data", body([.i64("A", [1])]).dropLast(), 400, "invalid_request"),
    ("twice the same", body([.i64("A", [1]), .i64("A", [1])]), 400, "invalid_request"),
    ("unknown option", body([], options: #"{"encoding":"json"}"#), 400, "invalid_request"),
    ("bad option", body([], options: #"{"pooling":"max"}"#), 400, "invalid_request"),
    ("option that is no text", body([], options: #"{"pooling":1}"#), 400, "invalid_request"),
    ("ids F32", body([.f32("A", [1])]), 400, "invalid_request"),
    (
      "other dtype", body([Tensor(name: "A", dtype: "U8", shape: [1], bytes: [1])]), 400,
      "invalid_request"
    ),
    ("weights I32", body([.i64("A", [1]), .i32("A.weights", [1])]), 400, "invalid_request"),
    ("lengths F32", body([.i64("A", [1]), .f32("A.lengths", [1])]), 400, "invalid_request"),
    (
      "size unlike shape",
      body([Tensor(name: "A", dtype: "I64", shape: [2], bytes: [0, 0, 0, 0, 0, 0, 0, 0])]), 400,
      "invalid_request"
    ),
    (
      "negative shape", body([Tensor(name: "A", dtype: "I64", shape: [-1], bytes: [])]), 400,
      "invalid_request"
    ),
    (
      "overflowing shape", body([Tensor(name: "A", dtype: "I64", shape: [.max], bytes: [])]), 400,
      "invalid_request"
    ),
    (
      "two dimensions",
      body([Tensor(name: "A", dtype: "I64", shape: [1, 1], bytes: littleEndian(Int64(1)))]), 422,
      "shape_mismatch"
    ),
    ("unknown feature", body([.i64("Z", [1])]), 422, "unknown_feature"),
    ("no ids for the weights", body([.f32("A.weights", [1])]), 422, "shape_mismatch"),
    ("too few weights", body([.i64("A", [1, 2]), .f32("A.weights", [1])]), 422, "shape_mismatch"),
    (
      "lengths too short", body([.i64("A", [1, 2]), .i32("A.lengths", [1])]), 422, "shape_mismatch"
    ),
    ("lengths too long", body([.i64("A", [1]), .i32("A.lengths", [2])]), 422, "shape_mismatch"),
    (
      "negative length", body([.i64("A", [1]), .i64("A.lengths", [2, -1])]), 422, "shape_mismatch"
    ),
    ("NaN weight", body([.i64("A", [1]), .f32("A.weights", [.nan])]), 422, "invalid_value"),
    (
      "infinite weight", body([.i64("A", [1]), .f32("A.weights", [.infinity])]), 422,
      "invalid_value"
    ),
    ("out of range", body([.i64("A", [1, 10])]), 422, "category_out_of_range"),
  ]

  @Test(arguments: rejections.map(\.0))
  func `a bad safetensors request is refused`(name: String) throws {
    let row = try #require(Self.rejections.first { $0.0 == name })
    let answer = send(row.1)
    #expect(answer.status == row.2, "\(answer.text)")
    #expect(answer.code == row.3, "\(answer.text)")
  }

  @Test func `every change of one byte is answered, never a crash`() {
    let fixture = ServiceFixture()
    let body = Self.body(
      [.i64("A", [1, 2]), .i32("A.lengths", [2]), .f32("A.weights", [1, 2])],
      options: #"{"missing":"zero"}"#)
    var generator = SeededGenerator(seed: 9)
    for position in body.indices {
      for _ in 0..<16 {
        var mutated = body
        mutated[position] = UInt8.random(in: 0...255, using: &generator)
        let status = fixture.send("POST", "/v1/models/demo:lookup", [Self.type], body: mutated)
          .status
        #expect([200, 400, 413, 422].contains(status))
      }
    }
  }
}

@Suite struct RawLookupTests {
  private func send(_ query: String, _ body: [UInt8], _ fields: String...) -> Answer {
    ServiceFixture().send(
      "POST", "/v1/models/demo:lookup" + query,
      ["Content-Type: application/octet-stream"] + fields, body: body)
  }

  @Test(arguments: ["I32", "I64"])
  func `raw ids get raw rows`(dtype: String) {
    let ids: [Int64] = [3, 9, 1]
    let body =
      dtype == "I32" ? ids.flatMap { littleEndian(Int32($0)) } : ids.flatMap { littleEndian($0) }
    let answer = send("?feature=A&dtype=\(dtype)", body)
    #expect(answer.status == 200, "\(answer.text)")
    #expect(answer.contentType == "application/octet-stream")
    #expect(answer.fields["quotient-shape"] == "3,2")
    #expect(answer.fields["quotient-missing-count"] == nil)
    let floats: [Float] = [3, -3, 9, -9, 1, -1]
    #expect(answer.body == floats.flatMap { littleEndian($0.bitPattern) })
  }

  @Test func `missing ids are filled and counted`() {
    let answer = send("?feature=A&dtype=I64&missing=zero", littleEndian(Int64(-1)))
    #expect(answer.body == [UInt8](repeating: 0, count: 8))
    #expect(answer.fields["quotient-missing-count"] == "1")
  }

  @Test func `no ids are no rows, and JSON may be asked for`() {
    #expect(send("?feature=A&dtype=I64", []).fields["quotient-shape"] == "0,2")
    let answer = send("?feature=A&dtype=I64", littleEndian(Int64(3)), "Accept: application/json")
    #expect(answer.contentType == "application/json")
  }

  static let rejections: [(String, Int, Int, String)] = [
    ("", 8, 422, "missing_feature"),
    ("?feature=A", 8, 422, "invalid_value"),
    ("?dtype=I64", 8, 422, "missing_feature"),
    ("?feature=A&dtype=I16", 8, 400, "invalid_request"),
    ("?feature=A&dtype=I64&dtype=I64", 8, 400, "invalid_request"),
    ("?feature=A&dtype=I64&missing=none", 8, 400, "invalid_request"),
    ("?feature=%4&dtype=I64", 8, 400, "invalid_request"),
    ("?feature=A&dtype=I64", 7, 422, "shape_mismatch"),
    ("?feature=Z&dtype=I64", 8, 422, "unknown_feature"),
    ("?feature=A+A&dtype=I64", 8, 400, "invalid_request"),
  ]

  @Test(arguments: rejections)
  func `a bad raw lookup is refused`(query: String, bytes: Int, status: Int, code: String) {
    let answer = send(query, [UInt8](repeating: 0, count: bytes))
    #expect(answer.status == status, "\(answer.text)")
    #expect(answer.code == code)
  }

  @Test func `a query is understood anew when it is another one`() {
    let fixture = ServiceFixture()
    func send(_ query: String, _ id: Int64) -> Answer {
      fixture.send(
        "POST", "/v1/models/demo:lookup" + query, ["Content-Type: application/octet-stream"],
        body: littleEndian(id))
    }
    func vector(_ floats: Float...) -> [UInt8] { floats.flatMap { littleEndian($0.bitPattern) } }
    for _ in 0..<2 {
      for _ in 0..<2 {
        #expect(send("?feature=A&dtype=I64", 3).body == vector(3, -3))
        #expect(send("?feature=A&dtype=I64", 4).body == vector(4, -4))
      }
      #expect(send("?feature=B&dtype=I64", 6).body == vector(4, 10))
      #expect(send("?feature=A&dtype=I64", 10).status == 422)
      #expect(send("?feature=A&dtype=I64&missing=zero", 10).body == vector(0, 0))
      #expect(send("?feature=A&dtype=I64", 10).status == 422)
      #expect(send("?feature=A&dtype=I32", 3).fields["quotient-shape"] == "2,2")
      #expect(send("?feature=Z&dtype=I64", 3).code == "unknown_feature")
      #expect(send("?feature=Z&dtype=I64", 3).code == "unknown_feature")
      #expect(send("", 3).code == "missing_feature")
      #expect(send("?feature=%41&dtype=I64", 3).body == vector(3, -3))
      #expect(send("?feature=%41&dtype=I64", 5).body == vector(5, -5))
    }
  }

  @Test func `a query that means raw ids is checked with JSON bodies, too`() {
    let fixture = ServiceFixture()
    func status(_ query: String) -> Int {
      fixture.send(
        "POST", "/v1/models/demo:lookup" + query, [], body: Array(#"{"features":{}}"#.utf8)
      ).status
    }
    #expect(status("?dtype=I64&feature=A&other=1") == 200)
    #expect(status("?dtype=U8") == 400)
    #expect(status("?feature=") == 400)
    #expect(status("?missing=never") == 400)
    let answer = fixture.send(
      "POST", "/v1/models/demo:lookup?missing=zero", [],
      body: Array(#"{"features":{"A":[10]}}"#.utf8))
    #expect(answer.status == 200)
  }
}
