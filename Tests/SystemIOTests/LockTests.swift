import SystemIO
import Testing

@Suite struct LockTests {
  @Test func `no change is lost between threads`() throws {
    let count = Lock(0)
    let threads = try (0..<4).map { number in
      try WorkerThread(name: "lock-\(number)") {
        for _ in 0..<5_000 { count.withLock { $0 += 1 } }
      }
    }
    for thread in threads { thread.join() }
    #expect(count.withLock { $0 } == 20_000)
  }

  @Test func `what the body returns is handed on`() {
    let names = Lock(["a"])
    #expect(
      names.withLock { names in
        names.append("b")
        return names.count
      } == 2)
    #expect(names.withLock { $0 } == ["a", "b"])
  }
}
