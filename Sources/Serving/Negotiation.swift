import ByteCoding
package import Telemetry

/// The media types that requests come in and answers go out as.
package enum BodyFormat: Int, Sendable, CaseIterable {
  case json, safetensors, rawRows

  package var contentType: StaticString {
    switch self {
    case .json: "application/json"
    case .safetensors: "application/vnd.safetensors"
    case .rawRows: "application/octet-stream"
    }
  }

  /// The same as a String, which as a literal allocates nothing.
  var mediaType: String {
    switch self {
    case .json: "application/json"
    case .safetensors: "application/vnd.safetensors"
    case .rawRows: "application/octet-stream"
    }
  }

  /// What a request in this format may be answered in, the most natural first.
  var answers: [BodyFormat] {
    switch self {
    case .json: Self.answersToJSON
    case .safetensors: Self.answersToSafetensors
    case .rawRows: Self.answersToRawRows
    }
  }

  private static let answersToJSON: [BodyFormat] = [.json, .safetensors]
  private static let answersToSafetensors: [BodyFormat] = [.safetensors, .json]
  private static let answersToRawRows: [BodyFormat] = [.rawRows, .json, .safetensors]

  /// The format of a request body; nil: none of ours, which is 415.
  ///
  /// No `Content-Type`, any JSON type and what `curl -d` sends are read as JSON.
  package static func ofRequest(contentType: Span<UInt8>?) -> BodyFormat? {
    guard let contentType else { return .json }
    let end = contentType.position(of: UInt8(ascii: ";"))
    let type = contentType.extracting(0..<end).trimmed
    guard hasReadableCharset(contentType.extracting(end..<contentType.count)) else { return nil }
    if type.isEmpty || type.equalsIgnoringCase("application/json")
      || type.hasSuffixIgnoringCase("+json")
      || type.equalsIgnoringCase("application/x-www-form-urlencoded")
    {
      return .json
    }
    if type.equalsIgnoringCase("application/vnd.safetensors") { return .safetensors }
    if type.equalsIgnoringCase("application/octet-stream") { return .rawRows }
    return nil
  }

  /// False if the parameters name a charset other than UTF-8 or ASCII.
  private static func hasReadableCharset(_ parameters: Span<UInt8>) -> Bool {
    var start = 0
    while start < parameters.count {
      let end = parameters.position(of: UInt8(ascii: ";"), from: start)
      let parameter = parameters.extracting(start..<end).trimmed
      if parameter.hasPrefixIgnoringCase("charset=") {
        var value = parameter.extracting(8..<parameter.count)
        if value.count >= 2, value[0] == UInt8(ascii: "\""),
          value[value.count - 1] == UInt8(ascii: "\"")
        {
          value = value.extracting(1..<value.count - 1)
        }
        return value.equalsIgnoringCase("utf-8") || value.equalsIgnoringCase("utf8")
          || value.equalsIgnoringCase("us-ascii")
      }
      start = end + 1
    }
    return true
  }
}

/// The last `Content-Type` of a request, and what it means: a client's next request has the same.
struct ContentTypeMemory: ~Copyable {
  private var text = ByteBuffer()
  private var format: BodyFormat?

  /// Longer values are read each time.
  private static let byteCountMax = 256

  init() {}

  /// As ``BodyFormat/ofRequest(contentType:)``.
  mutating func format(of contentType: Span<UInt8>?) -> BodyFormat? {
    guard let contentType else { return .json }
    if !text.isEmpty, text.bytes.isEqual(to: contentType) { return format }
    text.removeAll()
    format = BodyFormat.ofRequest(contentType: contentType)
    if contentType.count <= Self.byteCountMax { text.append(contentType) }
    return format
  }
}

