package import Checkpoints

/// Buffers that lookups use and keep: one per worker, never shared.
package struct LookupScratch: ~Copyable {
  /// Positions, in the last batch, of the ids that the missing policy filled; ascending.
  package internal(set) var missingPositions: [Int] = []
  package init() {}
}

/// One categorical feature bound to its tables: categories in, vectors out.
package final class FeatureTable: Sendable {
  package let specification: FeatureSpecification

  /// Binds a feature to its tensors and checks every shape. Copies nothing.
  ///
  /// - Parameter tensor: finds a tensor by name; nil if the checkpoint has none.
  package init(
    _ specification: FeatureSpecification, tensor: (String) -> Tensor?
  ) throws(FeatureError) {
    self.specification = specification
  }

  /// The vectors of categories.
  ///
  /// - Parameters:
  ///   - ids: shape [count]; any values, checked here.
  ///   - output: shape [count, vectorWidth]; overwritten.
  package func vectors(
    of ids: Span<Int64>, missing: MissingPolicy, scratch: inout LookupScratch,
    into output: inout MutableSpan<Float>
  ) throws(LookupError) {}

  /// One pooled vector per bag; zeros for an empty bag.
  ///
  /// - Parameters:
  ///   - ids: shape [count], the bags' categories one after the other.
  ///   - offsets: shape [bagCount + 1]; ascending, from 0 to count (checked: precondition).
  ///   - weights: shape [count] or nil; `sum` only. They scale each category's part.
  ///   - output: shape [bagCount, vectorWidth]; overwritten.
  package func pooledVectors(
    of ids: Span<Int64>, offsets: Span<Int>, weights: Span<Float>?, pooling: Pooling,
    missing: MissingPolicy, scratch: inout LookupScratch, into output: inout MutableSpan<Float>
  ) throws(LookupError) {}
}
