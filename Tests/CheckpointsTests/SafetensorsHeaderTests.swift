import ByteCoding
import Checkpoints
import Testing

/// The bytes of a safetensors file with this header text and `dataByteCount` bytes of data.
func safetensors(_ json: String, data dataByteCount: Int = 0, length: UInt64? = nil) -> [UInt8] {
  let text = Array(json.utf8)
  let length = length ?? UInt64(text.count)
  return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + text
    + [UInt8](repeating: 0, count: dataByteCount)
}

@Suite struct SafetensorsHeaderTests {
  struct Defect: CustomTestStringConvertible, Sendable {
    let name: String
    let bytes: [UInt8]
    let reason: CheckpointError.Reason
    /// Part of the message.
    let message: String
    var testDescription: String { name }

    init(
      _ name: String, _ bytes: [UInt8], _ reason: CheckpointError.Reason, _ message: String
    ) {
      self.name = name
      self.bytes = bytes
      self.reason = reason
      self.message = message
    }

    init(_ name: String, entry: String, data: Int, _ message: String) {
      self.init(name, entry: entry, data: data, .malformed, message)
    }

    init(
      _ name: String, entry: String, data: Int, _ reason: CheckpointError.Reason,
      _ message: String
    ) {
      self.init(name, safetensors("{\"a\":\(entry)}", data: data), reason, message)
    }
  }

