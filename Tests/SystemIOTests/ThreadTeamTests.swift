import SystemIO
import Testing

@Suite struct ThreadTeamTests {
  @Test(arguments: [1, 2, 5])
  func `every member runs each job once, and run waits for all`(count: Int) throws {
    let team = try ThreadTeam(count: count, name: "test")
    let ran = Lock<[Int]>([])
    for job in 0..<300 {
      team.run { member in ran.withLock { $0.append(job * 10 + member) } }
      let members = ran.withLock { jobs in
        defer { jobs.removeAll() }
        return jobs.sorted()
      }
      #expect(members == (0..<count).map { job * 10 + $0 })
    }
  }

  @Test(arguments: [1, 2, 5])
  func `who waits for a stage sees what every member did before it`(count: Int) throws {
    let team = try ThreadTeam(count: count, name: "test")
    let progress = TeamProgress(memberCount: count)
    let memory = try FloatMemory(count: count * 16)
    let wrong = Lock(0)
    for _ in 0..<200 {
      progress.restart()
      team.run { member in
        for stage in 1...4 {
          var own = memory.mutableFloats(member * 16..<member * 16 + 5)
          own[stage] += 1
          progress.reach(stage == 4 ? TeamProgress.end : stage, member: member)
          progress.waitForAll(toReach: stage)
          let mine = memory.floats(member * 16..<member * 16 + 5)[stage]
          for other in 0..<count where memory.floats(other * 16..<other * 16 + 5)[stage] != mine {
            wrong.withLock { $0 += 1 }
          }
        }
      }
    }
    #expect(wrong.withLock { $0 } == 0)
    #expect(memory.floats(0..<5)[4] == 200)
  }

  @Test func `memory of floats is zero, keeps what is written, and gives it back as bytes`() throws
  {
    let memory = try FloatMemory(count: 700_000)
    #expect(memory.floats(699_999..<700_000)[0] == 0)
    var part = memory.mutableFloats(5..<7)
    part[0] = 1
    part[1] = -2
    #expect(memory.floats[5] == 1 && memory.floats[6] == -2 && memory.floats[7] == 0)
    var bytes = [UInt8](repeating: 9, count: 8)
    var span = bytes.mutableSpan
    memory.copyBytes(from: 20, into: &span)
    #expect(bytes == [0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0])
    let other = try FloatMemory(count: 2)
    other.load(bytes.span)
    #expect(other.floats[0] == 1 && other.floats[1] == -2)
  }
}
