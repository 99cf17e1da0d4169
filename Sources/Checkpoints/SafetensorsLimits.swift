/// Upper bounds on what the header of a safetensors file may cost.
package struct SafetensorsLimits: Equatable, Sendable {
  /// The format's own limit.
  package var headerByteCountMax: Int
  package var tensorCountMax: Int
  package var metadataCountMax: Int
  package var rankMax: Int

  package init(
    headerByteCountMax: Int = 100_000_000, tensorCountMax: Int = 1_000_000,
    metadataCountMax: Int = 1_000_000, rankMax: Int = 64
  ) {
    self.headerByteCountMax = headerByteCountMax
    self.tensorCountMax = tensorCountMax
    self.metadataCountMax = metadataCountMax
    self.rankMax = rankMax
  }
}
