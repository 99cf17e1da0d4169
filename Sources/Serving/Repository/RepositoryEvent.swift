package import Ranking

/// What happened to the models: for the log.
package enum RepositoryEvent: Sendable {
  case loaded(Model)
  /// A version cannot be served; other versions are not affected.
  case refused(name: String, version: Int, reason: String)
  /// A version that was served cannot be any more.
  case damaged(name: String, version: Int, reason: String)
  /// No new request reaches this version.
  case retired(name: String, version: Int)
  /// The last request of a retired version is over, and its files are unmapped.
  case released(ReleasedVersion)
  /// A folder or a file of the repository is not as it should be; what is served stays.
  case problem(String)
}
