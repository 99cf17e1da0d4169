/// User and system time that a process, its threads and its children have used.
enum ProcessorTime {
  /// In nanoseconds; nil if the process is gone.
  ///
  /// From each thread's `schedstat`, whose first number is exact time on a processor. Where the
  /// kernel keeps none, from `stat`, which counts in hundredths of a second.
  static func nanoseconds(ofProcess identifier: Int32) -> UInt64? {
    guard fileExists("/proc/\(identifier)/stat") else { return nil }
    var sum: UInt64 = 0
    for process in family(of: identifier) {
      let threads = namesInFolder("/proc/\(process)/task")
      let times = threads.map { scheduledTime("/proc/\(process)/task/\($0)/schedstat") }
      if times.allSatisfy({ $0 != nil }) {
        sum += times.reduce(0) { $0 + $1! }
      } else {
        sum += coarseTime(ofProcess: process) ?? 0
      }
    }
    return sum
  }

  private static func scheduledTime(_ path: String) -> UInt64? {
    textOfFile(path)?.split(separator: " ").first.flatMap { UInt64($0) }
  }

  /// Fields 14 and 15 of `stat`, in clock ticks of 10 ms.
  private static func coarseTime(ofProcess identifier: Int32) -> UInt64? {
    guard let fields = statFields(ofProcess: identifier), fields.count > 12,
      let user = UInt64(fields[11]), let system = UInt64(fields[12])
    else { return nil }
    return (user + system) * 10_000_000
  }

  /// The fields behind the name, which may itself hold blanks and parentheses.
  private static func statFields(ofProcess identifier: Int32) -> [Substring]? {
    guard let text = textOfFile("/proc/\(identifier)/stat"),
      let nameEnd = text.lastIndex(of: ")")
    else { return nil }
    return text[text.index(after: nameEnd)...].split(separator: " ")
  }

  /// The process and all of its descendants.
  private static func family(of identifier: Int32) -> [Int32] {
    var parents: [Int32: Int32] = [:]
    for process in namesInFolder("/proc").compactMap({ Int32($0) }) {
      if let fields = statFields(ofProcess: process), fields.count > 1 {
        parents[process] = Int32(fields[1])
      }
    }
    var members = [identifier]
    var next = 0
    while next < members.count {
      members += parents.filter { $0.value == members[next] }.map(\.key)
      next += 1
    }
    return members
  }
}
