import HTTPCore
import Testing

/// Requests that two servers could end at different places. All of them are refused, and nothing
/// behind them is looked at: the connection closes (RFC 9112 sections 6.3, 11.2).
@Suite struct SmugglingTests {
  struct Row: Sendable, CustomTestStringConvertible {
    let name: String
    let bytes: String
    let refusal: String
    var testDescription: String { name }

    init(_ name: String, _ bytes: String, _ refusal: String) {
      self.name = name
      self.bytes = bytes
      self.refusal = refusal
    }
  }

  static let lengths: [Row] = [
    Row("a sign", post("Content-Length: +3"), "400 contentLengthInvalid"),
    Row("a minus", post("Content-Length: -3"), "400 contentLengthInvalid"),
    Row("hexadecimal", post("Content-Length: 0x3"), "400 contentLengthInvalid"),
    Row("a fraction", post("Content-Length: 3.0"), "400 contentLengthInvalid"),
    Row("a blank inside", post("Content-Length: 3 0"), "400 contentLengthInvalid"),
    Row("a list of equals", post("Content-Length: 3, 3"), "400 contentLengthInvalid"),
    Row("empty", post("Content-Length:"), "400 contentLengthInvalid"),
    Row("2^63", post("Content-Length: 9223372036854775808"), "400 contentLengthInvalid"),
    Row("2^64 + 3", post("Content-Length: 18446744073709551619"), "400 contentLengthInvalid"),
    Row("vertical tab", post("Content-Length: \u{B}3"), "400 headerValueInvalid(byte: 11)"),
    Row(
      "twice the same", post("Content-Length: 3\r\nContent-Length: 3"),
      "400 contentLengthRepeated"),
    Row(
      "twice, different", post("Content-Length: 3\r\ncontent-length: 0"),
      "400 contentLengthRepeated"),
    Row("a name with a blank", post("Content-Length : 3"), "400 headerNameInvalid(byte: 32)"),
    Row("a name with a tab", post("Content-Length\t: 3"), "400 headerNameInvalid(byte: 9)"),
  ]

