/// Upper bounds on what a reader takes in. Every loop over input ends at one of these.
package enum DataLimits {
  /// Text that is parsed by one thread at a time.
  package static let blockByteCount = 1 << 20
  /// A line of more bytes is bad: it would not fit into a block.
  package static let lineByteCountMax = blockByteCount
  /// The longest key of a category.
  package static let keyByteCountMax = 4096
  /// Categories of one feature: ids are stored in 32 bits.
  package static let categoryCountMax = Int(Int32.max)
  /// Files read one after the other.
  package static let fileCountMax = 100_000
  /// Bad lines that are reported one by one; further ones are counted.
  package static let reportedLineCountMax = 5
  /// Threads that read.
  package static let threadCountMax = 1024
}
