/// One of the threads that share a step.
struct TeamMember: Sendable, Hashable {
  var number = 0
  var count = 1

  /// Where this member begins with `partCount` parts that all read: each elsewhere, because a line
  /// that two cores ask for at once goes from one to the other, which takes longest.
  func firstPart(of partCount: Int) -> Int { partCount * number / count }
}
