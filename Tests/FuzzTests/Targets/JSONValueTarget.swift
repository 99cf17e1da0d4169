import ByteCoding

/// Any bytes are parsed as JSON or refused inside the text; what was parsed is written and parsed
/// to the same value again, and the pull parser agrees that it is JSON.
let jsonValueTarget = FuzzTarget(
  name: "json-value",
  seeds: [
    #"{"features": {"C3": [17, 42], "C7": [[1, 2, 3], [], [9]]}, "pooling": "sum"}"#,
    #"{"a":-0.0,"b":1e-7,"c":18446744073709551615,"d":-9223372036854775808,"e":1.5E+300}"#,
    #"["é","\u00e9","\ud83d\ude00","\\\"\/\b\f\n\r\t",true,false,null,{},[[[[]]]]]"#,
    #"{"__metadata__":{"format":"pt"},"x":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}"#,
  ].map { Array($0.utf8) }
) { bytes in
  let skipError = Result { () throws(JSONError) in try skipText(bytes) }.failure
  switch Result(catching: { () throws(JSONError) in try JSONValue(parsing: bytes) }) {
  case .success(let value):
    try promise(skipError == nil, "skipValue refuses what the tree accepts")
    for indentation in [nil, 0, 3] {
      let again = try? JSONValue(parsing: value.serialized(indentation: indentation))
      try promise(again == value, "written with indentation \(indentation as Any), it differs")
    }
  case .failure(let error):
    try promise(0...bytes.count ~= error.offset, "the error lies outside the text: \(error)")
    switch error.reason {
    case .duplicateMember, .numberOutOfRange: break
    default: try promise(skipError == error, "skipValue: \(skipError as Any), tree: \(error)")
    }
  }
}

private func skipText(_ bytes: [UInt8]) throws(JSONError) {
  var reader = JSONReader(bytes.span)
  try reader.skipValue()
  try reader.endOfInput()
}

extension Result {
  var failure: Failure? {
    if case .failure(let error) = self { error } else { nil }
  }
}