  static let defects: [Defect] = [
    .init("empty file", [], .truncated, "it has 0 bytes"),
    .init("seven bytes", [2, 0, 0, 0, 0, 0, 0], .truncated, "it has 7 bytes"),
    .init("header beyond the file", safetensors("{}", length: 3), .truncated, "ends after 2"),
    .init("header over the limit", safetensors("{}", length: 100_000_001), .tooLarge, "100000000"),
    .init("header of 2^64 - 1", safetensors("{}", length: .max), .tooLarge, "too long"),
    .init("header of 2^63", safetensors("{}", length: 1 << 63), .tooLarge, "too long"),
    .init("no JSON at all", safetensors(""), .malformed, "header"),
    .init("an array", safetensors("[]"), .malformed, "an object is expected"),
    .init(
      "not UTF-8", safetensors("{\"?\":1}").map { $0 == 0x3F ? 0xFF : $0 }, .malformed, "UTF-8"),
    .init("NUL padding", safetensors("{}\0\0"), .malformed, "nothing but white space"),
    .init("half an object", safetensors("{\"a\":"), .malformed, "ends before"),
    .init("entry is a number", entry: "1", data: 0, "an object is expected"),
    .init("deep nesting", entry: deep(10_000), data: 0, "nested deeper"),
    .init(
      "name twice",
      safetensors("{\"a\":\(f32(0, 4)),\"a\":\(f32(4, 8))}", data: 8), .malformed, "stands twice"),
    .init(
      "name twice, once escaped",
      safetensors("{\"a\":\(f32(0, 4)),\"\\u0061\":\(f32(4, 8))}", data: 8), .malformed,
      "stands twice"),
    .init(
      "metadata twice", safetensors("{\"__metadata__\":{},\"__metadata__\":{}}"), .malformed,
      "stands twice"),
    .init(
      "metadata member twice", safetensors("{\"__metadata__\":{\"x\":\"1\",\"x\":\"2\"}}"),
      .malformed, "`x` twice"),
    .init(
      "metadata that is no text", safetensors("{\"__metadata__\":{\"x\":1}}"), .malformed,
      "a string is expected"),
    .init(
      "metadata that is a list", safetensors("{\"__metadata__\":[]}"), .malformed,
      "an object is expected"),
    .init(
      "no dtype", entry: #"{"shape":[1],"data_offsets":[0,4]}"#, data: 4, "no `dtype`"),
    .init(
      "no shape", entry: #"{"dtype":"F32","data_offsets":[0,4]}"#, data: 4, "no `shape`"),
    .init(
      "no offsets", entry: #"{"dtype":"F32","shape":[1]}"#, data: 4, "no `data_offsets`"),
    .init(
      "member twice", entry: #"{"dtype":"F32","dtype":"I8","shape":[1],"data_offsets":[0,4]}"#,
      data: 4, "a member twice"),
    .init(
      "unknown dtype", entry: #"{"dtype":"F33","shape":[1],"data_offsets":[0,4]}"#, data: 4,
      .unsupported, "`F33`"),
    .init(
      "dtype in lower case", entry: #"{"dtype":"f32","shape":[1],"data_offsets":[0,4]}"#, data: 4,
      .unsupported, "`f32`"),
    .init(
      "dtype is a number", entry: #"{"dtype":1,"shape":[1],"data_offsets":[0,4]}"#, data: 4,
      "a string is expected"),
    .init(
      "negative size", entry: #"{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}"#, data: 4,
      "negative size"),
    .init(
      "broken size", entry: #"{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}"#, data: 4,
      "integer is expected"),
    .init(
      "size beyond 64 bits",
      entry: #"{"dtype":"F32","shape":[18446744073709551616],"data_offsets":[0,4]}"#,
      data: 4, "range"),
    .init(
      "65 dimensions", entry: #"{"dtype":"U8","shape":[\#(ones(65))],"data_offsets":[0,1]}"#,
      data: 1, .tooLarge, "64 dimensions"),
    .init(
      "product overflows",
      entry: #"{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,4]}"#, data: 4,
      "impossible size"),
    .init(
      "bits overflow",
      entry: #"{"dtype":"F64","shape":[1152921504606846976],"data_offsets":[0,4]}"#, data: 4,
      "impossible size"),
    .init(
      "half a byte", entry: #"{"dtype":"F4","shape":[3],"data_offsets":[0,1]}"#, data: 1,
      "impossible size"),
    .init(
      "shape larger than its bytes", entry: #"{"dtype":"F32","shape":[2],"data_offsets":[0,4]}"#,
      data: 4, "takes 4 bytes"),
    .init(
      "shape smaller than its bytes", entry: #"{"dtype":"F32","shape":[1],"data_offsets":[0,8]}"#,
      data: 8, "takes 8 bytes"),
    .init(
      "empty shape with bytes", entry: #"{"dtype":"F32","shape":[0],"data_offsets":[0,4]}"#,
      data: 4, "takes 4 bytes"),
    .init(
      "hole at the start", entry: #"{"dtype":"F32","shape":[1],"data_offsets":[4,8]}"#, data: 8,
      "hole"),
    .init(
      "hole in the middle",
      safetensors("{\"a\":\(f32(0, 4)),\"b\":\(f32(8, 12))}", data: 12), .malformed, "hole"),
    .init(
      "overlap", safetensors("{\"a\":\(f32(0, 4)),\"b\":\(f32(2, 6))}", data: 6), .malformed,
      "overlaps"),
    .init(
      "same bytes twice", safetensors("{\"a\":\(f32(0, 4)),\"b\":\(f32(0, 4))}", data: 4),
      .malformed, "overlaps"),
    .init(
      "empty tensor elsewhere",
      safetensors(
        #"{"a":\#(f32(0, 4)),"b":{"dtype":"F32","shape":[0],"data_offsets":[2,2]}}"#, data: 4),
      .malformed, "overlaps"),
    .init("end before start", entry: f32(4, 0), data: 4, "before its start"),
    .init(
      "negative offset", entry: #"{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}"#, data: 4,
      "negative offset"),
    .init(
      "one offset", entry: #"{"dtype":"F32","shape":[1],"data_offsets":[0]}"#, data: 4,
      "two `data_offsets`"),
    .init(
      "three offsets", entry: #"{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}"#, data: 8,
      "two `data_offsets`"),
    .init("data cut off", entry: f32(0, 4), data: 3, .truncated, "only 3"),
    .init("bytes left over", entry: f32(0, 4), data: 5, "belong to none"),
    .init("data without tensors", safetensors("{}", data: 1), .malformed, "belong to none"),
    .init("text behind the header", safetensors("{} {}"), .malformed, "nothing but white space"),
  ]

  static func f32(_ start: Int, _ end: Int) -> String {
    #"{"dtype":"F32","shape":[\#(max(0, end - start) / 4)],"data_offsets":[\#(start),\#(end)]}"#
  }

  static func ones(_ count: Int) -> String {
    Array(repeating: "1", count: count).joined(separator: ",")
  }

  static func deep(_ count: Int) -> String {
    "{\"x\":" + String(repeating: "[", count: count) + String(repeating: "]", count: count) + "}"
  }

  @Test(arguments: defects)
  func `a header that breaks a rule is refused, with what is wrong`(row: Defect) {
    #expect {
      _ = try SafetensorsHeader(parsing: row.bytes.span)
    } throws: { error in
      guard let error = error as? CheckpointError else { return false }
      #expect(error.detail.contains(row.message), "\(error)")
      return error.reason == row.reason
    }
  }

  @Test func `what the reference reader accepts is accepted`() throws {
    let bytes = safetensors(
      #" {"b":{"extra":[{"x":[1,"}"]}],"shape":[],"dtype":"F64","data_offsets":[6,14]},"#
        + #""__metadata__":{"format":"pt","\u00e9":"\"\n"},"#
        + #""é\t":{"data_offsets":[0,6],"dtype":"BF16","shape":[3,1]},"#
        + #""empty":{"data_offsets":[6,6],"dtype":"U8","shape":[0,7]}}  "# + "\n", data: 14)
    let header = try SafetensorsHeader(parsing: bytes.span)
    #expect(header.entries.map(header.name) == ["é\t", "empty", "b"])
    #expect(header.entries.map(header.shapeArray) == [[3, 1], [0, 7], []])
    #expect(header.entries.map(\.elementType) == [.bf16, .u8, .f64])
    #expect(header.entries.map(\.byteRange) == [0..<6, 6..<6, 6..<14])
    #expect(header.metadata == ["format": "pt", "é": "\"\n"])
    #expect(header.dataOffset == bytes.count - 14)
    #expect(header.entry(named: "b".utf8Span.span)?.byteRange == 6..<14)
    #expect(header.entry(named: "c".utf8Span.span) == nil)
    #expect(Array(header.metadataValue("format")) == Array("pt".utf8))
    #expect(header.metadataValue("other").count == 0)
  }

  @Test func `null metadata and no tensors are fine`() throws {
    let header = try SafetensorsHeader(parsing: safetensors(#"{"__metadata__":null}"#).span)
    #expect(header.entries.isEmpty && header.metadata.isEmpty)
    #expect(try SafetensorsHeader(parsing: safetensors("{}").span).entries.isEmpty)
  }

  @Test func `every element type has its size`() throws {
    for type in ElementType.allCases {
      let shape = [8]
      let size = type.byteCount(ofShape: shape.span)
      let byteCount = try #require(size)
      #expect(byteCount == type.bitCount)
      let json =
        #"{"t":{"dtype":"\#(type.rawValue)","shape":[8],"data_offsets":[0,\#(byteCount)]}}"#
      let header = try SafetensorsHeader(parsing: safetensors(json, data: byteCount).span)
      #expect(header.entries.first?.elementType == type)
    }
  }

  @Test func `a header used again forgets what it held`() throws {
    var header = try SafetensorsHeader(
      parsing: safetensors("{\"a\":\(Self.f32(0, 4)),\"b\":\(Self.f32(4, 8))}", data: 8).span)
    try header.parse(safetensors("{\"b\":\(Self.f32(0, 4))}", data: 4).span)
    #expect(header.entries.count == 1)
    #expect(header.entry(named: "a".utf8Span.span) == nil)
    #expect(header.entry(named: "b".utf8Span.span)?.byteRange == 0..<4)
  }

  @Test func `limits are limits`() throws {
    let two = safetensors("{\"a\":\(Self.f32(0, 4)),\"b\":\(Self.f32(4, 8))}", data: 8)
    #expect(throws: CheckpointError(.tooLarge, "more than 1 tensors in one file")) {
      _ = try SafetensorsHeader(parsing: two.span, limits: .init(tensorCountMax: 1))
    }
    let metadata = safetensors(#"{"__metadata__":{"a":"","b":""}}"#)
    #expect(throws: CheckpointError(.tooLarge, "`__metadata__` has more than 1 members")) {
      _ = try SafetensorsHeader(parsing: metadata.span, limits: .init(metadataCountMax: 1))
    }
    #expect(throws: CheckpointError.self) {
      _ = try SafetensorsHeader(parsing: two.span, limits: .init(headerByteCountMax: 16))
    }
  }

  @Test func `every prefix of a file is refused`() throws {
    let bytes = safetensors(
      "{\"__metadata__\":{\"x\":\"y\"},\"a\":\(Self.f32(0, 4)),\"b\":\(Self.f32(4, 8))}", data: 8)
    for count in 0..<bytes.count {
      #expect(throws: CheckpointError.self, "prefix of \(count) bytes") {
        _ = try SafetensorsHeader(parsing: bytes.span.extracting(0..<count))
      }
    }
  }

  @Test func `what the encoder writes is read back, aligned`() throws {
    for alignment in [1, 8, 64, 4096] {
      var body = ByteBuffer()
      body.append("before")
      let entries: [(name: String, elementType: ElementType, shape: [Int])] = [
        ("C3", .f32, [2, 16]), ("with \"quotes\"", .i64, []), ("empty", .u8, [0]),
        ("C3.missing", .bool, [3]),
      ]
      let byteCount = SafetensorsHeader.append(
        entries: entries, metadata: [("model", "démo"), ("version", "1")], alignment: alignment,
        to: &body)
      #expect(byteCount == 128 + 8 + 3)
      #expect((body.count - 6) % alignment == 0)
      for _ in 0..<byteCount { body.append(UInt8(0)) }
      let header = try SafetensorsHeader(parsing: body.bytes.extracting(6..<body.count))
      #expect(header.entries.count == 4)
      #expect(header.metadata == ["model": "démo", "version": "1"])
      for (index, entry) in header.entries.enumerated() {
        #expect(header.name(of: entry) == entries[index].name)
        #expect(header.shapeArray(of: entry) == entries[index].shape)
        #expect(entry.elementType == entries[index].elementType)
      }
    }
  }
}

extension Array where Element == UInt8 {
  init(_ span: Span<UInt8>) {
    self = span.indices.map { span[$0] }
  }
}
