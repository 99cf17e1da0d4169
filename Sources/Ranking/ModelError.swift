/// A checkpoint that cannot be served: what is wrong, where, what to do.
package struct ModelError: Error, Equatable, Sendable, CustomStringConvertible {
  package let description: String
  package init(_ description: String) { self.description = description }
}
