/// What to do next for one model, so that what is served becomes what its policy asks for.
///
/// A version is retired only once everything that shall take its place is ready; a version that was
/// refused takes nobody's place, so that the next older one is served, or goes on to be.
struct RepositoryPlan: Equatable {
  /// Versions to load, newest first.
  let loads: [Int]
  /// Versions to retire.
  let retires: [Int]

  /// - Parameters:
  ///   - present: versions whose folders are there, complete as far as can be seen.
  ///   - ready: versions that are served now.
  ///   - stale: those of them whose folder has got another content.
  ///   - refused: versions that could not be loaded, and have not changed since.
  init(
    policy: VersionPolicy, present: Set<Int>, ready: Set<Int>, stale: Set<Int> = [],
    refused: Set<Int> = []
  ) {
    let wanted = policy.selection(of: present.subtracting(refused.subtracting(ready)))
    loads = wanted.filter { version in
      !ready.contains(version) || stale.contains(version) && !refused.contains(version)
    }
    let isComplete = loads.isEmpty && (!wanted.isEmpty || refused.isEmpty)
    retires = isComplete ? ready.subtracting(wanted).sorted() : []
  }
}
