import ByteCoding

/// A ``JSONReader`` whose errors are answers: it knows the field that is being read.
struct BodyReader: ~Escapable {
  var json: JSONReader

  @_lifetime(copy bytes)
  init(_ bytes: Span<UInt8>, depthMax: Int, acceptsNonFinite: Bool = false) {
    json = JSONReader(
      bytes, limits: JSONLimits(depthMax: depthMax, acceptsNonFinite: acceptsNonFinite))
  }

  var bytes: Span<UInt8> {
    @_lifetime(copy self)
    get { json.bytes }
  }

  @_lifetime(self: copy self)
  mutating func peekKind(_ field: @autoclosure () -> String?) throws(ServiceError) -> JSONKind {
    do { return try json.peekKind() } catch { throw ServiceError(error, field: field()) }
  }

  @_lifetime(self: copy self)
  mutating func beginObject(_ field: @autoclosure () -> String?) throws(ServiceError) {
    do { try json.beginObject() } catch { throw ServiceError(error, field: field()) }
  }

  @_lifetime(self: copy self)
  mutating func nextMember() throws(ServiceError) -> Range<Int>? {
    do { return try json.nextMember() } catch { throw ServiceError(error, field: nil) }
  }

  @_lifetime(self: copy self)
  mutating func beginArray(_ field: @autoclosure () -> String?) throws(ServiceError) {
    do { try json.beginArray() } catch { throw ServiceError(error, field: field()) }
  }

  @_lifetime(self: copy self)
  mutating func nextElement() throws(ServiceError) -> Bool {
    do { return try json.nextElement() } catch { throw ServiceError(error, field: nil) }
  }

  /// A string's bytes as they stand in the text; escapes are left as they are.
  @_lifetime(self: copy self)
  mutating func readRawString(
    _ field: @autoclosure () -> String?
  ) throws(ServiceError) -> Range<Int> {
    do { return try json.readRawString() } catch { throw ServiceError(error, field: field()) }
  }

  @_lifetime(self: copy self)
  mutating func skipValue() throws(ServiceError) {
    do { try json.skipValue() } catch { throw ServiceError(error, field: nil) }
  }

  @_lifetime(self: copy self)
  mutating func endOfInput() throws(ServiceError) {
    do { try json.endOfInput() } catch { throw ServiceError(error, field: nil) }
  }

  /// Reads one of a few words.
  @_lifetime(self: copy self)
  mutating func readWord<Word: RawRepresentable & CaseIterable>(
    _ field: String, as _: Word.Type
  ) throws(ServiceError) -> Word where Word.RawValue == String {
    let raw = try readRawString(field)
    return try word(bytes.extracting(raw), field)
  }
}

/// One of a few words.
///
/// - Throws: 400, naming all of them.
func word<Word: RawRepresentable & CaseIterable>(
  _ text: Span<UInt8>, _ field: String, as _: Word.Type = Word.self
) throws(ServiceError) -> Word where Word.RawValue == String {
  for word in Word.allCases where text.equals(word.rawValue) { return word }
  let words = Word.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", ")
  throw ServiceError(
    .invalidRequest, field: field, "`\(field)` is one of \(words), not '\(text.printable)'")
}
