/// A checkpoint that cannot be served: what is wrong, where, what to do.
package struct ModelError: Error, Equatable, Sendable, CustomStringConvertible {
  package let description: String
  /// True if the operating system refused, so that the same checkpoint may open later: no
  /// descriptor, no memory, a disk that fails.
  package let isTransient: Bool

  package init(_ description: String, isTransient: Bool = false) {
    self.description = description
    self.isTransient = isTransient
  }
}
