import ByteCoding
import Testing

@Suite struct JSONValueTests {
  static let accepted: [(text: String, value: JSONValue)] = [
    ("null", .null), (" true ", .bool(true)), ("false", .bool(false)),
    ("0", .integer(0)), ("-0", .integer(0)), ("-1", .integer(-1)),
    ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
    ("9223372036854775808", .unsigned(9_223_372_036_854_775_808)),
    ("18446744073709551615", .unsigned(.max)),
    ("18446744073709551616", .number(18_446_744_073_709_551_616)),
    ("-9223372036854775809", .number(-0x1p63)),
    ("1.0", .number(1)), ("1e2", .number(100)), ("1E+2", .number(100)), ("25e-1", .number(2.5)),
    ("0.1", .number(0.1)), ("-0.0", .number(-0.0)), ("1e-400", .number(0)),
    ("123456789012345678901234567890", .number(0x1.8ee90ff6c373ep96)),
    ("2.2250738585072011e-308", .number(Double(bitPattern: 0x000F_FFFF_FFFF_FFFF))),
    ("0.00000000000000000000000000000000000001234", .number(1.234e-38)),
    ("\"\"", .string("")), ("\"a\\u0041\\n\\/\\\\\\\"\"", .string("aA\n/\\\"")),
    ("\"\\ud83d\\uDE00\"", .string("😀")), ("\"é😀\u{7F}\"", .string("é😀\u{7F}")),
    ("\"\\u0000\"", .string("\0")),
    ("[]", .array([])), ("[ ]", .array([])), ("[1, [2],{}]", [1, [2], [:]]),
    ("{}", [:]), ("{\"a\":1,\"b\":{\"a\":null}}", ["a": 1, "b": ["a": nil]]),
    ("\t\r\n {\"\" : \"\"} ", ["": ""]),
  ]

  @Test(arguments: accepted)
  func `a valid text is read`(_ row: (text: String, value: JSONValue)) throws {
    #expect(try JSONValue(parsing: Array(row.text.utf8)) == row.value)
  }

  static let refused: [(text: String, offset: Int, problem: JSONError.Problem)] = [
    ("", 0, .endsEarly), ("  ", 2, .endsEarly), ("nul", 3, .endsEarly), ("nulL", 0, .valueExpected),
    ("True", 0, .valueExpected), ("+1", 0, .valueExpected), (".5", 0, .valueExpected),
    ("NaN", 0, .valueExpected), ("Infinity", 0, .valueExpected),
    ("-Infinity", 1, .numberMalformed), ("-", 1, .endsEarly), ("01", 1, .numberMalformed),
    ("-01", 2, .numberMalformed), ("1.", 2, .endsEarly), ("1.e1", 2, .numberMalformed),
    ("1e", 2, .endsEarly), ("1e+", 3, .endsEarly), ("1e+x", 3, .numberMalformed),
    ("1 2", 2, .contentAfterValue), ("1,", 1, .contentAfterValue), ("{}}", 2, .contentAfterValue),
    ("0x10", 1, .contentAfterValue), ("\u{FEFF}1", 0, .valueExpected),
    ("[", 1, .endsEarly), ("[1", 2, .endsEarly), ("[1,", 3, .endsEarly),
    ("[,1]", 1, .valueExpected),
    ("[1,]", 2, .trailingComma), ("[1 2]", 3, .commaOrBracketExpected),
    ("[1}", 2, .commaOrBracketExpected), ("[1,,2]", 3, .valueExpected),
    ("{", 1, .endsEarly), ("{\"a\"", 4, .endsEarly), ("{\"a\":", 5, .endsEarly),
    ("{\"a\":1", 6, .endsEarly), ("{\"a\":1,}", 6, .trailingComma), ("{a:1}", 1, .nameExpected),
    ("{\"a\" 1}", 5, .colonExpected), ("{\"a\":1 \"b\":2}", 7, .commaOrBraceExpected),
    ("{\"a\":1]", 6, .commaOrBraceExpected), ("{1:1}", 1, .nameExpected),
    ("{,}", 1, .nameExpected), ("{\"a\":,}", 5, .valueExpected),
    ("\"", 1, .endsEarly), ("\"\\", 2, .endsEarly), ("\"\\x\"", 1, .escapeInvalid),
    ("\"\\u12\"", 1, .escapeInvalid), ("\"\\u12", 5, .endsEarly), ("\"\n\"", 1, .controlCharacter),
    ("\"\u{1F}\"", 1, .controlCharacter), ("\"\\ud800\"", 1, .surrogateUnpaired),
    ("\"\\udc00\"", 1, .surrogateUnpaired), ("\"\\ud800\\u0041\"", 1, .surrogateUnpaired),
    ("\"\\ud800\\ud800\"", 1, .surrogateUnpaired), ("\"\\ud800x1234\"", 1, .surrogateUnpaired),
    ("'a'", 0, .valueExpected), ("[1] // one", 4, .contentAfterValue),
  ]

  @Test(arguments: refused)
  func `an invalid text is refused where it goes wrong`(
    _ row: (text: String, offset: Int, problem: JSONError.Problem)
  ) {
    let error = JSONError(offset: row.offset, reason: .syntax(row.problem))
    #expect(throws: error) { try JSONValue(parsing: Array(row.text.utf8)) }
    #expect(error.isSyntax)
  }

