import Foundation
import Glibc

/// What came back for one request.
struct HTTPAnswer: CustomStringConvertible {
  let version: String
  let status: Int
  /// In order, names in lower case.
  let headers: [(name: String, value: String)]
  let body: [UInt8]

  var text: String { String(decoding: body, as: UTF8.self) }
  var description: String { "status \(status), body \(text.prefix(600))" }

  subscript(header: String) -> String? {
    headers.first { $0.name == header.lowercased() }?.value
  }

  /// The body as a JSON object; empty if it is none.
  var json: [String: Any] {
    (try? JSONSerialization.jsonObject(with: Data(body))) as? [String: Any] ?? [:]
  }

  /// `code` of an error body.
  var code: String? { json["code"] as? String }
}

/// A raw connection: what is written goes out as it stands, so that pipelining, half-close and
/// dribbled bytes can be written down.
final class HTTPClient {
  private let descriptor: Int32
  private var received: [UInt8] = []
  private(set) var isAtEnd = false

  /// No answer within this many seconds is an error, not a hang of the suite.
  private static let patience = 20

  /// What must stay alive for as long as the connection.
  private let server: AnyObject?

  init(port: UInt16, to server: AnyObject? = nil) throws {
    self.server = server
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    // SAFETY: a sockaddr_in is what AF_INET calls expect behind a sockaddr pointer.
    let code = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard code == 0 else { throw ClientError("connect: errno \(errno)") }
    var patience = timeval(tv_sec: HTTPClient.patience, tv_usec: 0)
    // SAFETY: the option is one timeval.
    unsafe setsockopt(
      descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
  }

  deinit { close(descriptor) }

  func write(_ bytes: [UInt8]) throws {
    var offset = 0
    while offset < bytes.count {
      // SAFETY: the range lies in the array, which is borrowed for the call.
      let count = unsafe bytes.withUnsafeBytes { pointer in
        unsafe Glibc.send(
          descriptor, pointer.baseAddress! + offset, bytes.count - offset, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { throw ClientError("send: errno \(errno)") }
      offset += count
    }
  }

  func write(_ text: String) throws { try write(Array(text.utf8)) }

  /// Says that nothing more will be written.
  func finishWriting() { shutdown(descriptor, Int32(SHUT_WR)) }

  func send(
    _ method: String, _ path: String, headers: [String] = [], body: [UInt8]? = nil
  ) throws -> HTTPAnswer {
    try write(HTTPClient.request(method, path, headers: headers, body: body))
    return try readAnswer(to: method)
  }

  static func request(
    _ method: String, _ path: String, headers: [String] = [], body: [UInt8]? = nil
  ) -> [UInt8] {
    var lines = ["\(method) \(path) HTTP/1.1", "Host: test"] + headers
    if let body { lines.append("Content-Length: \(body.count)") }
    return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + (body ?? [])
  }

  /// The next answer on the connection, interim (1xx) answers left out.
  func readAnswer(to method: String = "GET") throws -> HTTPAnswer {
    while true {
      let answer = try readOneAnswer(to: method)
      if answer.status >= 200 { return answer }
    }
  }

  func readOneAnswer(to method: String = "GET") throws -> HTTPAnswer {
    let headEnd = try readUntil { HTTPClient.endOfHead($0) }
    let lines = String(decoding: received[..<headEnd], as: UTF8.self)
      .components(separatedBy: "\r\n").filter { !$0.isEmpty }
    received.removeFirst(headEnd)
    let parts = lines[0].split(separator: " ", maxSplits: 2)
    guard parts.count >= 2, let status = Int(parts[1]) else {
      throw ClientError("bad status line: \(lines[0])")
    }
    let headers = lines.dropFirst().map { line -> (name: String, value: String) in
      let colon = line.firstIndex(of: ":") ?? line.endIndex
      return (
        line[..<colon].lowercased(),
        line[colon...].dropFirst().trimmingCharacters(in: .whitespaces)
      )
    }
    var body: [UInt8] = []
    if method != "HEAD", status != 204, status != 304, status >= 200 {
      body = try readBody(headers)
    }
    return HTTPAnswer(version: String(parts[0]), status: status, headers: headers, body: body)
  }

  private func readBody(_ headers: [(name: String, value: String)]) throws -> [UInt8] {
    if let length = headers.first(where: { $0.name == "content-length" }).flatMap({ Int($0.value) })
    {
      _ = try readUntil { $0.count >= length ? length : nil }
      defer { received.removeFirst(length) }
      return Array(received[..<length])
    }
    guard headers.contains(where: { $0.name == "transfer-encoding" }) else {
      return try readToEnd()
    }
    var body: [UInt8] = []
    while true {
      let lineEnd = try readUntil { bytes in
        bytes.firstIndex(of: 10).map { $0 + 1 }
      }
      let line = String(decoding: received[..<lineEnd], as: UTF8.self)
      received.removeFirst(lineEnd)
      guard let size = Int(line.trimmingCharacters(in: .whitespacesAndNewlines), radix: 16) else {
        throw ClientError("bad chunk size: \(line)")
      }
      _ = try readUntil { $0.count >= size + 2 ? size + 2 : nil }
      body += received[..<size]
      received.removeFirst(size + 2)
      if size == 0 { return body }
    }
  }

  /// Everything until the server closes the connection.
  func readToEnd() throws -> [UInt8] {
    while !isAtEnd { try readMore() }
    defer { received.removeAll() }
    return received
  }

  private func readUntil(_ end: ([UInt8]) -> Int?) throws -> Int {
    while true {
      if let found = end(received) { return found }
      guard !isAtEnd else {
        throw ClientError("closed after \(String(decoding: received.prefix(200), as: UTF8.self))")
      }
      try readMore()
    }
  }

  private func readMore() throws {
    var block = [UInt8](repeating: 0, count: 262_144)
    // SAFETY: at most the block's count is written.
    let count = unsafe block.withUnsafeMutableBytes { pointer in
      unsafe recv(descriptor, pointer.baseAddress!, pointer.count, 0)
    }
    if count == 0 { isAtEnd = true }
    guard count >= 0 else {
      if errno == ECONNRESET {
        isAtEnd = true
        return
      }
      throw ClientError("no answer: errno \(errno)")
    }
    received += block[..<count]
  }

  private static func endOfHead(_ bytes: [UInt8]) -> Int? {
    guard bytes.count >= 4 else { return nil }
    for index in 0...(bytes.count - 4)
    where bytes[index] == 13 && bytes[index + 1] == 10 && bytes[index + 2] == 13
      && bytes[index + 3] == 10
    {
      return index + 4
    }
    return nil
  }
}

struct ClientError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
