/// What the keeper knows of one model.
struct ModelRecord {
  struct Version {
    enum Phase: Equatable {
      /// Not loaded, and not tried with this content.
      case idle
      case ready
      /// Could not be loaded with this content.
      case refused(reason: String)
    }

    var phase = Phase.idle
    /// The content that ``phase`` speaks of.
    var fingerprint: CheckpointFingerprint
    /// The content last seen, and since when (monotonic nanoseconds).
    var seen: CheckpointFingerprint
    var seenSince: UInt64
    /// Content that replaced what is served, and could not be loaded.
    var refusedSuccessor: CheckpointFingerprint?
    /// Why the last try to load it failed, in words for clients.
    var refusal: String?
    /// When to try a refused content again, and how long to wait after that; nil: when it changes.
    var retryAt: UInt64?
    var retryDelay: UInt64 = 0

    var isReady: Bool { phase == .ready }
    var isRefused: Bool { if case .refused = phase { true } else { false } }
    /// It is served, but its folder holds another content by now.
    var isStale: Bool { isReady && seen != fingerprint }
  }

  var versions: [Int: Version] = [:]
  /// The repository it was found in, or its path if it was named.
  var origin: String
  /// Somebody asked for it not to be served.
  var isUnloaded = false
  /// The server is not ready without it: it was there at the start, or was ready once.
  var isRequired = false
  var labels: [ModelCatalog.Label] = []

  init(origin: String) { self.origin = origin }

  func numbers(where isIncluded: (Version) -> Bool) -> Set<Int> {
    Set(versions.filter { isIncluded($0.value) }.keys)
  }
}
