import CLinux
import Glibc
import Synchronization

/// How far the members of a ``ThreadTeam`` have come with a job: who is ahead may go on with what
/// the others have left behind, before they are done.
package final class TeamProgress: Sendable {
  private let stages: [Stage]

  /// The last stage of every job.
  package static let end = Int.max

  package init(memberCount: Int) {
    precondition(memberCount > 0, "a team has its caller at least")
    stages = (0..<memberCount).map { _ in Stage() }
  }

  /// One member's, in lines of the cache of its own: the others look at it while it works.
  private final class Stage: Sendable {
    private let before = InlineArray<16, Int>(repeating: 0)
    let reached = Atomic<Int>(0)
    private let behind = InlineArray<16, Int>(repeating: 0)
  }

  /// Before a job, while no member is in one.
  package func restart() {
    for stage in stages { stage.reached.store(0, ordering: .relaxed) }
  }

  /// Whoever waits for `stage`, or for one before it, sees all that the member has done so far.
  package func reach(_ stage: Int, member: Int) {
    stages[member].reached.store(stage, ordering: .releasing)
  }

  /// Returns when every member has reached `stage`. This is for moments; where more threads than
  /// cores run, the others get the core.
  package func waitForAll(toReach stage: Int) {
    for other in stages {
      var looks = 0
      while other.reached.load(ordering: .acquiring) < stage {
        looks += 1
        if looks > Self.lookCount { sched_yield() } else { clinux_pause() }
      }
    }
  }

  /// Looks at another member before the core is left to it.
  private static let lookCount = 2000
}
