/// Where training and evaluation get their samples, epoch after epoch in the same order.
package protocol MinibatchSource {
  /// Samples of one epoch; nil before a stream has been read to its end.
  var sampleCount: Int? { get }
  /// Samples delivered since the start of this epoch.
  var position: Int { get }

  /// Replaces the content of `minibatch` by the next samples, at most `count`.
  ///
  /// - Returns: false at the end of the epoch; then the minibatch is empty.
  mutating func next(
    _ count: Int, into minibatch: inout Minibatch
  ) throws(TrainingError) -> Bool

  /// Goes to a position that an earlier run had reached.
  mutating func seek(to position: Int) throws(TrainingError)

  /// Starts the next epoch.
  mutating func rewind() throws(TrainingError)
}
