import ByteCoding

/// Pulls the parameters out of a query, `a=1&b=x+y`, decoded.
struct QueryReader: ~Escapable {
  /// Parameters that mean something to us; all others are ignored.
  enum Parameter: String, CaseIterable {
    case ids, id, feature, dtype, missing, encoding
  }

  /// Where a decoded parameter lies in the text that it was decoded into.
  struct Pair {
    let nameCount: Int

    func valueRange(in count: Int) -> Range<Int> { nameCount..<count }

    func word(of text: Span<UInt8>) -> Parameter? {
      let name = text.extracting(0..<nameCount)
      for parameter in Parameter.allCases where name.equals(parameter.rawValue) {
        return parameter
      }
      return nil
    }
  }

  private let query: Span<UInt8>
  private var offset = 0

  @_lifetime(copy query)
  init(_ query: Span<UInt8>) { self.query = query }

  /// The next parameter, name and value decoded into `text` one after the other; nil: no more.
  ///
  /// - Throws: 400 if a `%` is not followed by two hexadecimal digits.
  @_lifetime(self: copy self)
  mutating func next(into text: inout ByteBuffer) throws(ServiceError) -> Pair? {
    while offset < query.count {
      let end = query.position(of: UInt8(ascii: "&"), from: offset)
      let parameter = query.extracting(offset..<end)
      offset = end + 1
      if parameter.isEmpty { continue }
      let equals = parameter.position(of: UInt8(ascii: "="))
      text.removeAll()
      let hasName = percentDecode(
        parameter.extracting(0..<equals), plusIsSpace: true, to: &text)
      let pair = Pair(nameCount: text.count)
      let value = parameter.extracting(min(equals + 1, parameter.count)..<parameter.count)
      guard hasName, percentDecode(value, plusIsSpace: true, to: &text) else {
        throw ServiceError(
          .invalidRequest, field: "query",
          "the query has a `%` that is not followed by two hexadecimal digits; write it as `%25`")
      }
      return pair
    }
    return nil
  }
}
