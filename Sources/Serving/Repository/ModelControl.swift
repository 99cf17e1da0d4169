/// Loads and unloads models while the server runs. Calls return at once; the work is done by the
/// loader's thread.
package protocol ModelControl: AnyObject, Sendable {
  /// Loads the versions of a model that its policy selects, also if it was unloaded or refused
  /// before.
  ///
  /// - Parameter done: called once, on the loader's thread: nil if the newest of these versions
  ///   answers, else why not (404 without such a model).
  func load(model name: String, done: @escaping @Sendable (ServiceError?) -> Void)

  /// Unloads all versions of a model, until somebody loads it again. `done` as for ``load``; called
  /// once no new request reaches them.
  func unload(model name: String, done: @escaping @Sendable (ServiceError?) -> Void)

  /// Looks for new versions, and tries again those that were refused.
  func lookAgain()

  /// A version's files can no longer be read.
  func reportDamage(model name: String, version: Int)
}
