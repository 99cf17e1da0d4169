/// A feature that does not fit its tensors: says which, and what to do.
package struct FeatureError: Error, Equatable, Sendable, CustomStringConvertible {
  package let description: String
  package init(_ description: String) { self.description = description }
}
