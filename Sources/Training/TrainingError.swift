/// Why training, reading data or evaluating ended: one sentence that says what, where, what to do.
package struct TrainingError: Error, Equatable, CustomStringConvertible {
  package let description: String

  package init(_ description: String) {
    self.description = description
  }
}
