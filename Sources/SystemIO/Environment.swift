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

  /// Processors that this process may run on.
  package static var processorCount: Int { max(1, sysconf(CInt(_SC_NPROCESSORS_ONLN))) }
}
