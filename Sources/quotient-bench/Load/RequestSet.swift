/// Requests prepared before the clock starts, so that the client costs next to nothing.
struct RequestSet {
  private(set) var bytes: [UInt8] = []
  private(set) var starts: [Int] = [0]

  var count: Int { starts.count - 1 }
  func range(_ index: Int) -> Range<Int> { starts[index]..<starts[index + 1] }
  var meanByteCount: Int { count == 0 ? 0 : bytes.count / count }

  mutating func append(head: String, body: [UInt8]) {
    bytes.append(contentsOf: head.utf8)
    bytes.append(contentsOf: "Content-Length: \(body.count)\r\n\r\n".utf8)
    bytes.append(contentsOf: body)
    starts.append(bytes.count)
  }

  /// The prepared requests of one kind of work with Zipf ids.
  init(
    work: Work, format: WireFormat, model: String, host: String, exponent: Double, seed: UInt64,
    cardinality: Int? = nil, count: Int? = nil
  ) throws {
    var generator = SplitMix64(seed: seed)
    let features = work.features.map { ($0.name, min($0.cardinality, cardinality ?? .max)) }
    let samplers = features.map { ZipfSampler(count: $0.1, exponent: exponent) }
    if format == .raw, features.count > 1 {
      throw BenchError(
        "raw rows hold one feature, and \(work.rawValue) asks for many; use safetensors")
    }
    if work.isScore, format != .json {
      throw BenchError("\(work.rawValue) goes as json; leave --format out")
    }
    if work.isScore {
      appendScores(
        work, host: host, model: model, samplers, &generator, count: count ?? work.distinctCount)
      return
    }
    let head = RequestSet.head(format: format, model: model, host: host, feature: features[0].0)
    for _ in 0..<(count ?? work.distinctCount) {
      let ids = samplers.map { sampler in
        (0..<work.idCount).map { _ in sampler.next(&generator) }
      }
      if format == .infer {
        appendInfer(head: head, names: features.map(\.0), ids: ids)
        continue
      }
      let body: [UInt8] =
        switch format {
        case .json: RequestSet.jsonBody(names: features.map(\.0), ids: ids)
        case .raw: RequestSet.littleEndianBytes(ids[0], byteCount: 4)
        case .safetensors: RequestSet.safetensorsBody(names: features.map(\.0), ids: ids)
        case .infer: []
        }
      append(head: head, body: body)
    }
  }

  /// Candidates with 13 dense values and an id per feature.
  private mutating func appendScores(
    _ work: Work, host: String, model: String, _ samplers: [ZipfSampler],
    _ generator: inout SplitMix64, count: Int
  ) {
    let head =
      "POST /v1/models/\(model):score HTTP/1.1\r\nHost: \(host)\r\n"
      + "Content-Type: application/json\r\n"
    for _ in 0..<count {
      var dense: [String] = []
      var sparse: [String] = []
      for _ in 0..<work.idCount {
        let values = (0..<CriteoShape.denseCount).map { _ in String(generator.next() % 100) }
        let ids = samplers.map { String($0.next(&generator)) }
        dense.append("[\(values.joined(separator: ","))]")
        sparse.append("[\(ids.joined(separator: ","))]")
      }
      let columns =
        "\"dense\":[\(dense.joined(separator: ","))],\"sparse\":[\(sparse.joined(separator: ","))]"
      append(head: head, body: Array("{\"candidates\":{\(columns)}}".utf8))
    }
  }

  /// Ids in, vectors out, both as binary tensors behind a JSON header.
  private mutating func appendInfer(head: String, names: [String], ids: [[Int]]) {
    let inputs = zip(names, ids).map { name, ids in
      "{\"name\":\"\(name)\",\"shape\":[\(ids.count)],\"datatype\":\"INT64\","
        + "\"parameters\":{\"binary_data_size\":\(ids.count * 8)}}"
    }
    let outputs = names.map {
      "{\"name\":\"\($0).vectors\",\"parameters\":{\"binary_data\":true}}"
    }
    let lists = (
      inputs: inputs.joined(separator: ","), outputs: outputs.joined(separator: ",")
    )
    let header = Array("{\"inputs\":[\(lists.inputs)],\"outputs\":[\(lists.outputs)]}".utf8)
    append(
      head: head + "Inference-Header-Content-Length: \(header.count)\r\n",
      body: header + ids.flatMap { RequestSet.littleEndianBytes($0, byteCount: 8) })
  }

  private static func head(
    format: WireFormat, model: String, host: String, feature: String
  ) -> String {
    let path = "/v1/models/\(model):lookup"
    return switch format {
    case .json:
      "POST \(path) HTTP/1.1\r\nHost: \(host)\r\nContent-Type: application/json\r\n"
    case .raw:
      "POST \(path)?feature=\(feature)&dtype=I32 HTTP/1.1\r\nHost: \(host)\r\n"
        + "Content-Type: application/octet-stream\r\n"
    case .safetensors:
      "POST \(path) HTTP/1.1\r\nHost: \(host)\r\nContent-Type: application/vnd.safetensors\r\n"
        + "Accept: application/vnd.safetensors\r\n"
    case .infer:
      "POST /v2/models/\(model)/infer HTTP/1.1\r\nHost: \(host)\r\n"
    }
  }

  private static func jsonBody(names: [String], ids: [[Int]]) -> [UInt8] {
    let members = zip(names, ids).map { name, ids in
      "\"\(name)\":[\(ids.map(String.init).joined(separator: ","))]"
    }
    return Array("{\"features\":{\(members.joined(separator: ","))}}".utf8)
  }

  private static func safetensorsBody(names: [String], ids: [[Int]]) -> [UInt8] {
    var offset = 0
    let members = zip(names, ids).map { name, ids in
      defer { offset += ids.count * 8 }
      return "\"\(name)\":{\"dtype\":\"I64\",\"shape\":[\(ids.count)],"
        + "\"data_offsets\":[\(offset),\(offset + ids.count * 8)]}"
    }
    var header = Array("{\(members.joined(separator: ","))}".utf8)
    while header.count % 8 != 0 { header.append(UInt8(ascii: " ")) }
    var body = littleEndianBytes([header.count], byteCount: 8)
    body += header
    for ids in ids { body += littleEndianBytes(ids, byteCount: 8) }
    return body
  }

  private static func littleEndianBytes(_ values: [Int], byteCount: Int) -> [UInt8] {
    values.flatMap { value in (0..<byteCount).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
  }
}
