import Synchronization
import SystemIO

/// Computes `count` values with several threads; each thread takes the next index until none is
/// left. One thread is the calling one.
///
/// - Throws: a thread cannot be started; those that run are waited for.
func parallelMap<Value: Sendable>(
  count: Int, threadCount: Int, name: String, _ body: @escaping @Sendable (Int) -> Value
) throws(TrainingError) -> [Value] {
  guard threadCount > 1, count > 1 else { return (0..<count).map(body) }
  let work = ParallelWork<Value>(count: count, body: body)
  var helpers: [WorkerThread] = []
  defer { for helper in helpers { helper.join() } }
  for number in 1..<min(threadCount, count) {
    do {
      helpers.append(try WorkerThread(name: "\(name)-\(number)") { work.run() })
    } catch {
      throw TrainingError("\(error); use fewer --threads")
    }
  }
  work.run()
  while let helper = helpers.popLast() { helper.join() }
  return work.values()
}

private final class ParallelWork<Value: Sendable>: Sendable {
  private let next = Atomic<Int>(0)
  private let results: [Slot]
  private let body: @Sendable (Int) -> Value

  private final class Slot: Sendable {
    let value = Mutex<Value?>(nil)
  }

  init(count: Int, body: @escaping @Sendable (Int) -> Value) {
    results = (0..<count).map { _ in Slot() }
    self.body = body
  }

  func run() {
    while true {
      let index = next.add(1, ordering: .relaxed).oldValue
      guard index < results.count else { return }
      let value = body(index)
      results[index].value.withLock { $0 = value }
    }
  }

  func values() -> [Value] {
    results.map { slot in
      guard let value = slot.value.withLock({ $0 }) else {
        preconditionFailure("all threads were joined, so every value is there")
      }
      return value
    }
  }
}
