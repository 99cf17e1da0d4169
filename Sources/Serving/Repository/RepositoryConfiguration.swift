package import Ranking

/// How models are found and loaded.
package struct RepositoryConfiguration: Sendable {
  package var sources: [ModelSource]
  package var loadMode = LoadMode.mmap
  package var precisions = PrecisionChoice()
  /// `--version-policy`, for models without a policy of their own.
  package var policy = VersionPolicy.latest(1)
  /// `--poll-interval`: time between two looks at the folders, besides those that the system asks
  /// for by telling of a change. nil: none.
  package var pollInterval: Duration? = .seconds(10)
  /// `--prefault-bytes`: bytes of a new version that are read before it answers.
  package var prefaultBytesMax = 256 << 20
  /// A checkpoint whose files changed more recently than this is still being written.
  package var settleTime = Duration.milliseconds(250)

  package init(sources: [ModelSource]) { self.sources = sources }
}