  static let illFormed: [[UInt8]] = [
    [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xC2], [0xE0, 0x80, 0x80], [0xE0, 0x9F, 0xBF],
    [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xE2, 0x82], [0xF0, 0x80, 0x80, 0x80],
    [0xF0, 0x8F, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF], [0xFE],
  ]

  @Test(arguments: illFormed)
  func `bytes that are not UTF-8 are refused`(_ bytes: [UInt8]) {
    #expect(throws: JSONError(offset: 2, reason: .syntax(.encodingInvalid))) {
      try JSONValue(parsing: [UInt8(ascii: "\""), UInt8(ascii: "a")] + bytes + [0x22])
    }
    let isWellFormed = isUTF8(bytes.span)
    #expect(!isWellFormed)
  }

  @Test func `every scalar survives writing and reading, plain and escaped`() throws {
    for code in stride(from: UInt32(0), through: 0x10FFFF, by: 41) {
      guard let scalar = Unicode.Scalar(code) else { continue }
      let text = String(Character(scalar))
      #expect(try JSONValue(parsing: JSONValue.string(text).serialized()) == .string(text))
      let escaped = text.utf16.map { unit in
        let digits = String(unit, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      }.joined()
      #expect(try JSONValue(parsing: Array("\"\(escaped)\"".utf8)) == .string(text))
    }
  }

  @Test func `a name that stands twice is refused, however it is written`() {
    #expect(throws: JSONError(offset: 7, reason: .duplicateMember("a"))) {
      try JSONValue(parsing: Array(#"{"a":1,"a":2}"#.utf8))
    }
    #expect(throws: JSONError(offset: 7, reason: .duplicateMember("a"))) {
      try JSONValue(parsing: Array(#"{"a":1,"\u0061":2}"#.utf8))
    }
    let many = (0..<100).map { #""m\#($0)":0"# }
    let text = "{" + many.joined(separator: ",") + #","m40":1}"#
    #expect(throws: JSONError(offset: text.utf8.count - 8, reason: .duplicateMember("m40"))) {
      try JSONValue(parsing: Array(text.utf8))
    }
  }

  @Test func `names that look alike but differ in their scalars are two names`() throws {
    let text = "{\"\u{E9}\":1,\"e\u{301}\":2}"
    #expect(try JSONValue(parsing: Array(text.utf8)).asObject?.members.count == 2)
  }

  @Test(arguments: [0, 1, 5, 64])
  func `nesting goes as deep as the limit and no deeper`(_ limit: Int) throws {
    let limits = JSONLimits(depthMax: limit)
    func nested(_ depth: Int) -> [UInt8] {
      Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
    }
    if limit > 0 { _ = try JSONValue(parsing: nested(limit), limits: limits) }
    #expect(throws: JSONError(offset: limit, reason: .tooDeep(limit: limit))) {
      try JSONValue(parsing: nested(limit + 1), limits: limits)
    }
  }

  @Test func `a number beyond float64 is refused`() {
    #expect(throws: JSONError(offset: 1, reason: .numberOutOfRange)) {
      try JSONValue(parsing: Array("[1e400]".utf8))
    }
  }

  @Test func `the words of Python are read when asked for`() throws {
    let limits = JSONLimits(acceptsNonFinite: true)
    let value = try JSONValue(
      parsing: Array("[NaN, Infinity, -Infinity, -1, null]".utf8), limits: limits)
    let elements = try #require(value.asArray)
    #expect(elements[0].asDouble?.isNaN == true)
    #expect(elements[1] == .number(.infinity))
    #expect(elements[2] == .number(-.infinity))
    #expect(elements[3] == .integer(-1))
    #expect(elements[4] == .null)
  }

  @Test func `a value is written compactly or indented`() throws {
    let value: JSONValue = ["a": [1, -2.5, "x\n"], "b": [:], "c": [], "d": .unsigned(.max)]
    let compact = #"{"a":[1,-2.5,"x\n"],"b":{},"c":[],"d":18446744073709551615}"#
    #expect(String(decoding: value.serialized(), as: UTF8.self) == compact)
    let indented =
      "{\n  \"a\": [\n    1,\n    -2.5,\n    \"x\\n\"\n  ],\n  \"b\": {},\n  \"c\": [],\n"
      + "  \"d\": 18446744073709551615\n}"
    #expect(String(decoding: value.serialized(indentation: 2), as: UTF8.self) == indented)
    #expect(try JSONValue(parsing: value.serialized(indentation: 4)) == value)
    #expect(JSONValue.number(.nan).serialized() == Array("null".utf8))
  }

  @Test func `every prefix of a text is refused as cut short`() {
    let text = Array(#"{"a":[1.5e3,true,null,"\ud83d\ude00é"],"b":{"c":-7}}"#.utf8)
    for count in 0..<text.count {
      let error = #expect(throws: JSONError.self) { try JSONValue(parsing: Array(text[..<count])) }
      #expect(error?.isSyntax == true, "prefix of \(count) bytes")
    }
  }

  @Test func `members are found, replaced, added and removed by name`() {
    var object = JSONObject()
    object["a"] = 1
    object["b"] = 2
    object["a"] = 3
    #expect(object["a"] == 3)
    object["b"] = nil
    #expect(object["b"] == .none)
    #expect(object == JSONObject([(name: "a", value: 3)]))
  }

  @Test func `errors say what, where and what to do`() {
    let error = JSONError(offset: 7, reason: .wrongType(expected: .integer, found: .string))
    #expect(error.description == "an integer is expected at byte 7, but a string is there")
    #expect(!error.isSyntax)
  }
}
