import ByteCoding
import TestSupport
import Testing

@Suite struct JSONReaderTests {
  /// Runs `body` on a reader whose text ends right before an unmapped page.
  private func read<Value>(
    _ text: String, limits: JSONLimits = JSONLimits(),
    _ body: (inout JSONReader) throws(JSONError) -> Value
  ) throws -> Value {
    // SAFETY: the span lives as long as the buffer, which the closure borrows.
    try unsafe withGuardedBuffer(Array(text.utf8)) { bytes in
      var reader = unsafe JSONReader(
        Span(_unsafeElements: UnsafeBufferPointer(bytes)), limits: limits)
      let value = try body(&reader)
      try reader.endOfInput()
      return value
    }
  }

  @Test func `a request is walked member by member`() throws {
    let text =
      #" {"ids":[1,2] , "na\u006De" : "x\ty","flag":true,"n":null,"w":1.5,"skip":{"a":[{}]}} "#
    var seen: [String] = []
    try read(text) { reader throws(JSONError) in
      try reader.beginObject()
      while let name = try reader.nextMember() {
        if reader.name(name, equals: "ids") {
          var ids: [Int64] = []
          try reader.readInt64List(into: &ids, countMax: 2)
          seen.append("ids \(ids)")
        } else if reader.name(name, equals: "name") {
          var string = ByteBuffer()
          try reader.readString(into: &string)
          seen.append("name " + String(decoding: [UInt8](string.bytes), as: UTF8.self))
        } else if reader.name(name, equals: "flag") {
          seen.append("flag \(try reader.readBool())")
        } else if reader.name(name, equals: "n") {
          #expect(try reader.peekKind() == .null)
          try reader.readNull()
        } else if reader.name(name, equals: "w") {
          seen.append("w \(try reader.readFloat())")
        } else {
          seen.append(reader.text(of: name))
          try reader.skipValue()
        }
      }
    }
    #expect(seen == ["ids [1, 2]", "name x\ty", "flag true", "w 1.5", "skip"])
  }

  @Test(arguments: [
    ("ids", "ids", true), ("ids", "id", false), ("id", "ids", false), ("i\\u0064s", "ids", true),
    ("\\u0069\\u0064\\u0073", "ids", true), ("i\\u0065s", "ids", false), ("a\\/b", "a/b", true),
    ("", "ids", false), ("\\\\u0", "\\u0", true), ("abc", "abd", false),
  ])
  func `names are compared as text, not as written`(_ raw: String, _ name: String, _ same: Bool)
    throws
  {
    let known: [(StaticString, String)] = [
      ("ids", "ids"), ("id", "id"), ("a/b", "a/b"), ("\\u0", "\\u0"), ("abd", "abd"),
    ]
    let constant = try #require(known.first { $0.1 == name }).0
    let isEqual = try read("{\"\(raw)\":1}") { reader throws(JSONError) in
      try reader.beginObject()
      guard let range = try reader.nextMember() else { return false }
      let isEqual = reader.name(range, equals: constant)
      try reader.skipValue()
      _ = try reader.nextMember()
      return isEqual
    }
    #expect(isEqual == same)
  }

  static let wrongTypes: [(text: String, expected: JSONKind, found: JSONKind)] = [
    ("1", .array, .number), ("{}", .array, .object), ("\"1\"", .array, .string),
    ("null", .array, .null), ("true", .array, .boolean),
  ]

