import ByteCoding

/// Times of one case. The minimum is the least disturbed run, and the one to compare.
struct Measurement {
  let name: String
  let unit: String
  /// Nanoseconds per item of each run, ascending.
  let nanoseconds: [Double]
  let bytesPerItem: Double
  let operationsPerItem: Double

  /// How long one run of many calls takes at least, and how many runs there are.
  private static let runNanoseconds: UInt64 = 5_000_000
  private static let runCount = 60

  init(_ benchmark: BenchmarkCase) throws {
    let call = try benchmark.prepare()
    var sink = 0
    var callCount = 1
    while true {
      let start = monotonicNanoseconds()
      for _ in 0..<callCount { sink &+= call() }
      if monotonicNanoseconds() - start >= Measurement.runNanoseconds { break }
      callCount *= 2
    }
    var times: [Double] = []
    for _ in 0..<Measurement.runCount {
      let start = monotonicNanoseconds()
      for _ in 0..<callCount { sink &+= call() }
      let elapsed = Double(monotonicNanoseconds() - start)
      times.append(elapsed / Double(callCount) / Double(benchmark.itemCount))
    }
    keep(sink)
    name = benchmark.name
    unit = benchmark.unit
    nanoseconds = times.sorted()
    bytesPerItem = Double(benchmark.byteCount) / Double(benchmark.itemCount)
    operationsPerItem = Double(benchmark.operationCount) / Double(benchmark.itemCount)
  }

  var minimum: Double { nanoseconds[0] }

  var line: String {
    var line =
      filled(name, 44) + padded(fixed(minimum, digits: 2), 10)
      + padded(fixed(median(nanoseconds), digits: 2), 10)
      + padded(fixed(nanoseconds[nanoseconds.count * 99 / 100], digits: 2), 10) + "  ns per \(unit)"
    if bytesPerItem > 0 { line += ", \(fixed(bytesPerItem / minimum, digits: 2)) GB/s" }
    if operationsPerItem > 0 { line += ", \(fixed(operationsPerItem / minimum, digits: 1)) Gop/s" }
    return line
  }

  var json: String {
    "{\"case\":\"\(name)\",\"unit\":\"\(unit)\",\"min_ns\":\(fixed(minimum, digits: 3)),"
      + "\"median_ns\":\(fixed(median(nanoseconds), digits: 3)),"
      + "\"p99_ns\":\(fixed(nanoseconds[nanoseconds.count * 99 / 100], digits: 3)),"
      + "\"operations_per_second\":\(fixed(operationsPerItem / minimum * 1e9, digits: 0)),"
      + "\"bytes_per_second\":\(fixed(bytesPerItem / minimum * 1e9, digits: 0))}"
  }

  static let heading =
    filled("case", 44) + padded("min", 10) + padded("median", 10) + padded("p99", 10)
}

/// Uses what the timed calls returned, so that the compiler may not drop them.
@inline(never) @_optimize(none)
private func keep(_ value: Int) {}
