import ByteCoding
import Embeddings

/// What a lookup's query says; only raw bodies need one.
struct LookupQuery {
  var feature: Int?
  var element: IDElement?
  var missing: MissingPolicy?
}

/// The last query that was understood, with what it says: a client asks for the same feature again
/// and again.
struct LookupQueryMemory: ~Copyable {
  private var bytes = ByteBuffer()
  private var query = LookupQuery()
  /// As decoded. Which of a model's features it is, is looked up each time: the next request may
  /// ask another model.
  private var featureName = ByteBuffer()

  /// Longer queries are read each time.
  private static let byteCountMax = 1_024

  init() {}

  mutating func forget() {
    bytes.removeAll()
    featureName.removeAll()
  }

  /// - Parameter name: decoded; of the query that will be remembered next.
  mutating func noteFeature(_ name: Span<UInt8>) { featureName.append(name) }

  mutating func remember(_ text: Span<UInt8>, _ query: LookupQuery) {
    guard text.count <= Self.byteCountMax else { return }
    bytes.append(text)
    self.query = query
  }

  /// What a query says that was understood before; nil: it is another one, or names a feature that
  /// this model has not got.
  func recall(_ text: Span<UInt8>, for model: ServingModel) -> LookupQuery? {
    guard !bytes.isEmpty, bytes.bytes.isEqual(to: text) else { return nil }
    guard !featureName.isEmpty else { return query }
    var query = query
    query.feature = model.featureIndex(of: featureName.bytes, expected: query.feature ?? 0)
    return query.feature == nil ? nil : query
  }
}
