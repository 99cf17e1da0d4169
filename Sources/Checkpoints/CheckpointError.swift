package import SystemIO

/// Why a file cannot be read or written as what it should be: what is wrong, where, what to do.
package struct CheckpointError: Error, Equatable, Sendable, CustomStringConvertible {
  package enum Reason: String, Equatable, Sendable {
    /// The operating system refused: missing file, no permission, full disk.
    case system
    /// The file ends before its content does.
    case truncated
    /// The bytes break a rule of the format.
    case malformed
    /// A named limit is exceeded.
    case tooLarge
    /// Correct, but of a kind that is not read here.
    case unsupported
    /// A pickle asks for Python code. None is ever run.
    case unsafePickle
    /// A tensor, a file or a member is not there.
    case missing
    /// A checksum differs.
    case damaged
    /// Something with that name is there, and may not be replaced.
    case exists
  }

  package let reason: Reason
  /// The file or folder; nil for bytes that are no file.
  package let path: String?
  /// What is wrong and what to do, without the path.
  package let detail: String

  package init(_ reason: Reason, _ detail: String, path: String? = nil) {
    self.reason = reason
    self.path = path
    self.detail = detail
  }

  package init(_ error: SystemError, path: String? = nil) {
    self.init(error.isExistingName ? .exists : .system, "\(error)", path: path)
  }

  /// The same error, located in `path` unless it already has a place.
  package func located(in path: String) -> CheckpointError {
    self.path == nil && reason != .system
      ? CheckpointError(reason, detail, path: path) : self
  }

  package var description: String {
    if let path { "\(path): \(detail)" } else { detail }
  }
}

/// Runs `body` and locates its errors in `path`.
func locating<Result: ~Copyable>(
  in path: String, _ body: () throws(CheckpointError) -> Result
) throws(CheckpointError) -> Result {
  do {
    return try body()
  } catch {
    throw error.located(in: path)
  }
}

/// Runs a system call's wrapper and turns its error into ours.
func reading<Result: ~Copyable>(
  _ body: () throws(SystemError) -> Result
) throws(CheckpointError) -> Result {
  do {
    return try body()
  } catch {
    throw CheckpointError(error)
  }
}

/// Text of unknown origin as an error message may show it: printable, and not too long.
func quoted(_ text: String) -> String {
  var shown = ""
  for scalar in text.unicodeScalars.prefix(quotedScalarCountMax) {
    let isPrintable = scalar.value >= 0x20 && scalar.value != 0x7F && scalar != "`"
    shown.unicodeScalars.append(isPrintable ? scalar : "?")
  }
  let isCut = text.unicodeScalars.dropFirst(quotedScalarCountMax).first != nil
  return "`\(shown)\(isCut ? "..." : "")`"
}

private let quotedScalarCountMax = 120
