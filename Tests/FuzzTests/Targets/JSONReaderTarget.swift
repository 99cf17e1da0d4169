import ByteCoding

/// A lookup request read by the pull parser, and the same bytes read as a tree: both find the same
/// lists, or both refuse.
let jsonReaderTarget = FuzzTarget(
  name: "json-reader",
  seeds: [
    #"{"features": {"C3": [17, 42], "C7": [[1, 2, 3], [], [9]]}, "pooling": "sum"}"#,
    #"{"features":{"a":[123456789,12345678,1234567,-1,0,99999999999,1234567890123456789]}}"#,
    #"{"weights":{"a":[0.5,1,-1e-3,3.4028234e38,1e-45,0.123456789012345678],"b":[]},"x":null}"#,
    #"{"f\u0065atures":{"":[[],[[]]]},"weights":{"a":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15]}}  "#,
  ].map { Array($0.utf8) }
) { bytes in
  let read = Result { () throws(JSONError) in try readLists(bytes) }
  let tree = Result { () throws(JSONError) in try JSONValue(parsing: bytes) }
  if let error = read.failure {
    try promise(0...bytes.count ~= error.offset, "the error lies outside the text: \(error)")
  }
  switch tree {
  case .success(let value):
    let expected = lists(of: value)
    switch (read, expected) {
    case (.success(let lists), let expected?):
      try promise(areEqual(lists, expected), "read \(lists), but the tree has \(expected)")
    case (.failure(let error), let expected?):
      let isAtLimit = expected.contains { $0.floats.contains { abs($0) > 3.4e38 } }
      try promise(isAtLimit, "refused although the tree has \(expected): \(error)")
    case (.success(let lists), nil):
      let isAtLimit = lists.contains { $0.floats.contains { abs($0) > 3.4e38 } }
      try promise(isAtLimit, "read \(lists), but the tree holds no such lists")
    case (.failure(let error), nil):
      try promise(!error.isSyntax, "no syntax error by the tree, but \(error)")
    }
  case .failure(let error):
    switch error.reason {
    case .duplicateMember, .numberOutOfRange: break
    default:
      let other = read.failure
      try promise(other != nil, "accepted, but the tree refuses: \(error)")
      // Either stops at its first error; a wrong type may stand in front of bad syntax.
      if other?.isSyntax == true { try promise(other == error, "\(other!) is not \(error)") }
    }
  }
}

private struct NumberList: Equatable {
  var name: String
  var integers: [Int64] = []
  var floats: [Float] = []
}

private func readLists(_ bytes: [UInt8]) throws(JSONError) -> [NumberList] {
  var reader = JSONReader(bytes.span)
  var lists: [NumberList] = []
  try reader.beginObject()
  while let member = try reader.nextMember() {
    if reader.name(member, equals: "features") {
      try reader.beginObject()
      while let name = try reader.nextMember() {
        var list = NumberList(name: reader.text(of: name))
        try readIntegers(&reader, into: &list.integers)
        lists.append(list)
      }
    } else if reader.name(member, equals: "weights") {
      try reader.beginObject()
      while let name = try reader.nextMember() {
        var list = NumberList(name: reader.text(of: name))
        try reader.readFloatList(into: &list.floats, countMax: .max / 2)
        lists.append(list)
      }
    } else {
      try reader.skipValue()
    }
  }
  try reader.endOfInput()
  return lists
}

/// A list of integers, or of such lists, which a -1 closes.
private func readIntegers(
  _ reader: inout JSONReader, into integers: inout [Int64]
) throws(JSONError) {
  var ahead = reader
  try ahead.beginArray()
  guard try ahead.nextElement(), try ahead.peekKind() == .array else {
    return try reader.readInt64List(into: &integers, countMax: .max / 2)
  }
  try reader.beginArray()
  while try reader.nextElement() {
    try reader.readInt64List(into: &integers, countMax: .max / 2)
    integers.append(-1)
  }
}

private func lists(of value: JSONValue) -> [NumberList]? {
  guard let object = value.asObject else { return nil }
  var lists: [NumberList] = []
  for member in object.members where member.name == "features" || member.name == "weights" {
    guard let features = member.value.asObject else { return nil }
    for feature in features.members {
      guard let elements = feature.value.asArray else { return nil }
      var list = NumberList(name: feature.name)
      if member.name == "weights" {
        let floats = elements.compactMap(\.asDouble).map { Float($0) }.filter(\.isFinite)
        guard floats.count == elements.count else { return nil }
        list.floats = floats
      } else if elements.first?.kind == .array {
        for element in elements {
          guard let integers = integers(of: element) else { return nil }
          list.integers += integers + [-1]
        }
      } else {
        guard let integers = integers(of: feature.value) else { return nil }
        list.integers = integers
      }
      lists.append(list)
    }
  }
  return lists
}

private func integers(of value: JSONValue) -> [Int64]? {
  guard let elements = value.asArray else { return nil }
  let integers = elements.compactMap { element -> Int64? in
    if case .integer(let integer) = element { integer } else { nil }
  }
  return integers.count == elements.count ? integers : nil
}

/// The tree's floats were rounded twice, to float64 first: one step of difference is its own.
private func areEqual(_ left: [NumberList], _ right: [NumberList]) -> Bool {
  left.count == right.count
    && zip(left, right).allSatisfy { left, right in
      left.name == right.name && left.integers == right.integers
        && left.floats.count == right.floats.count
        && zip(left.floats, right.floats).allSatisfy {
          $0 == $1 || $0.nextUp == $1 || $0.nextDown == $1
        }
    }
}
