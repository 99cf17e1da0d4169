import ByteCoding
import Embeddings
package import Ranking
package import Telemetry

/// A model version that answers requests, with everything that is the same in each of its answers.
package final class ServingModel: Sendable {
  package let model: Model
  /// Its counters in the metrics.
  package let counters: ModelCounters
  /// Feature names in the model's order.
  package let featureNames: [String]
  /// `{"model":"demo","version":"1","vectors":{`
  let answerStart: PackedTexts
  /// `"C3":[` per feature.
  let featureStarts: PackedTexts
  private let names: PackedTexts
  /// Floats of a vector, per feature.
  let widths: [Int]
  let tables: [FeatureTable]
  let denseFeatures: [ModelConfiguration.DenseFeature]
  /// `{"model":"demo","version":"1","scores":`
  let scoreAnswerStart: [UInt8]
  let inference: ModelInference
  /// What features do if the request does not say.
  let poolings: [Pooling]
  let missingPolicies: [MissingPolicy]
  /// True for features whose ids are taken as they are.
  let takesPlainIDs: [Bool]
  /// True for features that take strings: hashed, or found in a vocabulary.
  let takesKeys: [Bool]
  /// Stands for the content of the checkpoint in entity tags.
  let identity: UInt64

  package init(_ model: Model, metrics: ServerMetrics) {
    self.model = model
    featureNames = model.features.map(\.specification.name)
    counters = metrics.counters(model: model.configuration.name, features: featureNames)
    var start = ByteBuffer()
    start.append("{\"model\":")
    appendJSONString(model.configuration.name, to: &start)
    start.append(",\"version\":\"")
    start.append(decimal: model.version)
    start.append("\",\"")
    let named = start.count
    start.append("vectors\":{")
    answerStart = PackedTexts([[UInt8](start.bytes)])
    start.truncate(to: named)
    start.append("scores\":")
    scoreAnswerStart = [UInt8](start.bytes)
    names = PackedTexts(featureNames.map { Array($0.utf8) })
    featureStarts = PackedTexts(
      featureNames.map { name in
        var text = ByteBuffer()
        appendJSONString(name, to: &text)
        text.append(":")
        return [UInt8](text.bytes)
      })
    takesPlainIDs = model.configuration.categoricalFeatures.map { feature in
      if case .hash = feature.input { false } else { true }
    }
    takesKeys = model.configuration.categoricalFeatures.map { $0.input != .index }
    widths = model.features.map(\.specification.vectorWidth)
    tables = model.features
    denseFeatures = model.configuration.denseFeatures
    poolings = model.features.map(\.specification.pooling)
    missingPolicies = model.features.map(\.specification.missing)
    inference = ModelInference(model, workerCount: metrics.workers.count)
    identity = Self.identity(of: model)
  }

  /// Why a version that was ready is not any more.
  static let damageReason =
    "a file of its checkpoint was cut short or cannot be read; publish it again"

  package var name: String { model.configuration.name }
  package var version: Int { model.version }

  /// The feature with this name, given as UTF-8; first looks where the request's order suggests.
  func featureIndex(of name: Span<UInt8>, expected: Int) -> Int? {
    if expected < names.count && names.equals(expected, name) { return expected }
    return model.featureIndex(of: name)
  }

  /// The dense feature with this name, given as UTF-8.
  func denseFeatureIndex(of name: Span<UInt8>) -> Int? {
    denseFeatures.firstIndex { name.equals($0.name) }
  }

  /// The id of a key given as text. An unknown word gets -1, which the missing policy fills.
  ///
  /// - Throws: 422 if a hashed key is no number of the feature's radix.
  func id(
    ofKey key: Span<UInt8>, feature: Int, field: @autoclosure () -> String
  ) throws(ServiceError) -> Int64 {
    if let id = model.resolve(feature: feature, key: key) { return id }
    if case .hash(let radix) = model.configuration.categoricalFeatures[feature].input {
      throw ServiceError(
        .invalidValue, field: field(),
        "feature '\(featureNames[feature])' hashes whole numbers of radix \(radix); "
          + "'\(key.printable)' at \(field()) is none")
    }
    return -1
  }

  /// The id of a key given as an integer.
  func id(ofInteger key: Int64, feature: Int) -> Int64 {
    takesPlainIDs[feature] ? key : model.resolve(feature: feature, integer: key)
  }

  /// The id of a key in a query: an integer, or text where the feature takes keys.
  ///
  /// - Throws: 400 if it is neither, 422 if it does not fit in 64 bits.
  func id(
    ofText text: Span<UInt8>, feature: Int, field: @autoclosure () -> String
  ) throws(ServiceError) -> Int64 {
    if takesKeys[feature], !text.isEmpty {
      return try id(ofKey: text, feature: feature, field: field())
    }
    let isNegative = text.count > 0 && text[0] == UInt8(ascii: "-")
    let digits = isNegative ? text.extracting(1..<text.count) : text
    guard digits.isDecimal else {
      throw ServiceError(
        .invalidRequest, field: field(), "\(field()) must be an integer, not '\(text.printable)'")
    }
    if isNegative, digits.equals("9223372036854775808") { return .min }
    guard let value = digits.decimal(valueMax: Int.max) else {
      throw ServiceError(
        .categoryOutOfRange, field: field(),
        "feature '\(featureNames[feature])': the id at \(field()) does not fit in 64 bits; "
          + "send another id")
    }
    return Int64(isNegative ? -value : value)
  }

  /// True if strings are looked up in a vocabulary.
  func isVocabulary(_ feature: Int) -> Bool {
    if case .vocabulary = model.configuration.categoricalFeatures[feature].input { return true }
    return false
  }

  /// Turns integer keys into ids, from a position on.
  func resolveIntegers(_ keys: inout [Int64], from start: Int, feature: Int) {
    if takesPlainIDs[feature] { return }
    for position in start..<keys.count {
      keys[position] = model.resolve(feature: feature, integer: keys[position])
    }
  }

  /// Name, version, sizes and, where the writer left them, the checksums of all tensors.
  private static func identity(of model: Model) -> UInt64 {
    var hash = ContentHash()
    hash.mix(model.configuration.name)
    hash.mix(model.version)
    hash.mix(model.mappedByteCount)
    for (key, value) in model.metadata.sorted(by: { $0.key < $1.key }) {
      hash.mix(key)
      hash.mix(value)
    }
    return hash.value
  }
}

/// FNV-1a over 64 bits, with a final mix: for entity tags, not against attackers.
struct ContentHash {
  private var state: UInt64 = 0xCBF2_9CE4_8422_2325

  mutating func mix(_ byte: UInt8) {
    state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
  }

  mutating func mix(_ text: String) {
    for byte in text.utf8 { mix(byte) }
    mix(0xFF)
  }

  mutating func mix(_ number: Int) {
    for shift in stride(from: 0, to: 64, by: 8) {
      mix(UInt8(truncatingIfNeeded: number >> shift))
    }
  }

  var value: UInt64 {
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
