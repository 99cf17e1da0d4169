import ByteCoding
import Foundation
import HTTPCore
import Serving
import SystemIO
import TestSupport
import Testing

/// Tokens, scopes, addresses.
@Suite struct AccessTests {
  /// Digests by sha256sum: `reader`, `operator`.
  static let reader = "3d0941964aa3ebdcb00ccef58b1bb399f9f898465e9886d5aec7f31090a0fb30"
  static let administrator = "06e55b633481f7bb072957eabcf110c972e86691c3cfedabe088024bffe42f23"

  static let file = """
    # who: what
    read:\(reader)

      admin:\(administrator.uppercased())  \r
    """

  static let malformed: [(String, String)] = [
    ("", "there is no token"), ("# none\n", "there is no token"),
    ("read:\(reader)\nwrite:\(reader)", "line 2"), ("read:\(reader.dropLast())", "line 1"),
    ("read:\(reader)0", "line 1"), ("read", "line 1"), ("\n\n:\(reader)", "line 3"),
    ("read:\(reader) and more", "line 1"), ("read:\(reader.replacing("3", with: "g"))", "line 1"),
    ("read:\(reader.replacing("3", with: "\u{FF13}"))", "line 1"),
  ]

  @Test(arguments: malformed)
  func `a file that is none says where`(text: String, reason: String) {
    #expect {
      _ = try AccessTokens(parsing: Array(text.utf8))
    } throws: {
      "\($0)".contains(reason)
    }
  }

  @Test func `a token has the scope of its line`() throws {
    let tokens = try AccessTokens(parsing: Array(Self.file.utf8))
    #expect(tokens.count == 2)
    for (token, scope) in [
      ("reader", AccessScope.read), ("operator", .admin), ("Reader", nil), ("", nil),
      ("readerr", nil), (Self.reader, nil),
    ] {
      #expect(tokens.scope(of: Array(token.utf8).span) == scope, "\(token)")
    }
  }

  struct Row: CustomTestStringConvertible {
    var path = "/v1/models"
    var header: String?
    var status: Int
    var testDescription: String { "\(path), \(header ?? "no token")" }
  }

  static let rows: [Row] = [
    Row(status: 401), Row(header: "Bearer reader", status: 200),
    Row(header: "bearer   reader", status: 200), Row(header: "Bearer operator", status: 200),
    Row(header: "Bearer wrong", status: 401), Row(header: "Basic reader", status: 401),
    Row(header: "Bearer", status: 401), Row(header: "Bearer ", status: 401),
    Row(header: "reader", status: 401),
    Row(path: "/livez", status: 200), Row(path: "/readyz", status: 200),
    Row(path: "/livez", header: "Bearer wrong", status: 200),
    Row(path: "/metrics", status: 401), Row(path: "/metrics", header: "Bearer reader", status: 200),
    Row(path: "/v1/stats", status: 401), Row(path: "/openapi.yaml", status: 401),
    Row(path: "/v1/models/demo/features/A/vectors?ids=1", status: 401),
    Row(path: "/v1/models/demo/features/A/vectors?ids=1", header: "Bearer reader", status: 200),
  ]

  @Test(arguments: rows)
  func `with tokens, everything but health needs one`(_ row: Row) throws {
    let folder = try TemporaryFolder()
    let handler = try handler(
      AccessControl(tokensPath: folder.file("tokens", Array(Self.file.utf8))))
    let answer = respond(
      handler, "GET", row.path, row.header.map { ["Authorization: \($0)"] } ?? [], body: [])
    #expect(answer.status == row.status, "\(answer.text)")
    #expect(
      (answer.fields["www-authenticate"] == "Bearer realm=\"quotient\"") == (row.status == 401))
    if row.status == 401 {
      #expect(answer.code == "unauthorized")
      #expect(!answer.text.contains("wrong"), "a token is repeated nowhere")
    }
  }

  @Test func `refusals are counted`() throws {
    let folder = try TemporaryFolder()
    let handler = try handler(
      AccessControl(tokensPath: folder.file("tokens", Array(Self.file.utf8))))
    for _ in 0..<3 { _ = respond(handler, "GET", "/v1/models", body: []) }
    let metrics = respond(
      handler, "GET", "/metrics", ["Authorization: Bearer reader"], body: [])
    #expect(metrics.text.contains("quotient_http_rejected_total{reason=\"unauthorized\"} 3"))
  }

  @Test func `the file is read again when asked, and a bad one changes nothing`() throws {
    let folder = try TemporaryFolder()
    let access = try AccessControl(
      tokensPath: folder.file("tokens", Array("read:\(Self.reader)".utf8)))
    let handler = handler(access)
    func status(_ token: String) -> Int {
      respond(handler, "GET", "/v1/models", ["Authorization: Bearer \(token)"], body: []).status
    }
    #expect(status("reader") == 200 && status("operator") == 401)
    _ = try folder.file("tokens", Array("admin:\(Self.administrator)".utf8))
    #expect(status("operator") == 401)
    #expect(try access.reload() == 1)
    #expect(status("reader") == 401 && status("operator") == 200)
    _ = try folder.file("tokens", Array("what?".utf8))
    #expect(throws: AccessError.self) { _ = try access.reload() }
    #expect(status("operator") == 200)
    #expect(throws: AccessError.self) {
      _ = try AccessControl(tokensPath: "\(folder.path)/nowhere")
    }
  }

  private func handler(_ access: AccessControl) -> any RequestHandler {
    var configuration = ServiceConfiguration(workerCount: 1, version: "1", logSink: { _ in })
    configuration.access = access
    return Service(configuration, models: [SampleCheckpoint.model]).makeHandler(worker: 0)
  }
}
