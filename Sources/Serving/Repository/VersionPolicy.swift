/// Which of the versions that a model's folder holds are served.
package enum VersionPolicy: Sendable, Equatable, CustomStringConvertible {
  /// The so many newest that can be served.
  case latest(Int)
  case all
  /// These and no others.
  case listed([Int])

  /// Reads `latest`, `latest:2`, `all`, or versions as `3+5`; nil if it is none of these.
  package init?(_ text: String) {
    switch text {
    case "latest": self = .latest(1)
    case "all": self = .all
    default:
      if text.hasPrefix("latest:") {
        guard let count = Self.positive(text.dropFirst(7)) else { return nil }
        self = .latest(count)
        return
      }
      let parts = text.split(separator: "+", omittingEmptySubsequences: false)
      let numbers = parts.compactMap(Self.positive)
      guard numbers.count == parts.count else { return nil }
      self = .listed(numbers.sorted())
    }
  }

  private static func positive(_ digits: Substring) -> Int? {
    guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), digits.utf8.first != 0x30 else {
      return nil
    }
    return Int(digits)
  }

  /// Those of `versions` that are served, newest first.
  package func selection(of versions: some Sequence<Int>) -> [Int] {
    let newestFirst = Set(versions).sorted(by: >)
    switch self {
    case .latest(let count): return Array(newestFirst.prefix(count))
    case .all: return newestFirst
    case .listed(let numbers): return newestFirst.filter(numbers.contains)
    }
  }

  package var description: String {
    switch self {
    case .latest(let count): "latest:\(count)"
    case .all: "all"
    case .listed(let numbers): numbers.map(String.init).joined(separator: "+")
    }
  }
}
