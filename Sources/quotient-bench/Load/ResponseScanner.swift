/// The least of HTTP/1.1 that a load generator needs: where one answer ends, and its status.
struct ResponseScanner {
  private(set) var status = 0
  /// Looked for in refusals alone.
  private(set) var hasRetryAfter = false
  private var head: [UInt8] = []
  private var bodyBytesLeft = 0
  private var isInBody = false

  enum Progress: Equatable {
    case needsMoreBytes
    case complete
    case broken
  }

  /// Takes the bytes of one read. Requests are not pipelined, so an answer ends where a read ends.
  mutating func take(_ bytes: borrowing [UInt8], count: Int) -> Progress {
    if isInBody { return takeBody(count) }
    let searchStart = max(0, head.count - 3)
    head.append(contentsOf: bytes[..<count])
    guard let headEnd = ResponseScanner.endOfHead(head, from: searchStart) else {
      return head.count > 65_536 ? .broken : .needsMoreBytes
    }
    guard head.count >= 12, let status = Int(String(decoding: head[9..<12], as: UTF8.self)),
      let length = ResponseScanner.number(after: ResponseScanner.lengthName, head[..<headEnd])
    else { return .broken }
    self.status = status
    hasRetryAfter =
      status == 429
      && ResponseScanner.number(after: ResponseScanner.retryName, head[..<headEnd]) != nil
    isInBody = true
    bodyBytesLeft = length
    return takeBody(head.count - headEnd)
  }

  private mutating func takeBody(_ count: Int) -> Progress {
    bodyBytesLeft -= count
    if bodyBytesLeft > 0 { return .needsMoreBytes }
    isInBody = false
    head.removeAll(keepingCapacity: true)
    return bodyBytesLeft == 0 ? .complete : .broken
  }

  private static func endOfHead(_ head: [UInt8], from start: Int) -> Int? {
    var index = start
    while index + 3 < head.count {
      if head[index] == 13, head[index + 1] == 10, head[index + 2] == 13, head[index + 3] == 10 {
        return index + 4
      }
      index += 1
    }
    return nil
  }

  private static let lengthName = Array("\ncontent-length:".utf8)

  private static let retryName = Array("\nretry-after:".utf8)

  private static func number(after name: [UInt8], _ head: ArraySlice<UInt8>) -> Int? {
    guard head.count >= name.count else { return nil }
    for start in 0..<(head.count - name.count) {
      var matched = 0
      while matched < name.count, head[start + matched] | 0x20 == name[matched] | 0x20 {
        matched += 1
      }
      if matched < name.count { continue }
      var value = 0
      for byte in head[(start + matched)...] {
        if byte == 0x20 { continue }
        guard byte >= 0x30, byte <= 0x39 else { return value }
        value = value * 10 + Int(byte - 0x30)
      }
    }
    return nil
  }
}