  static let codings: [Row] = [
    Row(
      "length, then coding", post("Content-Length: 3\r\nTransfer-Encoding: chunked"),
      "400 lengthWithTransferEncoding"),
    Row(
      "coding, then length", post("Transfer-Encoding: chunked\r\nContent-Length: 3"),
      "400 lengthWithTransferEncoding"),
    Row(
      "unknown coding and length", post("Transfer-Encoding: x\r\nContent-Length: 3"),
      "400 lengthWithTransferEncoding"),
    Row("a prefix", post("Transfer-Encoding: xchunked"), "501 transferEncodingUnsupported"),
    Row("a suffix", post("Transfer-Encoding: chunkedx"), "501 transferEncodingUnsupported"),
    Row("quoted", post("Transfer-Encoding: \"chunked\""), "501 transferEncodingUnsupported"),
    Row("a parameter", post("Transfer-Encoding: chunked;q=1"), "501 transferEncodingUnsupported"),
    Row("identity", post("Transfer-Encoding: identity"), "501 transferEncodingUnsupported"),
    Row("gzip first", post("Transfer-Encoding: gzip, chunked"), "501 transferEncodingUnsupported"),
    Row(
      "chunked not last", post("Transfer-Encoding: chunked, gzip"), "400 transferEncodingInvalid"),
    Row(
      "chunked twice", post("Transfer-Encoding: chunked, chunked"), "400 transferEncodingInvalid"),
    Row(
      "chunked in two fields",
      post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
      "400 transferEncodingInvalid"),
    Row(
      "chunked, then identity",
      post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity"),
      "400 transferEncodingInvalid"),
    Row("empty", post("Transfer-Encoding:"), "400 transferEncodingInvalid"),
    Row("commas alone", post("Transfer-Encoding: ,,"), "400 transferEncodingInvalid"),
    Row("form feed", post("Transfer-Encoding: \u{C}chunked"), "400 headerValueInvalid(byte: 12)"),
    Row("folded", post("Transfer-Encoding:\r\n chunked"), "400 headerNameInvalid(byte: 32)"),
    Row("a blank in the name", post("Transfer-Encoding : x"), "400 headerNameInvalid(byte: 32)"),
    Row(
      "HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "400 transferEncodingOnOldVersion"),
    Row(
      "HTTP/1.0 with a length",
      "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
      "400 transferEncodingOnOldVersion"),
  ]

  static let chunks: [Row] = [
    Row("no size", chunked("\r\n"), "400 chunkSizeInvalid"),
    Row("0x", chunked("0x1\r\na\r\n"), "400 chunkSizeInvalid"),
    Row("a sign", chunked("+1\r\na\r\n"), "400 chunkSizeInvalid"),
    Row("a minus", chunked("-1\r\na\r\n"), "400 chunkSizeInvalid"),
    Row("a blank before", chunked(" 1\r\na\r\n"), "400 chunkSizeInvalid"),
    Row("an underscore", chunked("1_0\r\na\r\n"), "400 chunkSizeInvalid"),
    Row("2^64", chunked("10000000000000000\r\n"), "400 chunkSizeInvalid"),
    Row("2^63", chunked("8000000000000000\r\n"), "400 chunkSizeInvalid"),
    Row("seventeen digits", chunked("00000000000000001\r\n"), "400 chunkSizeInvalid"),
    Row("a blank behind", chunked("1 \r\na\r\n"), "400 chunkSizeInvalid"),
    Row("a line feed alone", chunked("1\na\r\n"), "400 chunkSizeInvalid"),
    Row("a CR alone", chunked("1\ra\r\n"), "400 lineFeedExpected"),
    Row(
      "a line feed in an extension", chunked("1;a\nb\r\n"),
      "400 chunkExtensionInvalid(byte: 10)"),
    Row("a CR in an extension", chunked("1;a\rb\r\n"), "400 lineFeedExpected"),
    Row("more data than said", chunked("1\r\nab\r\n"), "400 chunkEndInvalid"),
    Row("less data than said", chunked("5\r\nab\r\n0\r\n\r\n"), "400 chunkSizeInvalid"),
    Row("a line feed behind data", chunked("1\r\na\n0\r\n\r\n"), "400 chunkEndInvalid"),
    Row("a CR alone behind data", chunked("1\r\na\rx"), "400 chunkEndInvalid"),
    Row("a trailer without name", chunked("0\r\n: b\r\n"), "400 headerNameInvalid(byte: 58)"),
    Row("a trailer with a blank", chunked("0\r\nA : b\r\n"), "400 headerNameInvalid(byte: 32)"),
    Row("a folded trailer", chunked("0\r\nA: b\r\n c\r\n"), "400 headerNameInvalid(byte: 32)"),
    Row("NUL in a trailer", chunked("0\r\nA: \0\r\n"), "400 headerValueInvalid(byte: 0)"),
    Row("a trailer line feed", chunked("0\r\nA: b\n\r\n"), "400 headerValueInvalid(byte: 10)"),
    Row("an end with a line feed", chunked("0\r\n\n"), "400 headerNameInvalid(byte: 10)"),
    Row("an end with a CR", chunked("0\r\n\rx"), "400 lineFeedExpected"),
  ]

  static let smuggled = "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"

  @Test(arguments: lengths + codings + chunks)
  func `an ambiguous request is refused and nothing behind it is served`(_ row: Row) {
    let bytes = Array((row.bytes + Self.smuggled).utf8)
    let whole = conversation([bytes])
    #expect(whole.count == 1 && whole[0].hasPrefix(row.refusal), "\(whole)")
    for cut in 1..<bytes.count {
      let events = conversation([Array(bytes[..<cut]), Array(bytes[cut...])])
      #expect(events == whole, "cut at \(cut)")
    }
    #expect(conversation(bytes.map { [$0] }) == whole, "byte by byte")
  }
}
