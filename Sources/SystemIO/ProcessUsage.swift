import Glibc

/// What this process has used, for the `process_*` metrics.
package struct ProcessUsage: Sendable, Equatable {
  /// User and system time.
  package var cpuSeconds = 0.0
  package var openDescriptorCount = 0
  package var descriptorCountMax = 0
  package var virtualByteCount = 0
  package var residentByteCount = 0
  package var threadCount = 0
  /// Seconds since 1970.
  package var startTime = 0.0
  package var majorFaultCount = 0

  /// Asks the kernel; what it does not tell stays 0.
  package static func current() -> ProcessUsage {
    var usage = ProcessUsage()
    usage.readStatus()
    usage.readResourceUsage()
    usage.openDescriptorCount = countEntries(of: "/proc/self/fd")
    return usage
  }

  /// The fields of /proc/self/stat behind the name, which may hold blanks (proc(5)).
  private mutating func readStatus() {
    let text = readSmallFile("/proc/self/stat")
    guard let nameEnd = text.lastIndex(of: ")") else { return }
    let fields = text[text.index(after: nameEnd)...].split(separator: " ")
    guard fields.count > 21 else { return }
    // Field 3, the state, is the first here: field n is at n - 3.
    threadCount = Int(fields[17]) ?? 0
    virtualByteCount = Int(fields[20]) ?? 0
    residentByteCount = (Int(fields[21]) ?? 0) * Int(sysconf(CInt(_SC_PAGESIZE)))
    let ticks = Double(fields[19]) ?? 0
    startTime = bootTime() + ticks / Double(sysconf(CInt(_SC_CLK_TCK)))
  }

  private mutating func readResourceUsage() {
    var usage = rusage()
    // SAFETY: the kernel fills in the structures, which live during the calls.
    if unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 {
      cpuSeconds = seconds(usage.ru_utime) + seconds(usage.ru_stime)
      majorFaultCount = usage.ru_majflt
    }
    var limit = rlimit()
    if unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
      descriptorCountMax = Int(clamping: limit.rlim_cur)
    }
  }
}

private func seconds(_ time: timeval) -> Double {
  Double(time.tv_sec) + Double(time.tv_usec) / 1_000_000
}

/// When the machine started: seconds since 1970.
private func bootTime() -> Double {
  for line in readSmallFile("/proc/stat").split(separator: "\n") where line.hasPrefix("btime ") {
    return Double(line.dropFirst(6)) ?? 0
  }
  return 0
}

/// A file of /proc as text; empty if it cannot be read.
private func readSmallFile(_ path: String) -> String {
  // SAFETY: open reads the path; read fills at most the bytes that it is told.
  let number = unsafe open(path, O_RDONLY | O_CLOEXEC)
  guard number >= 0 else { return "" }
  let descriptor = OwnedDescriptor(adopting: number)
  var content: [UInt8] = []
  var piece = [UInt8](repeating: 0, count: 4096)
  while content.count < 1 << 20 {
    let count = unsafe read(descriptor.number, &piece, piece.count)
    guard count > 0 else { break }
    content += piece[..<count]
  }
  return String(decoding: content, as: UTF8.self)
}

/// Entries of a folder, but `.` and `..` and the descriptor that reads it.
private func countEntries(of path: String) -> Int {
  // SAFETY: the stream is open from here to closedir, and entries are only counted.
  guard let folder = unsafe opendir(path) else { return 0 }
  defer { unsafe closedir(folder) }
  var count = 0
  while unsafe readdir(folder) != nil { count += 1 }
  return max(0, count - 3)
}
