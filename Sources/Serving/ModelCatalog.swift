/// Which models there are and which of their versions answer: one immutable picture, replaced as a
/// whole when a version comes or goes.
package final class ModelCatalog: Sendable {
  /// What is known of a version.
  package enum State: Sendable {
    case loading
    case ready(ServingModel)
    /// What went wrong, in words for clients: no path, no errno.
    case failed(String)
  }

  package struct Version: Sendable {
    package let number: Int
    package let state: State
  }

  package struct Entry: Sendable {
    package let name: String
    /// Newest first.
    package let versions: [Version]

    /// The version that answers when none is asked for: the newest ready one.
    package var current: ServingModel? {
      for version in versions {
        if case .ready(let model) = version.state { return model }
      }
      return nil
    }

    fileprivate func adding(_ version: Version) -> Entry {
      var versions = versions.filter { $0.number != version.number }
      let place = versions.firstIndex { $0.number < version.number } ?? versions.count
      versions.insert(version, at: place)
      return Entry(name: name, versions: versions)
    }
  }

  /// In the order of their names.
  package let entries: [Entry]
  private let current: [ServingModel?]

  /// - Parameter names: the configured models, ready or not.
  package convenience init(names: [String]) {
    self.init(entries: Set(names).sorted().map { Entry(name: $0, versions: []) })
  }

  private init(entries: [Entry]) {
    self.entries = entries
    current = entries.map(\.current)
  }

  /// The same catalogue with a version's state changed; a model that was not configured is added.
  package func setting(_ state: State, name: String, version: Int) -> ModelCatalog {
    var entries = entries
    let version = Version(number: version, state: state)
    if let place = entries.firstIndex(where: { $0.name == name }) {
      entries[place] = entries[place].adding(version)
    } else {
      let place = entries.firstIndex { $0.name > name } ?? entries.count
      entries.insert(Entry(name: name, versions: [version]), at: place)
    }
    return ModelCatalog(entries: entries)
  }

  /// True if every configured model has a ready version.
  package var isReady: Bool { current.allSatisfy { $0 != nil } }

  /// The entry of a model.
  ///
  /// - Throws: 404.
  package func entry(named name: Span<UInt8>) throws(ServiceError) -> Entry {
    guard let position = position(of: name) else { throw unknownModel(name) }
    return entries[position]
  }

  /// The newest ready version of a model.
  ///
  /// - Throws: 404 for an unknown model, 503 for one that is not ready.
  package func model(named name: Span<UInt8>) throws(ServiceError) -> ServingModel {
    guard let position = position(of: name) else { throw unknownModel(name) }
    if let model = current[position] { return model }
    throw ServiceError(
      .notReady, field: "model",
      "model '\(entries[position].name)' has no ready version; try again later")
  }

  /// A certain version of a model.
  ///
  /// - Parameter version: as written in the path.
  /// - Throws: 404 for an unknown model or version, 503 for one that is not ready.
  package func model(
    named name: Span<UInt8>, version: Span<UInt8>
  ) throws(ServiceError) -> ServingModel {
    guard let position = position(of: name) else { throw unknownModel(name) }
    let entry = entries[position]
    switch try Self.find(version, in: entry).state {
    case .ready(let model): return model
    case .loading:
      throw ServiceError(
        .notReady, field: "version",
        "version \(version.printable) of model '\(entry.name)' is being loaded; try again later")
    case .failed(let reason):
      throw ServiceError(
        .notReady, field: "version",
        "version \(version.printable) of model '\(entry.name)' cannot be served: \(reason)")
    }
  }

  /// The version of an entry that a path names.
  ///
  /// - Throws: 404.
  package static func find(
    _ version: Span<UInt8>, in entry: Entry
  ) throws(ServiceError) -> Version {
    let number = version.decimal(valueMax: Int.max)
    if let number, let found = entry.versions.first(where: { $0.number == number }) {
      return found
    }
    let known = entry.versions.prefix(8).map { String($0.number) }.joined(separator: ", ")
    throw ServiceError(
      .unknownModel, field: "version",
      "model '\(entry.name)' has no version '\(version.printable)'; "
        + (known.isEmpty ? "it has none" : "it has \(known)"))
  }

  private func unknownModel(_ name: Span<UInt8>) -> ServiceError {
    let known = entries.prefix(8).map(\.name).joined(separator: ", ")
    return ServiceError(
      .unknownModel, field: "model",
      "there is no model '\(name.printable)'; "
        + (known.isEmpty ? "none is configured" : "there is \(known)"))
  }

  private func position(of name: Span<UInt8>) -> Int? {
    for position in entries.indices where name.equals(entries[position].name) { return position }
    return nil
  }
}
