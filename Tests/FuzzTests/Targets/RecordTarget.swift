import ByteCoding
import Training

/// Lines of Criteo-format text: every line is a record or a bad line, and a record is what a slow
/// splitter finds in its line.
let recordTarget = FuzzTarget(
  name: "records",
  seeds: [
    Array("1\t-3\t2.5\tab\tff\t7\n0\t\t\t\t\t\n0\t007\t1e3\tlonger than eight\t0A\t0\r\n".utf8),
    Array("0\t1\t2\t68fd1e64\t80e26c9b\t2147483646\n1\t2\n\n".utf8),
    Array("1\t999999999\t-0.5\t\u{FC}\u{FC}\tffffffffff\t12\n2\t1\t1\ta\t1\t1\n".utf8),
  ]
) { bytes in
  let text = bytes + [0x0A]
  let block = RecordParser(recordLayout).parse(text.span)
  let lines = text.dropLast().split(separator: 0x0A, omittingEmptySubsequences: false)
  try promise(block.lineCount == lines.count, "\(lines.count) lines became \(block.lineCount)")
  try promise(
    block.count + block.badLineCount == lines.count, "a line is neither a record nor bad")
  for bad in block.badLines { try promise(!bad.reason.isEmpty, "a bad line has no reason") }
  for record in 0..<block.count {
    let number = block.lineNumber(record)
    try promise(lines.indices.contains(number - 1), "record \(record) is of line \(number)")
    var line = lines[number - 1]
    if line.last == 0x0D { line = line.dropLast() }
    try check(block, record, line.split(separator: 0x09, omittingEmptySubsequences: false))
  }
}

private let recordRange = 1000
private let recordLayout = RecordLayout(
  denseNames: ["I1", "I2"], categoricalNames: ["C1", "C2", "C3"],
  codings: [.key, .hash(radix: 16, range: recordRange), .index])

private func check(
  _ block: RecordBlock, _ record: Int, _ fields: [ArraySlice<UInt8>]
) throws(FuzzFinding) {
  try promise(fields.count == recordLayout.fieldCount, "a record of \(fields.count) fields")
  let words = fields.map { String(decoding: $0, as: UTF8.self) }
  try promise(words[0] == "\(Int(block.labels[record]))", "label \(words[0])")
  for column in 0..<2 {
    let value = block.dense[record * 2 + column]
    let expected = words[1 + column].isEmpty ? Float.nan : Float(words[1 + column])
    let isSame = value.isNaN ? expected?.isNaN == true : expected == value
    try promise(isSame, "dense value \(words[1 + column]) became \(value)")
  }
  let values = (0..<3).map { block.column($0)[record] }
  try promise((values[0] == 0) == fields[3].isEmpty, "key \(words[3]) is missing or not")
  // Digits one by one, whatever their number.
  let hashed = fields[4].reduce(0) { sum, digit in
    (sum * 16 + (Character(Unicode.Scalar(digit)).hexDigitValue ?? 0)) % recordRange
  }
  try promise(
    values[1] == (fields[4].isEmpty ? RecordKey.missing : UInt64(hashed)),
    "hash \(words[4]) became \(values[1])")
  try promise(
    values[2] == (fields[5].isEmpty ? RecordKey.missing : UInt64(words[5])),
    "index \(words[5]) became \(values[2])")
}
