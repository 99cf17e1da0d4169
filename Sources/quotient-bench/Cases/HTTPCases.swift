import HTTPCore

extension BenchmarkCase {
  static var httpCases: [BenchmarkCase] {
    [
      parseHead(
        "http/parse-head/curl",
        "POST /v1/models/demo:lookup HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: curl/8.5.0\r\n"
          + "Accept: */*\r\nContent-Length: 28\r\n"
          + "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
      ),
      parseHead(
        "http/parse-head/small",
        "GET /livez HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n"),
    ]
  }

  private static func parseHead(_ name: String, _ head: String) -> BenchmarkCase {
    let bytes = Array(head.utf8)
    return BenchmarkCase(name: name, unit: "request", itemCount: 1, byteCount: bytes.count) {
      var head = RequestHead()
      let limits = HTTPLimits()
      return {
        let progress = try? parseRequestHead(bytes.span, limits: limits, into: &head)
        precondition(progress == .complete, "the prepared head is whole")
        return head.byteCount
      }
    }
  }
}
