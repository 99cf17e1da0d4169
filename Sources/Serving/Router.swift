import ByteCoding

/// What a path leads to. Ranges lie in the router's decoded text.
package struct Route: Sendable, Equatable {
  package var endpoint: Endpoint
  /// Empty if the route has no model.
  package var model: Range<Int> = 0..<0
  /// nil: the newest ready version.
  package var version: Range<Int>?
  /// True if ``version`` is a label, not a number.
  package var isLabel = false
  package var feature: Range<Int> = 0..<0

  package init(_ endpoint: Endpoint) { self.endpoint = endpoint }
}

/// Turns paths into routes, byte by byte, without making Strings.
///
/// A path is split at `/` first and its segments are percent-decoded afterwards, so that `%2F` in a
/// name stays part of the name (RFC 3986 section 2.4).
package struct Router: ~Copyable {
  /// Longest route: v1 models {m} versions {v} features {f} vectors.
  private static let segmentCountMax = 8

  private var decoded = ByteBuffer(capacity: 256)
  private(set) var segments = InlineArray<8, Range<Int>>(repeating: 0..<0)
  private(set) var segmentCount = 0
  /// The path that was matched last, and its route: most clients ask for the same again.
  private var lastPath = ByteBuffer(capacity: 256)
  private var lastRoute: Route?

  package init() {}

  /// Bytes of the last path that a route's range stands for.
  @_lifetime(borrow self)
  package func text(_ range: Range<Int>) -> Span<UInt8> { decoded.bytes.extracting(range) }

  /// Finds the route of a path; nil: there is none.
  ///
  /// - Throws: 400 if a `%` is not followed by two hexadecimal digits.
  package mutating func match(_ path: Span<UInt8>) throws(ServiceError) -> Route? {
    if let lastRoute, lastPath.bytes.equals(path) { return lastRoute }
    lastRoute = nil
    lastRoute = try matchAnew(path)
    lastPath.removeAll()
    lastPath.append(path)
    return lastRoute
  }

  private mutating func matchAnew(_ path: Span<UInt8>) throws(ServiceError) -> Route? {
    guard try split(path) else { return nil }
    if isSegment(0, "v2") { return matchInference() }
    switch segmentCount {
    case 1:
      if segments[0].isEmpty { return Route(.index) }
      if isSegment(0, "livez") { return Route(.livez) }
      if isSegment(0, "readyz") { return Route(.readyz) }
      if isSegment(0, "metrics") { return Route(.metrics) }
      if isSegment(0, "openapi.yaml") { return Route(.openAPI) }
      return nil
    case 2 where isSegment(0, "v1"):
      if isSegment(1, "models") { return Route(.models) }
      if isSegment(1, "stats") { return Route(.stats) }
      return nil
    case 2:
      return matchCall()
    case 3... where isSegment(0, "v1") && isSegment(1, "models"):
      return matchModel()
    default:
      return nil
    }
  }

  /// What follows `/v1/models/`.
  private func matchModel() -> Route? {
    var route = Route(.modelStatus)
    var next = 3
    var last = 2
    if segmentCount >= 5 && (isSegment(3, "versions") || isSegment(3, "labels")) {
      next = 5
      last = 4
      route.isLabel = isSegment(3, "labels")
    }
    route.model = segments[2]
    if last == 4 { route.version = segments[4] }
    if next == segmentCount {
      // The last segment may carry a verb: `demo:lookup`, `3:lookup`.
      let (name, verb) = splitVerb(segments[last])
      if last == 4 { route.version = name } else { route.model = name }
      guard let verb else { return named(route) }
      if text(verb).equals("lookup") {
        route.endpoint = .lookup
      } else if text(verb).equals("score") {
        route.endpoint = .score
      } else if text(verb).equals("predict") {
        route.endpoint = .predict
      } else {
        return nil
      }
      return named(route)
    }
    if next + 1 == segmentCount && isSegment(next, "metadata") {
      route.endpoint = .modelMetadata
      return named(route)
    }
    guard next + 3 == segmentCount, isSegment(next, "features") else { return nil }
    route.feature = segments[next + 1]
    if isSegment(next + 2, "vectors") {
      route.endpoint = .vectors
    } else if isSegment(next + 2, "explain") {
      route.endpoint = .explain
    } else {
      return nil
    }
    return route.feature.isEmpty ? nil : named(route)
  }

  /// The route, unless a name in it is empty.
  func named(_ route: Route) -> Route? {
    route.model.isEmpty || route.version?.isEmpty == true ? nil : route
  }

  private func splitVerb(_ segment: Range<Int>) -> (name: Range<Int>, verb: Range<Int>?) {
    let bytes = decoded.bytes
    var position = segment.upperBound
    while position > segment.lowerBound {
      position -= 1
      if bytes[position] == UInt8(ascii: ":") {
        return (segment.lowerBound..<position, position + 1..<segment.upperBound)
      }
    }
    return (segment, nil)
  }

  func isSegment(_ position: Int, _ word: String) -> Bool {
    text(segments[position]).equals(word)
  }

  /// Splits and decodes; false: no route has such a path.
  private mutating func split(_ path: Span<UInt8>) throws(ServiceError) -> Bool {
    decoded.removeAll()
    segmentCount = 0
    guard path.count > 0 && path[0] == UInt8(ascii: "/") else { return false }
    var start = 1
    while true {
      let end = path.position(of: UInt8(ascii: "/"), from: start)
      guard segmentCount < Self.segmentCountMax else { return false }
      let first = decoded.count
      guard percentDecode(path.extracting(start..<end), to: &decoded) else {
        throw ServiceError(
          .invalidRequest, field: "path",
          "the path has a `%` that is not followed by two hexadecimal digits; write it as `%25`")
      }
      segments[segmentCount] = first..<decoded.count
      segmentCount += 1
      if end == path.count { return true }
      start = end + 1
    }
  }
}
