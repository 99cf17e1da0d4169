import Testing

@testable import Serving

@Suite struct RepositoryPlanTests {
  struct Row: CustomTestStringConvertible {
    let testDescription: String
    var policy = VersionPolicy.latest(1)
    var present: Set<Int> = []
    var ready: Set<Int> = []
    var stale: Set<Int> = []
    var refused: Set<Int> = []
    var loads: [Int] = []
    var retires: [Int] = []
  }

  static let rows: [Row] = [
    Row(testDescription: "nothing there"),
    Row(testDescription: "a first version", present: [1], loads: [1]),
    Row(testDescription: "a first start with several", present: [1, 2, 3], loads: [3]),
    Row(testDescription: "served as it should be", present: [1, 2], ready: [2]),
    Row(
      testDescription: "a new version: the old one stays", present: [1, 2], ready: [1], loads: [2]),
    Row(testDescription: "the new one is ready", present: [1, 2], ready: [1, 2], retires: [1]),
    Row(testDescription: "the new one is bad", present: [1, 2], ready: [1], refused: [2]),
    Row(
      testDescription: "the new one is bad, at the start: the one before it", present: [1, 2],
      refused: [2], loads: [1]),
    Row(testDescription: "all are bad", present: [1, 2], refused: [1, 2]),
    Row(
      testDescription: "the only good one's folder is gone, the other is bad", present: [2],
      ready: [1], refused: [2]),
    Row(testDescription: "the folder is gone", ready: [1], retires: [1]),
    Row(
      testDescription: "the newest's folder is gone: back to the one before", present: [1],
      ready: [2], loads: [1]),
    Row(
      testDescription: "and the one before is ready", present: [1], ready: [1, 2], retires: [2]),
    Row(
      testDescription: "two newest", policy: .latest(2), present: [1, 2, 3], ready: [1, 2],
      loads: [3]),
    Row(
      testDescription: "two newest, one is bad", policy: .latest(2), present: [1, 2, 3],
      ready: [1, 2], refused: [3]),
    Row(
      testDescription: "two newest, done", policy: .latest(2), present: [1, 2, 3],
      ready: [1, 2, 3], retires: [1]),
    Row(testDescription: "all", policy: .all, present: [1, 2, 3], ready: [2], loads: [3, 1]),
    Row(
      testDescription: "listed", policy: .listed([1, 3]), present: [1, 2, 3], ready: [2],
      loads: [3, 1]),
    Row(
      testDescription: "listed and there", policy: .listed([1]), present: [1, 2],
      ready: [1, 2], retires: [2]),
    Row(
      testDescription: "listed, not there yet: nothing better to do", policy: .listed([9]),
      present: [1], ready: [1], retires: [1]),
    Row(
      testDescription: "other content under the same number", present: [1], ready: [1],
      stale: [1], loads: [1]),
    Row(
      testDescription: "other content that is bad: the old content serves on", present: [1],
      ready: [1], stale: [1], refused: [1]),
  ]

  @Test(arguments: rows)
  func `what is loaded and retired next`(_ row: Row) {
    let plan = RepositoryPlan(
      policy: row.policy, present: row.present, ready: row.ready, stale: row.stale,
      refused: row.refused)
    #expect(plan.loads == row.loads)
    #expect(plan.retires == row.retires)
  }

  @Test func `whatever happens, a plan never leaves a model without a version it has`() {
    // All states of three versions: absent, present, refused, each ready or not.
    for code in 0..<216 {
      let states = [code % 6, code / 6 % 6, code / 36]
      func versions(_ isIn: (Int) -> Bool) -> Set<Int> {
        Set((1...3).filter { isIn(states[$0 - 1]) })
      }
      let present = versions { $0 % 3 > 0 }
      let refused = versions { $0 == 2 }
      let ready = versions { $0 >= 3 }
      for policy in [VersionPolicy.latest(1), .latest(2), .all] {
        let plan = RepositoryPlan(
          policy: policy, present: present, ready: ready, refused: refused)
        let left = ready.subtracting(plan.retires)
        let isWhole = present.isEmpty && refused.isEmpty
        #expect(ready.isEmpty || !left.isEmpty || isWhole, "state \(states), \(policy)")
        #expect(Set(plan.loads).isDisjoint(with: refused), "state \(states), \(policy)")
        #expect(Set(plan.loads).isSubset(of: present), "state \(states), \(policy)")
        #expect(plan.retires.isEmpty || plan.loads.isEmpty, "state \(states), \(policy)")
      }
    }
  }
}
