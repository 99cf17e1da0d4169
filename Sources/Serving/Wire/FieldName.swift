/// The path of a value in a request, `features.C3[2][0]`, put together only when somebody asks.
struct FieldName {
  private let prefix: String
  /// False: the prefix is the whole path of the list.
  private let namesFeature: Bool
  private let model: ServingModel
  let feature: Int
  private let row: Int?
  private var bag: Int?
  private var position: Int?

  /// - Parameter row: of a feature's value in a row, `instances[3].C1`.
  init(prefix: String, row: Int? = nil, model: ServingModel, feature: Int) {
    self.prefix = prefix
    self.row = row
    namesFeature = true
    self.model = model
    self.feature = feature
  }

  /// A value of the feature whose path does not name it: `candidates.sparse[3][0]`.
  init(path: String, model: ServingModel, feature: Int) {
    prefix = path
    row = nil
    namesFeature = false
    self.model = model
    self.feature = feature
  }

  /// An element of the list that this names; an element of that one, too.
  func at(_ place: Int) -> FieldName {
    var name = self
    if bag == nil { name.bag = place } else { name.position = place }
    return name
  }

  var path: String {
    prefix + (row.map { "[\($0)]." } ?? "")
      + (namesFeature ? model.featureNames[feature] : "") + (bag.map { "[\($0)]" } ?? "")
      + (position.map { "[\($0)]" } ?? "")
  }
}

extension ServiceError {
  /// - Parameter inPath: the path names it, which makes it 404.
  static func unknownFeature(
    _ name: Span<UInt8>, _ model: ServingModel, inPath: Bool = false
  ) -> ServiceError {
    let known = model.featureNames.prefix(8).joined(separator: ", ")
    let more = model.featureNames.count > 8 ? " and \(model.featureNames.count - 8) more" : ""
    return ServiceError(
      .unknownFeature, status: inPath ? 404 : nil,
      field: inPath ? "feature" : "features.\(name.printable)",
      "model '\(model.name)' has no feature '\(name.printable)'; it has \(known)\(more)")
  }

  static func otherShape(
    _ field: String, weights: String, ids: String, of what: String
  ) -> ServiceError {
    ServiceError(
      .shapeMismatch, field: field,
      "\(field) has weights for \(weights) \(what), but there are \(ids); give each id its weight")
  }

  static func standsTwice(_ field: String) -> ServiceError {
    ServiceError(
      .invalidRequest, field: field, "`\(field)` stands twice in the request; keep one")
  }

  static func tooManyIDs(_ field: String, _ limits: ServiceLimits) -> ServiceError {
    ServiceError(
      .tooLarge, field: field,
      "more than \(limits.idCountMax) ids or bags in a request; send fewer or raise --max-ids")
  }
}
