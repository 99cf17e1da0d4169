import Embeddings

/// The ids of one lookup request, feature by feature: the same for every wire format.
///
/// All arrays are kept from request to request. Once a batch is read, its ids are grouped, its
/// weights have the ids' shape, and no limit is exceeded; whether ids are in range is checked by
/// the gather.
struct LookupBatch {
  /// One feature's part.
  struct Part {
    /// Position in the model.
    let feature: Int
    /// Where its ids lie in ``ids``.
    var ids: Range<Int>
    /// Where its offsets lie in ``offsets``: one more than there are bags, counted from the
    /// part's first id; nil: a vector per id.
    var offsets: Range<Int>?
    /// Where its weights lie in ``weights``; nil: none.
    var weights: Range<Int>?

    /// Vectors that the answer has.
    var vectorCount: Int { offsets.map { $0.count - 1 } ?? ids.count }
  }

  enum Encoding { case numbers, base64 }

  /// In the request's order.
  var parts: [Part] = []
  var ids: [Int64] = []
  var offsets: [Int] = []
  var weights: [Float] = []
  /// nil: each feature's own.
  var pooling: Pooling?
  var missing: MissingPolicy?
  var encoding = Encoding.numbers
  /// What the ids are called in the request; nil: `features.` and the feature's name.
  var listName: String?

  /// The feature that the last request began with.
  private var firstFeature = 0
  /// Position in ``parts`` per feature of the model; -1: the request does not have it.
  private var partOfFeature: [Int] = []

  init() {}

  /// Starts a request to a model of so many features.
  mutating func reset(featureCount: Int) {
    if !parts.isEmpty { firstFeature = parts[0].feature }
    for position in parts.indices { partOfFeature[parts[position].feature] = -1 }
    // To look is cheaper than to empty what is empty.
    if !parts.isEmpty { parts.removeAll(keepingCapacity: true) }
    if !ids.isEmpty { ids.removeAll(keepingCapacity: true) }
    if !offsets.isEmpty { offsets.removeAll(keepingCapacity: true) }
    if !weights.isEmpty { weights.removeAll(keepingCapacity: true) }
    pooling = nil
    missing = nil
    encoding = .numbers
    if listName != nil { listName = nil }
    while partOfFeature.count < featureCount { partOfFeature.append(-1) }
  }

  /// Adds a part whose ids and offsets were appended last; false: the feature has one already.
  mutating func add(_ part: Part) -> Bool {
    guard partOfFeature[part.feature] < 0 else { return false }
    partOfFeature[part.feature] = parts.count
    parts.append(part)
    return true
  }

  /// Which feature probably comes next: features are sent in the model's order, and by most clients
  /// the same ones each time. May be past the last one.
  var expectedFeature: Int { parts.isEmpty ? firstFeature : parts[parts.count - 1].feature + 1 }

  /// Position in ``parts`` of a feature; nil: the request does not have it.
  func part(of feature: Int) -> Int? {
    let part = partOfFeature[feature]
    return part < 0 ? nil : part
  }

  /// Vectors of the whole answer.
  var vectorCount: Int { parts.reduce(0) { $0 + $1.vectorCount } }

  /// The place of an id in a feature's list: `[3]`, or `[bag][position]`.
  func place(of position: Int, in part: Part) -> (bag: Int?, position: Int) {
    guard let range = part.offsets else { return (nil, position) }
    // The last bag that starts at or before the id: empty bags before it start there, too.
    var (low, high) = (range.lowerBound, range.upperBound - 1)
    while high - low > 1 {
      let middle = (low + high) / 2
      if offsets[middle] <= position { low = middle } else { high = middle }
    }
    return (low - range.lowerBound, position - offsets[low])
  }

  /// The same as a suffix of a field's path.
  func path(of position: Int, in part: Part) -> String {
    let place = place(of: position, in: part)
    guard let bag = place.bag else { return "[\(place.position)]" }
    return "[\(bag)][\(place.position)]"
  }

  /// Gives memory of an unusually large request back.
  mutating func trim() {
    let countMax = 1 << 20
    if ids.capacity > countMax { ids = [] }
    if offsets.capacity > countMax { offsets = [] }
    if weights.capacity > countMax { weights = [] }
  }
}
