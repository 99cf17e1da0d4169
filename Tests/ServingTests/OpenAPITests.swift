import Foundation
import HTTPCore
import Serving
import Testing

/// `openapi.yaml` is the contract; these tests hold it and the code together.
@Suite struct OpenAPITests {
  private static let root = (0..<3).reduce(URL(filePath: #filePath)) { url, _ in
    url.deletingLastPathComponent()
  }
  /// gRPC describes itself elsewhere.
  private static let paths = Endpoint.allCases.filter { $0 != .unmatched && !$0.isCall }
  private let document: String

  init() throws {
    document = try String(
      contentsOf: Self.root.appending(path: "openapi.yaml"), encoding: .utf8)
  }

  @Test func `the document in the binary is the file`() throws {
    if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" {
      try Data(embedded.utf8).write(
        to: Self.root.appending(path: "Sources/Serving/OpenAPIDocument.swift"))
    }
    let served = ServiceFixture().get("/openapi.yaml").text
    #expect(
      served == document, "run: UPDATE_GOLDEN=1 swift test --filter ServingTests, then build again")
  }

  /// The Swift file that the document is embedded as.
  private var embedded: String {
    let lines = document.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      line.isEmpty ? "" : "  " + line
    }
    return """
      /// `/openapi.yaml`, as it stands at the top of the repository. Generated: rewritten by
      /// `UPDATE_GOLDEN=1 swift test --filter ServingTests`.
      let openAPIDocument = #\"""
      \(lines.joined(separator: "\n"))
        \"""#

      """
  }

  @Test func `every route is described, and nothing else`() {
    let described = Set(
      document.matches(of: /(?m)^  (\/\S*):$/).map { String($0.1) })
    var routes: Set<String> = []
    for endpoint in Self.paths {
      routes.insert(endpoint.template)
      if let versioned = endpoint.versionedTemplate { routes.insert(versioned) }
    }
    #expect(described == routes)
  }

  @Test func `every route has the methods that it allows`() throws {
    for endpoint in Self.paths {
      for template in [endpoint.template, endpoint.versionedTemplate].compactMap({ $0 }) {
        let section = try section(of: template)
        #expect(section.contains("\n    get:\n") == endpoint.allows(.get), "\(template)")
        #expect(section.contains("\n    post:\n") == endpoint.allows(.post), "\(template)")
      }
    }
  }

  @Test func `every error code is listed, and nothing else`() throws {
    let list = try #require(
      document.firstMatch(of: /(?m)ErrorCode:\n.*\n.*\n((?: {8}- \w+\n)+)/)?.1)
    let codes = list.split(separator: "\n").map { $0.trimmingPrefix("        - ") }
    #expect(codes.map(String.init) == ServiceError.Code.allCases.map(\.rawValue))
  }

  @Test func `every code's status is described where it can come up`() throws {
    for endpoint in Self.paths {
      let section = try section(of: endpoint.template)
      for code in ServiceError.Code.allCases where canComeUp(code, endpoint) {
        #expect(
          section.contains("\"\(code.status)\":"), "\(endpoint.template): \(code) is \(code.status)"
        )
      }
    }
  }

  @Test func `every refusal of the transport has a listed code and a described status`() throws {
    let section = try section(of: "/v1/models/{model}:lookup")
    let reasons: [HTTPParseError.Reason] = [
      .methodMissing, .methodNotImplemented, .versionUnsupported, .headTooLarge(limit: 1),
      .requestLineTooLong(limit: 1), .bodyTooLarge(limit: 1), .expectationUnsupported,
      .requestTimedOut, .tooManyConnections(limit: 1), .tooManyBytesHeld(limit: 1),
      .transferEncodingUnsupported,
    ]
    for reason in reasons {
      let error = HTTPParseError(reason, at: 0)
      #expect(ServiceError.Code(rawValue: "\(error.code)") != nil, "\(error.code)")
      #expect(section.contains("\"\(error.status)\":"), "\(error.status)")
      #expect(ServiceFixture().refuse(error).status == error.status)
    }
  }

  private func canComeUp(_ code: ServiceError.Code, _ endpoint: Endpoint) -> Bool {
    switch code {
    case .unsupportedMediaType, .invalidEncoding:
      [.lookup, .score, .predict, .infer].contains(endpoint)
    case .missingFeature: endpoint == .score || endpoint == .lookup
    case .duplicateFeature: endpoint == .score
    case .unknownFeature, .categoryOutOfRange, .shapeMismatch, .invalidValue: endpoint.isStaged
    case .unauthorized, .forbidden: endpoint.scope > .open
    case .notAcceptable: ![.livez, .readyz, .metrics, .openAPI].contains(endpoint)
    default: true
    }
  }

  /// The lines of one path.
  private func section(of template: String) throws -> Substring {
    let start = try #require(document.range(of: "\n  \(template):\n"), "\(template)")
    let rest = document[start.upperBound...]
    let end = rest.firstMatch(of: /\n(?:  \/|components:)/)?.range.lowerBound ?? rest.endIndex
    return "\n" + rest[..<end] as Substring
  }
}
