import Glibc

/// Why a measurement could not be made: what, where, and what to do.
struct BenchError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }

  /// A system call failed; `errno` still holds why.
  static func system(_ call: String, _ subject: String) -> BenchError {
    let code = errno
    // SAFETY: strerror returns a static, terminated string.
    let reason = unsafe String(cString: strerror(code))
    return BenchError("\(call) \(subject): \(reason) (errno \(code))")
  }
}
