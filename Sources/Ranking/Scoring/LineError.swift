/// A line that cannot be scored: which, and why.
package struct LineError: Error, Equatable, CustomStringConvertible {
  /// From 1, counted from the start of the input.
  package var line: Int
  package let reason: String

  package init(line: Int, _ reason: String) {
    self.line = line
    self.reason = reason
  }

  package var description: String { "line \(line): \(reason)" }
}
