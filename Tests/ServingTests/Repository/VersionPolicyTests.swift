import Serving
import Testing

@Suite struct VersionPolicyTests {
  static let texts: [(String, VersionPolicy?)] = [
    ("latest", .latest(1)), ("latest:1", .latest(1)), ("latest:12", .latest(12)), ("all", .all),
    ("3", .listed([3])), ("5+3", .listed([3, 5])),
    ("", nil), ("latest:", nil), ("latest:0", nil), ("latest:-1", nil), ("latest:x", nil),
    ("Latest", nil), ("3+", nil), ("0", nil), ("03", nil), ("3,5", nil),
    ("99999999999999999999", nil),
  ]

  @Test(arguments: texts)
  func `a policy is read as written, or refused`(text: String, expected: VersionPolicy?) {
    #expect(VersionPolicy(text) == expected)
    if let expected { #expect(VersionPolicy(expected.description) == expected) }
  }

  static let selections: [(VersionPolicy, [Int], [Int])] = [
    (.latest(1), [1, 10, 9], [10]), (.latest(2), [1, 10, 9], [10, 9]), (.latest(5), [1], [1]),
    (.latest(1), [], []), (.all, [1, 10, 9], [10, 9, 1]),
    (.listed([1, 9, 12]), [1, 10, 9], [9, 1]),
  ]

  @Test(arguments: selections)
  func `a policy selects versions, newest first`(
    policy: VersionPolicy, versions: [Int], expected: [Int]
  ) {
    #expect(policy.selection(of: versions) == expected)
  }
}
