import ByteCoding
import Telemetry

/// What Triton's statistics extension tells of one version of a model, counted by each worker for
/// itself and summed when somebody asks.
final class InferenceStatistics: Sendable {
  /// Nanoseconds, and how many requests they were spent on.
  struct Duration {
    var count = 0
    var nanoseconds = 0

    var json: JSONObject {
      var object = JSONObject()
      object.add("count", .integer(Int64(count)))
      object.add("ns", .integer(Int64(nanoseconds)))
      return object
    }
  }

  private enum Position: Int, CaseIterable {
    case successes, successTime, failures, failureTime
    case queueTime, inputTime, computeTime, outputTime
  }

  private let workers: [CounterBank]
  /// When each worker answered last: monotonic clock.
  private let lastAnswers: [LastAnswer]

  init(workerCount: Int) {
    workers = (0..<workerCount).map { _ in CounterBank(count: Position.allCases.count) }
    lastAnswers = (0..<workerCount).map { _ in LastAnswer() }
  }

  /// Counts an answered request. Only ever called by worker `worker`.
  ///
  /// - Parameters:
  ///   - nanoseconds: from the request's last byte on.
  ///   - now: monotonic clock.
  func succeeded(
    after nanoseconds: Int, _ timings: RequestTimings, at now: Int, worker: Int
  ) {
    let bank = workers[worker]
    bank.add(at: Position.successes.rawValue)
    bank.add(max(0, nanoseconds), at: Position.successTime.rawValue)
    bank.add(timings[.queue], at: Position.queueTime.rawValue)
    bank.add(timings[.parse], at: Position.inputTime.rawValue)
    bank.add(timings[.gather] + timings[.compute], at: Position.computeTime.rawValue)
    bank.add(timings[.serialise], at: Position.outputTime.rawValue)
    lastAnswers[worker].time.raise(to: now)
  }

  /// Counts a refused request. Only ever called by worker `worker`.
  func failed(after nanoseconds: Int, worker: Int) {
    workers[worker].add(at: Position.failures.rawValue)
    workers[worker].add(max(0, nanoseconds), at: Position.failureTime.rawValue)
  }

  var successes: Duration { duration(.successes, .successTime) }
  var failures: Duration { duration(.failures, .failureTime) }
  var queue: Duration { duration(.successes, .queueTime) }
  var input: Duration { duration(.successes, .inputTime) }
  var compute: Duration { duration(.successes, .computeTime) }
  var output: Duration { duration(.successes, .outputTime) }
  /// Monotonic clock; 0: nothing was answered yet.
  var lastAnswer: Int { lastAnswers.reduce(0) { max($0, $1.time.value) } }

  private func duration(_ count: Position, _ time: Position) -> Duration {
    Duration(count: sum(count), nanoseconds: sum(time))
  }

  private func sum(_ position: Position) -> Int {
    workers.reduce(0) { $0 + $1.value(at: position.rawValue) }
  }
}

private final class LastAnswer: Sendable {
  let time = Counter()
}

extension InferenceStatistics {
  /// One element of `model_stats`.
  ///
  /// - Parameters:
  ///   - lastInference: milliseconds since 1970; 0: none yet.
  ///   - byteCount: bytes that the model's files have in memory.
  func json(name: String, version: Int, lastInference: Int, byteCount: Int) -> JSONObject {
    var object = JSONObject()
    object.add("name", .string(name))
    object.add("version", .string(String(version)))
    object.add("last_inference", .integer(Int64(lastInference)))
    object.add("inference_count", .integer(Int64(successes.count)))
    object.add("execution_count", .integer(Int64(successes.count)))
    let none = Duration()
    var inference = JSONObject()
    inference.add("success", .object(successes.json))
    inference.add("fail", .object(failures.json))
    inference.add("queue", .object(queue.json))
    inference.add("compute_input", .object(input.json))
    inference.add("compute_infer", .object(compute.json))
    inference.add("compute_output", .object(output.json))
    inference.add("cache_hit", .object(none.json))
    inference.add("cache_miss", .object(none.json))
    object.add("inference_stats", .object(inference))
    object.add("response_stats", .object(JSONObject()))
    var batches: [JSONValue] = []
    if successes.count > 0 {
      var batch = JSONObject()
      batch.add("batch_size", .integer(1))
      batch.add("compute_input", .object(input.json))
      batch.add("compute_infer", .object(compute.json))
      batch.add("compute_output", .object(output.json))
      batches.append(.object(batch))
    }
    object.add("batch_stats", .array(batches))
    var memory = JSONObject()
    memory.add("type", .string("CPU"))
    memory.add("id", .integer(0))
    memory.add("byte_size", .integer(Int64(byteCount)))
    object.add("memory_usage", .array([.object(memory)]))
    return object
  }
}