/// An `Accept` field (RFC 9110 section 12.5.1), read where it stands.
package struct AcceptHeader: ~Escapable {
  private let value: Span<UInt8>?

  /// - Parameter value: nil if the request has no such field: everything is accepted.
  @_lifetime(copy value)
  package init(_ value: Span<UInt8>?) { self.value = value }

  /// True if there is no such field, or the one that most clients send.
  private var acceptsEverything: Bool {
    guard let value else { return true }
    return value.count == 0 || value.equals("*/*")
  }

  /// How welcome a media type is, in thousandths; 0: not at all. The most specific range that
  /// matches decides; of equally specific ones the highest quality.
  ///
  /// - Parameters:
  ///   - type: such as `application/json`, lower case.
  ///   - version: a parameter `version` that the range must have if it has one at all.
  ///   - byName: ranges with `*` do not count, nor does a missing field.
  package func quality(of type: String, version: String? = nil, byName: Bool = false) -> Int {
    guard let value, value.trimmed.count > 0 else { return byName ? 0 : 1000 }
    var (bestSpecificity, bestQuality) = (-1, 0)
    var start = 0
    while start < value.count {
      let end = Self.endOfElement(value, from: start)
      let element = value.extracting(start..<end)
      start = end + 1
      let range = element.extracting(0..<element.position(of: UInt8(ascii: ";"))).trimmed
      guard var specificity = Self.specificity(of: range, for: type) else { continue }
      if byName && specificity < 2 { continue }
      var quality = 1000
      guard
        Self.readParameters(element, version: version, quality: &quality, &specificity)
      else { continue }
      if specificity > bestSpecificity
        || (specificity == bestSpecificity && quality > bestQuality)
      {
        (bestSpecificity, bestQuality) = (specificity, quality)
      }
    }
    return bestQuality
  }

  /// 2: the type itself, 1: `type/*`, 0: `*/*`; nil: no match.
  private static func specificity(of range: Span<UInt8>, for type: String) -> Int? {
    if range.equals("*/*") || range.equals("*") { return 0 }
    if range.equalsIgnoringCase(type) { return 2 }
    guard range.count >= 2, range[range.count - 1] == UInt8(ascii: "*") else { return nil }
    let family = range.extracting(0..<range.count - 1)
    var offset = 0
    for byte in type.utf8 {
      guard offset < family.count else { break }
      guard family[offset] | 0x20 == byte | 0x20 else { return nil }
      offset += 1
    }
    return offset == family.count && family[family.count - 1] == UInt8(ascii: "/") ? 1 : nil
  }

  /// Reads `q` and `version`; false if the range asks for another version.
  private static func readParameters(
    _ element: Span<UInt8>, version: String?, quality: inout Int, _ specificity: inout Int
  ) -> Bool {
    var start = element.position(of: UInt8(ascii: ";")) + 1
    while start < element.count {
      let end = element.position(of: UInt8(ascii: ";"), from: start)
      let parameter = element.extracting(start..<end).trimmed
      start = end + 1
      if parameter.hasPrefixIgnoringCase("q=") {
        quality = thousandths(parameter.extracting(2..<parameter.count))
      } else if let version, parameter.hasPrefixIgnoringCase("version=") {
        guard parameter.extracting(8..<parameter.count).equals(version) else { return false }
        specificity += 1
      }
    }
    return true
  }

  /// The `q` of one element of a list: `gzip;q=0.5`.
  static func quality(ofElement element: Span<UInt8>) -> Int {
    var (quality, specificity) = (1000, 0)
    _ = readParameters(element, version: nil, quality: &quality, &specificity)
    return quality
  }

  /// RFC 9110 section 12.4.2: `0`, `0.5`, `1.000`; anything else counts as 1.
  private static func thousandths(_ text: Span<UInt8>) -> Int {
    guard text.count > 0, text.count <= 5, text[0] == UInt8(ascii: "0") else { return 1000 }
    var value = 0
    for offset in 2..<5 {
      value *= 10
      if offset < text.count {
        let digit = text[offset] &- UInt8(ascii: "0")
        guard digit < 10 else { return 1000 }
        value += Int(digit)
      }
    }
    return value
  }

  /// The comma that ends an element; one in a quoted string does not.
  private static func endOfElement(_ value: Span<UInt8>, from start: Int) -> Int {
    var isQuoted = false
    var offset = start
    while offset < value.count {
      switch value[offset] {
      case UInt8(ascii: "\""): isQuoted.toggle()
      case UInt8(ascii: "\\") where isQuoted: offset += 1
      case UInt8(ascii: ",") where !isQuoted: return offset
      default: break
      }
      offset += 1
    }
    return value.count
  }
}

extension AcceptHeader {
  /// The format of an answer: the most welcome one, and of equally welcome ones the first.
  ///
  /// - Throws: 406 if none is accepted.
  package func choose(_ offered: [BodyFormat]) throws(ServiceError) -> BodyFormat {
    if acceptsEverything { return offered[0] }
    var (best, bestQuality) = (offered[0], 0)
    for format in offered {
      let quality = quality(of: format.mediaType)
      if quality > bestQuality { (best, bestQuality) = (format, quality) }
    }
    if bestQuality > 0 { return best }
    let names = offered.map { "`\($0.mediaType)`" }.joined(separator: ", ")
    throw ServiceError(
      .notAcceptable, field: "Accept", "this answer comes as \(names); accept one of them")
  }

  /// Throws 406 unless `type` is accepted.
  package func require(_ type: String) throws(ServiceError) {
    guard quality(of: type) > 0 else {
      throw ServiceError(
        .notAcceptable, field: "Accept", "this answer comes as `\(type)`; accept it")
    }
  }

  /// The format of the metrics page. Nobody gets OpenMetrics by `*/*`, and whoever accepts nothing
  /// of ours gets text 0.0.4, since a scrape must not fail by its headers.
  package func chooseMetricsFormat() -> MetricsFormat {
    let open = quality(of: "application/openmetrics-text", version: "1.0.0", byName: true)
    let plain = quality(of: "text/plain", version: "0.0.4")
    return open > 0 && open >= plain ? .openMetrics : .prometheusText
  }
}