  @Test(arguments: wrongTypes)
  func `a value of another type is named`(
    _ row: (text: String, expected: JSONKind, found: JSONKind)
  ) {
    let reason = JSONError.Reason.wrongType(expected: row.expected, found: row.found)
    #expect(throws: JSONError(offset: 1, reason: reason)) {
      try read(" " + row.text) { reader throws(JSONError) in try reader.beginArray() }
    }
    #expect(throws: JSONError(offset: 1, reason: reason)) {
      try read(" " + row.text) { reader throws(JSONError) in
        var ids: [Int64] = []
        try reader.readInt64List(into: &ids, countMax: 1)
      }
    }
  }

  private func ids(_ text: String, countMax: Int = 10_000) throws -> [Int64] {
    try read(text) { reader throws(JSONError) in
      var ids: [Int64] = [-5]
      try reader.readInt64List(into: &ids, countMax: countMax)
      return Array(ids.dropFirst())
    }
  }

  private func floats(_ text: String, countMax: Int = 100_000) throws -> [Float] {
    try read(text) { reader throws(JSONError) in
      var floats: [Float] = []
      try reader.readFloatList(into: &floats, countMax: countMax)
      return floats
    }
  }

  @Test func `integers of every length are read at every distance from the end`() throws {
    var generator = SeededGenerator(seed: 11)
    for count in 0...40 {
      for length in 1...18 {
        let values = (0..<count).map { _ -> Int64 in
          let floor = length == 1 ? 0 : (1..<length).reduce(Int64(1)) { power, _ in power * 10 }
          let value = Int64.random(in: floor..<(max(floor, 1) * 10), using: &generator)
          return Bool.random(using: &generator) ? value : -value
        }
        for separator in [",", ", ", " ,\n\t"] {
          let list = values.map(String.init).joined(separator: separator)
          #expect(try ids("[\(list)]") == values)
          #expect(try ids("  [ \(list) ]\n") == values)
        }
      }
    }
  }

  @Test func `a long list is read whole, and its limit is exact`() throws {
    let values = (0..<1000).map { Int64($0 * 7919) }
    let text = "[" + values.map(String.init).joined(separator: ",") + "]"
    #expect(try ids(text, countMax: 1000) == values)
    for limit in [0, 1, 127, 128, 129, 256, 998, 999] {
      #expect(throws: JSONError(offset: 0, reason: .tooMany(limit: limit))) {
        try ids(text, countMax: limit)
      }
      #expect(throws: JSONError(offset: 0, reason: .tooMany(limit: limit))) {
        try floats(text, countMax: limit)
      }
    }
    #expect(try floats(text, countMax: 1000) == values.map { Float($0) })
    #expect(try ids("[]", countMax: 0) == [])
  }

  @Test func `integers are exact to the ends of Int64`() throws {
    let text = "[9223372036854775807,-9223372036854775808,1000000000000000000,-0,0]"
    #expect(try ids(text) == [.max, .min, 1_000_000_000_000_000_000, 0, 0])
  }

  static let noIntegers: [(element: String, reason: JSONError.Reason)] = [
    ("1.0", .wrongType(expected: .integer, found: .number)),
    ("1e2", .wrongType(expected: .integer, found: .number)),
    ("-1E2", .wrongType(expected: .integer, found: .number)),
    ("\"1\"", .wrongType(expected: .integer, found: .string)),
    ("null", .wrongType(expected: .integer, found: .null)),
    ("[1]", .wrongType(expected: .integer, found: .array)),
    ("{}", .wrongType(expected: .integer, found: .object)),
    ("true", .wrongType(expected: .integer, found: .boolean)),
    ("9223372036854775808", .numberOutOfRange), ("-9223372036854775809", .numberOutOfRange),
    ("123456789012345678901234567890", .numberOutOfRange),
    ("", .syntax(.valueExpected)), ("NaN", .syntax(.valueExpected)),
    ("+1", .syntax(.valueExpected)),
  ]

  @Test(arguments: noIntegers)
  func `what is no integer is found at its place`(
    _ row: (element: String, reason: JSONError.Reason)
  ) {
    for before in 0...20 {
      for after in 0...20 {
        let prefix = "[" + String(repeating: "12345,", count: before)
        let text = prefix + row.element + String(repeating: ",7", count: after) + "]"
        // An empty element in front of the bracket is a trailing comma, or an empty list.
        if row.element.isEmpty && after == 0 { continue }
        #expect(throws: JSONError(offset: prefix.utf8.count, reason: row.reason)) { try ids(text) }
      }
    }
  }

  static let malformed = [
    "[01]", "[1,02,3]", "[-]", "[1 2]", "[1,]", "[1,,2]", "[,1]", "[1", "[1,", "[", "[1}", "[-01]",
    "[1;2]",
    "[1,2]]", "[1.]", "[1e]", "[00]", "[1.5.2]", "[0x1]", "[1e+]", "[--1]", "[.5]", "[1_0]",
  ]

  @Test(arguments: malformed)
  func `a malformed list is a syntax error, near the end or far from it`(_ text: String) {
    for padding in ["", String(repeating: " ", count: 100)] {
      let idError = #expect(throws: JSONError.self) { try ids(text + padding) }
      let floatError = #expect(throws: JSONError.self) { try floats(text + padding) }
      #expect(floatError?.isSyntax == true)
      let isFraction = text.contains(".") || text.contains("e")
      #expect(idError?.isSyntax == true || isFraction)
    }
  }

  @Test func `floats are the nearest ones, far from the end and near to it`() throws {
    var generator = SeededGenerator(seed: 12)
    var texts = [
      "0", "-0", "-0.0", "0.1", "1", "16777217", "16777219", "1e10", "1E+10", "1e-10",
      "3.4028235e38", "3.4028235677973366e38", "1.17549435e-38", "1e-45", "1.4e-45", "7e-46",
      "1e-400",
      "0.000000000000000000001",
      "8388608.5", "8388609.5", "0.50000002980232238769531250", "0.50000002980232238769531251",
      "0.5000000298023223876953124999999999", "1.00000005960464477539062500000000001", "2.5e0",
      "123456789012345678901234567890", "0.3333333333333333148296162562473909929394721984863281250",
      "9007199254740993", "18446744073709551615", "18446744073709551616", "0e999999999999",
    ]
    for _ in 0..<3000 {
      let value = Float(bitPattern: UInt32.random(in: 0 ... .max, using: &generator))
      guard value.isFinite else { continue }
      texts.append(value.description)
      texts.append(Double(value).description)
      // Halfway to the next float, and a little to either side.
      let middle = (Double(value) + Double(value.nextUp)) / 2
      if middle.isFinite && abs(middle) < 3e38 {
        texts += [middle, middle.nextUp, middle.nextDown].map(\.description)
      }
    }
    let expected = texts.map { Float($0)! }
    for (text, value) in zip(texts, expected) {
      #expect(try floats("[\(text)]").map(\.bitPattern) == [value.bitPattern], "\(text)")
    }
    let all = "[" + texts.joined(separator: ", ") + "]"
    #expect(try floats(all).map(\.bitPattern) == expected.map(\.bitPattern))
  }

  @Test(arguments: ["1e39", "-1e39", "3.4028236e38", "1e400"])
  func `a number beyond float32 is refused`(_ number: String) throws {
    for padding in ["", String(repeating: " ", count: 100)] {
      #expect(throws: JSONError(offset: 3, reason: .numberOutOfRange)) {
        try floats("[1,\(number)]" + padding)
      }
    }
  }

  @Test func `words for what is not finite are read when asked for`() throws {
    let text = "[1,NaN,null,Infinity,-Infinity,-2.5]"
    let values = try read(text, limits: JSONLimits(acceptsNonFinite: true)) {
      reader throws(JSONError) in
      var values: [Float] = []
      try reader.readFloatList(into: &values, countMax: 6)
      return values
    }
    #expect(values.map(\.description) == ["1.0", "nan", "nan", "inf", "-inf", "-2.5"])
    #expect(throws: JSONError(offset: 3, reason: .syntax(.valueExpected))) { try floats(text) }
  }

  /// The last few are read from a copy: what follows them must not matter, nor what they are.
  @Test func `integers near the end of the text are those that stand there`() throws {
    for value: Int64 in [0, 7, -7, 17, 123_456_789, -999_999_999_999_999_999, .max, .min] {
      for (before, after) in [("", ""), ("1,", ""), ("", ",2"), (" 1 , ", " , 2 ")] {
        for tail in 0...40 {
          let text = "[\(before)\(value)\(after)]" + String(repeating: " ", count: tail)
          let expected = (before.isEmpty ? [] : [1]) + [value] + (after.isEmpty ? [] : [2])
          #expect(try ids(text) == expected, "\(text)")
        }
      }
    }
    for (text, offset) in [("[1", 2), ("[1,", 3), ("[-", 2), ("[1,2,", 5)] {
      #expect(throws: JSONError(offset: offset, reason: .syntax(.endsEarly))) { try ids(text) }
    }
    for (text, offset) in [("[01]", 2), ("[1-]", 2), ("[1,]", 2), ("[1}]", 2), ("[1\0]", 2)] {
      let error = #expect(throws: JSONError.self) { try ids(text) }
      #expect(error?.offset == offset, "\(text)")
    }
  }

  @Test func `strings end where they end, at any place in a word`() throws {
    for count in 0...20 {
      for special in ["", "\\n", "\\u00e9", "é", "\\\\"] {
        let text = String(repeating: "a", count: count) + special + "b"
        let quoted = "\"" + text + "\"" + String(repeating: " ", count: count % 9)
        let range = try read(quoted) { reader throws(JSONError) in try reader.readRawString() }
        #expect(range == 1..<1 + text.utf8.count, "\(text)")
      }
      for control in ["\u{0}", "\u{1F}", "\n"] {
        let text = "\"" + String(repeating: "a", count: count) + control + "bbbbbbbbb\""
        #expect(throws: JSONError(offset: count + 1, reason: .syntax(.controlCharacter))) {
          try read(text) { reader throws(JSONError) in _ = try reader.readRawString() }
        }
      }
    }
  }

  /// Whether two objects were entered at once, and the names of the inner and of the outer one.
  private func entered(_ text: String, depthMax: Int = 2) throws -> (Bool, [String]) {
    try read(text, limits: JSONLimits(depthMax: depthMax)) { reader throws(JSONError) in
      let isEntered = reader.enterObjects("{\"a\":{")
      guard isEntered else {
        try reader.skipValue()
        return (false, [])
      }
      var names: [String] = []
      for _ in 0..<2 {
        while let name = try reader.nextMember() {
          names.append(String(decoding: name.map { reader.bytes[$0] }, as: UTF8.self))
          try reader.skipValue()
        }
      }
      return (true, names)
    }
  }

  @Test func `two objects are entered at once if they stand there`() throws {
    for (text, names) in [
      ("{\"a\":{\"b\":1}}", ["b"]), ("{\"a\":{}}", []), ("{\"a\":{},\"c\":1}", ["c"]),
      ("{\"a\":{ \"b\" : 1 , \"d\":2} , \"c\":1} ", ["b", "d", "c"]),
    ] {
      let found = try entered(text)
      #expect(found.0 && found.1 == names, "\(text)")
    }
    for text in ["{\"a\": {}}", " {\"a\":{}}", "{\"b\":{}}", "{\"a\":1}", "{}", "1"] {
      #expect(try !entered(text).0, "\(text)")
    }
    for (text, offset) in [("{\"a\":{", 6), ("{\"a\":{}", 7), ("{\"a\":{,}}", 6)] {
      let error = #expect(throws: JSONError.self) { _ = try entered(text) }
      #expect(error?.offset == offset, "\(text)")
    }
    #expect(throws: JSONError(offset: 5, reason: .tooDeep(limit: 1))) {
      _ = try entered("{\"a\":{}}", depthMax: 1)
    }
  }

  @Test func `lists count as a level`() {
    #expect(throws: JSONError(offset: 0, reason: .tooDeep(limit: 0))) {
      try read("[1]", limits: JSONLimits(depthMax: 0)) { reader throws(JSONError) in
        var values: [Int64] = []
        try reader.readInt64List(into: &values, countMax: 6)
      }
    }
  }
}
