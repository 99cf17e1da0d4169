import Glibc

/// What the process was started in.
package enum ProcessEnvironment {
  /// The value of an environment variable; nil if it is not set.
  ///
  /// Read at start only: nothing in this program changes the environment.
  package static func variable(_ name: String) -> String? {
    // SAFETY: getenv returns nil or a NUL-terminated string that lives until the environment
    // changes, and it is copied at once.
    guard let value = unsafe getenv(name) else { return nil }
    return unsafe String(cString: value)
  }

  /// Every variable as `NAME=value`.
  static var all: [String] {
    // A file of the kernel: as the environment was when the process was started.
    guard let bytes = try? readWholeFile("/proc/self/environ", byteCountMax: 4 << 20) else {
      return []
    }
    return bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The process's number.
  package static var identifier: CInt { getpid() }

  /// Processors that this process may run on.
  package static var processorCount: Int { max(1, sysconf(CInt(_SC_NPROCESSORS_ONLN))) }
}
