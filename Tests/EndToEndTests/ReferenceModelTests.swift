import Foundation
import Testing

/// The released code's own checkpoints, from the file to the vectors, through the real programs.
@Suite struct ReferenceModelTests {
  @Test(arguments: Reference.all)
  func `the import is verified, inspected and repeatable`(_ reference: Reference) throws {
    let folder = TemporaryFolder()
    let model = try reference.imported(into: folder)
    let verified = try quotient("verify", model)
    #expect(verified.code == 0, "\(verified)")
    let inspected = try quotient("inspect", model)
    #expect(inspected.code == 0, "\(inspected)")
    #expect(inspected.output.contains("C1"), "\(inspected)")
    let again = try Reference.all.first {
      $0.file == reference.file && $0.folder == reference.folder
    }?
    .runImport(into: folder.path("again"))
    #expect(again?.code == 0)
    #expect(
      try Data(contentsOf: URL(filePath: "\(model)/model.safetensors"))
        == Data(contentsOf: URL(filePath: folder.path("again/model.safetensors"))))
  }

  @Test(arguments: Reference.all)
  func `HTTP answers with the golden vectors in JSON and base64`(_ reference: Reference) throws {
    let folder = TemporaryFolder()
    let golden = try Golden(reference.goldenPath)
    let server = try RunningServer(
      "--model", "\(reference.modelName)=\(try reference.imported(into: folder))")
    let path = "/v1/models/\(reference.modelName):lookup"
    for encoding in ["json", "base64"] {
      let features = golden.features.map { "\"\(golden.name($0))\":\(golden.ids($0))" }
      let answer = try server.post(
        path, "{\"features\":{\(features.joined(separator: ","))},\"encoding\":\"\(encoding)\"}")
      try #require(answer.status == 200, "\(answer)")
      let vectors = try #require(answer.json["vectors"] as? [String: Any])
      for feature in golden.features {
        let rows = try Self.rows(of: try #require(vectors[golden.name(feature)]))
        let difference = Golden.firstDifference(rows, golden.vectors(feature))
        #expect(difference == nil, "\(encoding) \(golden.name(feature)): \(difference ?? "")")
      }
    }
  }

  @Test(arguments: Reference.all)
  func `HTTP pools bags as the released code does`(_ reference: Reference) throws {
    let folder = TemporaryFolder()
    let golden = try Golden(reference.goldenPath)
    let server = try RunningServer(
      "--model", "\(reference.modelName)=\(try reference.imported(into: folder))")
    let features = golden.features.map { "\"\(golden.name($0))\":\(golden.bags($0))" }
    let answer = try server.post(
      "/v1/models/\(reference.modelName):lookup",
      "{\"features\":{\(features.joined(separator: ","))},\"pooling\":\"sum\"}")
    try #require(answer.status == 200, "\(answer)")
    let vectors = try #require(answer.json["vectors"] as? [String: Any])
    for feature in golden.features {
      let rows = try Self.rows(of: try #require(vectors[golden.name(feature)]))
      let difference = Golden.firstDifference(rows, golden.bagVectors(feature))
      #expect(difference == nil, "\(golden.name(feature)): \(difference ?? "")")
    }
  }

  @Test(arguments: Reference.all)
  func `raw rows, GET and export agree with the golden vectors`(_ reference: Reference) throws {
    let folder = TemporaryFolder()
    let golden = try Golden(reference.goldenPath)
    let model = try reference.imported(into: folder)
    let server = try RunningServer("--model", "\(reference.modelName)=\(model)")
    let feature = golden.featureCount - 1
    let name = golden.name(feature)
    let ids = golden.ids(feature)
    let path = "/v1/models/\(reference.modelName)"
    for (type, byteCount) in [("I32", 4), ("I64", 8)] {
      let answer = try server.send(
        "POST", "\(path):lookup?feature=\(name)&dtype=\(type)",
        headers: ["Content-Type: application/octet-stream"],
        body: ids.flatMap { Bytes.littleEndian($0, byteCount: byteCount) })
      #expect(answer.status == 200, "\(answer)")
      #expect(answer["quotient-shape"] == "\(ids.count),\(golden.width)")
      let rows = Bytes.floatRows(answer.body, width: golden.width)
      #expect(Golden.firstDifference(rows, golden.vectors(feature)) == nil)
    }
    let few = ids.prefix(20)
    let got = try server.send(
      "GET", "\(path)/features/\(name)/vectors?ids=\(few.map(String.init).joined(separator: ","))")
    #expect(got.status == 200, "\(got)")
    let rows = try Self.rows(of: try #require((got.json["vectors"] as? [String: Any])?[name]))
    #expect(Golden.firstDifference(rows, Array(golden.vectors(feature).prefix(20))) == nil)

    let exported = try quotient(
      "export", model, "--feature", name, "--output", folder.path("rows.npy"))
    #expect(exported.code == 0, "\(exported)")
    let file = [UInt8](try Data(contentsOf: URL(filePath: folder.path("rows.npy"))))
    let headerLength = Int(file[8]) | Int(file[9]) << 8
    let all = Bytes.floatRows(Array(file[(10 + headerLength)...]), width: golden.width)
    let chosen = ids.map { all[Int($0)] }
    #expect(Golden.firstDifference(chosen, golden.vectors(feature)) == nil)
  }

  @Test(arguments: Reference.all)
  func `the lookup command prints the golden vectors`(_ reference: Reference) throws {
    let folder = TemporaryFolder()
    let golden = try Golden(reference.goldenPath)
    let model = try reference.imported(into: folder)
    for feature in [0, golden.featureCount / 2, golden.featureCount - 1] {
      let ids = golden.ids(feature)
      let name = golden.name(feature)
      let result = try quotient(
        "lookup", model, "--feature", name, "--ids", ids.map(String.init).joined(separator: ","))
      #expect(result.code == 0, "\(result)")
      let rows = try Self.rows(
        of: try #require(LookupOutput.vectors(result.output, feature: name), "\(result)"))
      let difference = Golden.firstDifference(rows, golden.vectors(feature))
      #expect(difference == nil, "\(name): \(difference ?? "")")
    }
  }

  @Test func `both containers of one model give the same bytes`() throws {
    let folder = TemporaryFolder()
    let modern = try Reference.concatenate.imported(into: folder)
    let legacy = try Reference.legacy.imported(into: folder)
    let body = "{\"features\":{\"C1\":[0,17,999],\"C5\":[[1,2],[],[60]]},\"encoding\":\"base64\"}"
    let server = try RunningServer("--model", "a=\(modern)", "--model", "b=\(legacy)")
    let answers = try ["a", "b"].map { try server.post("/v1/models/\($0):lookup", body) }
    #expect(answers[0].status == 200, "\(answers[0])")
    #expect(
      NSDictionary(dictionary: answers[0].json["vectors"] as? [String: Any] ?? [:])
        == NSDictionary(dictionary: answers[1].json["vectors"] as? [String: Any] ?? ["": 0]))
  }

  /// The rows of a feature in an answer: lists of numbers, or a base64 block with a shape.
  static func rows(of value: Any) throws -> [[Double]] {
    if let lists = value as? [[Double]] { return lists }
    if let lists = value as? [[NSNumber]] { return lists.map { $0.map(\.doubleValue) } }
    let block = try #require(value as? [String: Any])
    #expect(block["dtype"] as? String == "F32")
    let shape = try #require(block["shape"] as? [Int])
    let data = try #require((block["data"] as? String).flatMap { Data(base64Encoded: $0) })
    #expect(data.count == shape.reduce(4, *))
    return Bytes.floatRows([UInt8](data), width: shape[1])
  }
}

/// Little-endian bytes and back.
enum Bytes {
  static func littleEndian(_ value: Int64, byteCount: Int) -> [UInt8] {
    (0..<byteCount).map { UInt8(truncatingIfNeeded: value >> Int64(8 * $0)) }
  }

  static func floatRows(_ bytes: [UInt8], width: Int) -> [[Double]] {
    let floats = stride(from: 0, to: bytes.count - bytes.count % 4, by: 4).map { offset in
      let bits = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[offset + $1]) << UInt32(8 * $1) }
      return Double(Float(bitPattern: bits))
    }
    return stride(from: 0, to: floats.count, by: width).map {
      Array(floats[$0..<min($0 + width, floats.count)])
    }
  }
}

/// What `quotient lookup` prints.
enum LookupOutput {
  static func vectors(_ output: String, feature: String) -> Any? {
    let object = try? JSONSerialization.jsonObject(with: Data(output.utf8))
    return ((object as? [String: Any])?["vectors"] as? [String: Any])?[feature]
  }
}
