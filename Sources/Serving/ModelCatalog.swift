/// Which models there are and which of their versions answer: one immutable picture, replaced as a
/// whole when a version comes or goes.
package final class ModelCatalog: Sendable {
  /// What is known of a version.
  package enum State: Sendable {
    case loading
    case ready(ServingModel)
    /// What went wrong, in words for clients: no path, no errno.
    case failed(String)
    /// It answers no longer; requests that began with it are still answered by it.
    case unloading
    /// Somebody asked for it to be unloaded.
    case unloaded
  }

  package struct Version: Sendable {
    package let number: Int
    package let state: State
  }

  package struct Entry: Sendable {
    package let name: String
    /// Newest first.
    package fileprivate(set) var versions: [Version]
    /// Other names of versions: `stable`, `canary`.
    package fileprivate(set) var labels: [Label] = []
    /// True if the server is not ready without this model.
    package fileprivate(set) var isRequired: Bool

    init(name: String, versions: [Version] = [], isRequired: Bool = true) {
      self.name = name
      self.versions = versions
      self.isRequired = isRequired
    }

    /// The version that answers when none is asked for: the newest ready one.
    package var current: ServingModel? {
      for version in versions {
        if case .ready(let model) = version.state { return model }
      }
      return nil
    }

    fileprivate mutating func add(_ version: Version) {
      versions.removeAll { $0.number == version.number }
      let place = versions.firstIndex { $0.number < version.number } ?? versions.count
      versions.insert(version, at: place)
    }
  }

  /// A name for a version, in paths: `/v1/models/{m}/labels/{l}`.
  package struct Label: Sendable, Equatable {
    package let name: String
    package let version: Int

    package init(name: String, version: Int) {
      self.name = name
      self.version = version
    }
  }

  /// In the order of their names.
  package let entries: [Entry]
  private let current: [ServingModel?]
  private let names: PackedTexts

  /// - Parameter names: the configured models, ready or not.
  package convenience init(names: [String]) {
    self.init(entries: Set(names).sorted().map { Entry(name: $0) })
  }

  private init(entries: [Entry]) {
    self.entries = entries
    current = entries.map(\.current)
    names = PackedTexts(entries.map { Array($0.name.utf8) })
  }

  /// The same catalogue with a version's state changed; a model that was not configured is added.
  package func setting(_ state: State, name: String, version: Int) -> ModelCatalog {
    changing(name) { $0.add(Version(number: version, state: state)) }
  }

  /// The same catalogue without a version.
  package func removing(name: String, version: Int) -> ModelCatalog {
    changing(name) { $0.versions.removeAll { $0.number == version } }
  }

  /// The same catalogue without a model.
  package func removing(name: String) -> ModelCatalog {
    ModelCatalog(entries: entries.filter { $0.name != name })
  }

  /// The same catalogue with a model's labels, and whether the server needs the model.
  package func describing(
    name: String, labels: [Label], isRequired: Bool
  ) -> ModelCatalog {
    changing(name) { entry in
      entry.labels = labels
      entry.isRequired = isRequired
    }
  }

  private func changing(_ name: String, _ change: (inout Entry) -> Void) -> ModelCatalog {
    var entries = entries
    if let place = entries.firstIndex(where: { $0.name == name }) {
      change(&entries[place])
    } else {
      var entry = Entry(name: name, isRequired: false)
      change(&entry)
      entries.insert(entry, at: entries.firstIndex { $0.name > name } ?? entries.count)
    }
    return ModelCatalog(entries: entries)
  }

  /// True if every configured model has a ready version.
  package var isReady: Bool { entries.allSatisfy { !$0.isRequired || $0.current != nil } }

  /// The versions that answer.
  package var served: [ServingModel] {
    entries.flatMap(\.versions).compactMap { version in
      if case .ready(let model) = version.state { model } else { nil }
    }
  }

  /// The entry of a model.
  ///
  /// - Throws: 404.
  package func entry(named name: Span<UInt8>) throws(ServiceError) -> Entry {
    guard let position = position(of: name) else { throw unknownModel(name) }
    return entries[position]
  }

  /// The newest ready version of a model; nil: there is none, or no such model.
  func current(named name: Span<UInt8>) -> ServingModel? {
    guard let position = names.position(of: name) else { return nil }
    return current[position]
  }

  /// The newest ready version of a model.
  ///
  /// - Throws: 404 for an unknown model, 503 for one that is not ready.
  package func model(named name: Span<UInt8>) throws(ServiceError) -> ServingModel {
    guard let position = position(of: name) else { throw unknownModel(name) }
    if let model = current[position] { return model }
    throw Self.notReady(entries[position])
  }

  /// A certain version of a model.
  ///
  /// - Parameter version: as written in the path.
  /// - Throws: 404 for an unknown model or version, 503 for one that is not ready.
  package func model(
    named name: Span<UInt8>, version: Span<UInt8>
  ) throws(ServiceError) -> ServingModel {
    guard let position = position(of: name) else { throw unknownModel(name) }
    return try Self.model(of: Self.find(version, in: entries[position]), in: entries[position])
  }

  /// The version of a model that a label stands for.
  ///
  /// - Throws: 404 for an unknown model or label, 503 for a version that is not ready.
  package func model(
    named name: Span<UInt8>, label: Span<UInt8>
  ) throws(ServiceError) -> ServingModel {
    guard let position = position(of: name) else { throw unknownModel(name) }
    let entry = entries[position]
    return try Self.model(of: Self.find(label: label, in: entry), in: entry)
  }

  private static func model(
    of version: Version, in entry: Entry
  ) throws(ServiceError) -> ServingModel {
    let reason: String
    switch version.state {
    case .ready(let model): return model
    case .loading: reason = "is being loaded; try again later"
    case .failed(let cause): reason = "cannot be served: \(cause)"
    case .unloading, .unloaded: reason = "was unloaded; load it again, or ask for another"
    }
    throw ServiceError(
      .notReady, field: "version",
      "version \(version.number) of model '\(entry.name)' \(reason)")
  }

  /// The version of an entry that a label stands for.
  ///
  /// - Throws: 404.
  package static func find(
    label: Span<UInt8>, in entry: Entry
  ) throws(ServiceError) -> Version {
    if let found = entry.labels.first(where: { label.equals($0.name) }) {
      return entry.versions.first { $0.number == found.version }
        ?? Version(number: found.version, state: .unloaded)
    }
    let known = entry.labels.prefix(8).map(\.name).joined(separator: ", ")
    throw ServiceError(
      .unknownModel, field: "label",
      "model '\(entry.name)' has no label '\(label.printable)'; "
        + (known.isEmpty ? "it has none" : "it has \(known)"))
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

  /// Why no version answers: what happened to the newest.
  private static func notReady(_ entry: Entry) -> ServiceError {
    var reason = "try again later"
    if case .failed(let cause)? = entry.versions.first?.state {
      reason = "version \(entry.versions[0].number) cannot be served: \(cause)"
    } else if case .unloaded? = entry.versions.first?.state {
      reason = "it was unloaded"
    }
    return ServiceError(
      .notReady, field: "model", "model '\(entry.name)' has no ready version; \(reason)")
  }

  private func unknownModel(_ name: Span<UInt8>) -> ServiceError {
    let known = entries.prefix(8).map(\.name).joined(separator: ", ")
    return ServiceError(
      .unknownModel, field: "model",
      "there is no model '\(name.printable)'; "
        + (known.isEmpty ? "none is configured" : "there is \(known)"))
  }

  private func position(of name: Span<UInt8>) -> Int? {
    names.position(of: name)
  }
}
