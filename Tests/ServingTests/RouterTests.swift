import Serving
import Testing

@Suite struct RouterTests {
  /// Path, then `endpoint model version feature` as the router sees them; empty: no route.
  static let routes: [(String, String)] = [
    ("/", "index"), ("/livez", "livez"), ("/readyz", "readyz"), ("/metrics", "metrics"),
    ("/openapi.yaml", "openAPI"), ("/v1/stats", "stats"), ("/v1/models", "models"),
    ("/v1/models/demo", "modelStatus demo"),
    ("/v1/models/demo/versions/3", "modelStatus demo 3"),
    ("/v1/models/demo/metadata", "modelMetadata demo"),
    ("/v1/models/demo/versions/3/metadata", "modelMetadata demo 3"),
    ("/v1/models/demo/features/C3/vectors", "vectors demo C3"),
    ("/v1/models/demo/versions/3/features/C3/vectors", "vectors demo 3 C3"),
    ("/v1/models/demo/features/C3/explain", "explain demo C3"),
    ("/v1/models/demo/versions/3/features/C3/explain", "explain demo 3 C3"),
    ("/v1/models/demo:lookup", "lookup demo"),
    ("/v1/models/demo/versions/3:lookup", "lookup demo 3"),
    // A model may be called like a word of the API.
    ("/v1/models/versions", "modelStatus versions"),
    ("/v1/models/metadata/metadata", "modelMetadata metadata"),
    ("/v1/models/features/features/features/vectors", "vectors features features"),
    ("/v1/models/demo/versions/metadata", "modelStatus demo metadata"),
    // Percent-encoding: split first, decode afterwards.
    ("/v1/models/d%65mo%3Alookup", "lookup demo"),
    ("/%76%31/models/demo", "modelStatus demo"),
    ("/v1/models/a%2Fb", "modelStatus a/b"),
    ("/v1%2Fmodels/demo", ""),
    ("/v1/models/%C3%A9", "modelStatus \u{E9}"),
    // What comes in later issues, and what never comes.
    ("/v1/models/demo:score", "score demo"), ("/v1/models/demo:predict", "predict demo"),
    ("/v2", "serverMetadata"), ("/v2/", ""), ("/v2/health", ""),
    ("/v2/health/live", "serverLive"), ("/v2/health/ready", "serverReady"),
    ("/v2/health/live/x", ""), ("/v2/models", ""), ("/v2/models/stats", "inferenceStatistics"),
    ("/v2/models/stats/stats", "modelInferenceStatistics stats"),
    ("/v2/models/demo", "inferenceMetadata demo"), ("/v2/models/", ""),
    ("/v2/models/demo/versions/3", "inferenceMetadata demo 3"),
    ("/v2/models/demo/infer", "infer demo"),
    ("/v2/models/demo/versions/3/infer", "infer demo 3"), ("/v2/models/demo/infer/x", ""),
    ("/v2/models/demo/versions/3/ready", "inferenceReady demo 3"),
    ("/v2/models/demo/config", "inferenceConfiguration demo"),
    ("/v2/models/d%20%C3%A9%25/infer", "infer d \u{E9}%"),
    ("/v2/models/demo/versions", ""), ("/v2/models/demo/trace/setting", ""),
    ("/v2/repository/index", "repositoryIndex"), ("/v2/repository", ""),
    ("/v2/repository/models/demo/load", "repositoryLoad demo"),
    ("/v2/repository/models/demo/unload", "repositoryUnload demo"),
    ("/v2/repository/models/demo/reload", ""), ("/v2/repository/models//load", ""),
    ("/v1/models/demo:lookup:lookup", "lookup demo:lookup"),
    ("/v1/models/demo:Lookup", ""), ("/v1/models/demo:", ""), ("/v1/models/:lookup", ""),
    ("/v1/models/", ""), ("/v1/models//metadata", ""), ("//", ""), ("//livez", ""),
    ("/livez/", ""), ("/Livez", ""), ("/v1", ""), ("/v1/", ""), ("/v1/model", ""),
    ("/v1/models/demo/", ""), ("/v1/models/demo/versions", ""),
    ("/v1/models/demo/versions/", ""), ("/v1/models/demo/versions//metadata", ""),
    ("/v1/models/demo/features/C3", ""), ("/v1/models/demo/features//vectors", ""),
    ("/v1/models/demo/features/C3/vectors/x", ""), ("/v1/models/demo/labels", ""),
    ("/v1/models/demo/labels/stable", "modelStatus demo stable"),
    ("/v1/models/demo/labels/stable:lookup", "lookup demo stable"),
    ("/v1/models/demo/labels/stable/metadata", "modelMetadata demo stable"),
    ("/v1/models/demo/versions/3/features/C3/vectors/x", ""),
    ("/a/b/c/d/e/f/g/h/i/j/k/l", ""), ("livez", ""), ("*", ""), ("", ""),
  ]

  @Test(arguments: routes)
  func `a path leads where its template says`(path: String, expected: String) throws {
    var router = Router()
    guard let route = try router.match(Array(path.utf8).span) else {
      #expect(expected.isEmpty)
      return
    }
    var words = ["\(route.endpoint)"]
    for range in [route.model, route.version ?? 0..<0, route.feature] where !range.isEmpty {
      words.append(text(router, range))
    }
    #expect(words.joined(separator: " ") == expected)
  }

  @Test func `every template leads to its own endpoint`() throws {
    var router = Router()
    for endpoint in Endpoint.allCases where endpoint != .unmatched {
      for template in [endpoint.template, endpoint.versionedTemplate].compactMap({ $0 }) {
        let path = template.replacing("{model}", with: "m").replacing("{version}", with: "1")
          .replacing("{feature}", with: "f")
        #expect(try router.match(Array(path.utf8).span)?.endpoint == endpoint, "\(template)")
      }
    }
  }

  @Test(arguments: ["/%", "/%4", "/%zz", "/v1/models/demo%", "/v1/%0/x"])
  func `a broken percent-encoding is an error`(path: String) {
    var router = Router()
    #expect {
      _ = try router.match(Array(path.utf8).span)
    } throws: { error in
      (error as? ServiceError)?.code == .invalidRequest
    }
  }

  private func text(_ router: borrowing Router, _ range: Range<Int>) -> String {
    let bytes = router.text(range)
    return String(decoding: (0..<bytes.count).map { bytes[$0] }, as: UTF8.self)
  }

  @Test func `a path that is asked again has its route again, whatever came in between`() throws {
    var router = Router()
    for between in ["/v1/models/demo:lookup", "/v1/models/other:score", "/nothing", "/%zz", ""] {
      for _ in 0..<2 {
        let path = Array("/v1/models/demo/versions/3:lookup".utf8)
        let route = try #require(try router.match(path.span))
        #expect(route.endpoint == .lookup)
        #expect(text(router, route.model) == "demo")
      }
      _ = try? router.match(Array(between.utf8).span)
    }
  }
}
