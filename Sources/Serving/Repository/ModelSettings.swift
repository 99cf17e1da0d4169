import ByteCoding
import Ranking
import SystemIO

/// `serving.json` in a model's folder: `{"versions": "latest:2", "labels": {"stable": 3}}`.
struct ModelSettings: Equatable {
  /// nil: as the server was told.
  var policy: VersionPolicy?
  var labels: [ModelCatalog.Label] = []

  static let fileName = "serving.json"
  static let fileByteCountMax = 1 << 20

  /// The settings in a model's folder; nil if there are none.
  static func read(folder: String) throws(ModelError) -> ModelSettings? {
    let path = joinPath(folder, fileName)
    do {
      guard try FileStatus.ifExists(path) != nil else { return nil }
      let bytes = try readWholeFile(path, byteCountMax: fileByteCountMax)
      return try ModelSettings(JSONValue(parsing: bytes.span))
    } catch let error as ModelError {
      throw ModelError("\(path): \(error)")
    } catch {
      throw ModelError("\(path): \(error)")
    }
  }

  init() {}

  init(_ value: JSONValue) throws(ModelError) {
    guard let members = value.asObject?.members else {
      throw ModelError("an object with `versions` and `labels` is needed")
    }
    for (name, value) in members {
      switch name {
      case "versions": policy = try Self.policy(value)
      case "labels": labels = try Self.labels(value)
      default: throw ModelError("there is no member '\(name)'; give `versions` and `labels`")
      }
    }
  }

  private static func policy(_ value: JSONValue) throws(ModelError) -> VersionPolicy {
    if let text = value.asString, let policy = VersionPolicy(text) { return policy }
    if let values = value.asArray {
      let numbers = values.compactMap(\.asInt).filter { $0 > 0 }
      if numbers.count == values.count { return .listed(numbers) }
    }
    throw ModelError("`versions` is \"latest\", \"latest:2\", \"all\" or a list of versions")
  }

  private static func labels(_ value: JSONValue) throws(ModelError) -> [ModelCatalog.Label] {
    guard let members = value.asObject?.members else {
      throw ModelError("`labels` is an object of labels and their versions")
    }
    return try members.map { (member) throws(ModelError) -> ModelCatalog.Label in
      guard let version = member.value.asInt, version > 0 else {
        throw ModelError("label '\(member.name)' needs a version, 1 or more")
      }
      return ModelCatalog.Label(name: member.name, version: version)
    }
  }
}
