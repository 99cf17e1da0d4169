import Foundation
import Ranking
import TestSupport
import Testing

@testable import Serving

@Suite struct WarmupTests {
  static let malformed: [(String, String)] = [
    ("[]", "an object with one member"), ("{}", "an object with one member"),
    (#"{"requests": [], "more": 1}"#, "an object with one member"),
    (#"{"requests": [1]}"#, "requests[0]: an object with `path`"),
    (#"{"requests": [{"path": "lookup"}]}"#, "must begin with"),
    (#"{"requests": [{"path": ":lookup", "times": 3}]}"#, "no member 'times'"),
    (#"{"requests": [{"path": ":lookup", "count": 0}]}"#, "1 to 100000"),
    (#"{"requests": [{"path": "/a b"}]}"#, "a path that is none"),
    (#"{"requests": [{"path": ":lookup", "body": {"features": {"A": [9999]}}}]}"#, "answered 422"),
    ("{", "warmup.json: "),
  ]

  @Test(arguments: malformed)
  func `a warm-up that cannot be done refuses its version`(text: String, reason: String) throws {
    let folder = try TemporaryFolder()
    try SmallCheckpoint.write("\(folder.path)/m/1", value: 1)
    try Data(text.utf8).write(to: URL(filePath: "\(folder.path)/m/1/warmup.json"))
    let repository = try RunningRepository(folder: folder)
    try repository.waitForStart()
    let refusal = repository.events.all.first { $0.hasPrefix("refused m/1") } ?? "none"
    if reason == "a path that is none" {
      #expect(refusal.contains("warmup.json: the path '/a b'"), "\(refusal)")
    } else {
      #expect(refusal.contains(reason), "\(refusal)")
    }
    #expect(repository.lookUp().status == 503)
  }

  @Test func `warm-up requests are answered before the version is, and are counted nowhere`() throws
  {
    let folder = try TemporaryFolder()
    try SmallCheckpoint.write("\(folder.path)/m/1", value: 1)
    let requests = """
      {"requests": [{"path": ":lookup", "body": {"features": {"A": [1, 2]}}, "count": 50},
                    {"path": "/features/A/vectors?ids=3"}]}
      """
    try Data(requests.utf8).write(to: URL(filePath: "\(folder.path)/m/1/warmup.json"))
    let repository = try RunningRepository(folder: folder)
    try repository.waitForStart()
    #expect(repository.servedValue == 1)
    let metrics = repository.get("/metrics").text
    #expect(metrics.contains("quotient_lookup_vectors_total{model=\"m\",feature=\"A\"} 2"))
    #expect(!metrics.contains("features/{feature}/vectors\",method=\"GET\",status=\"200\"}"))
  }
}
