import Foundation
import TestSupport
import Testing

@testable import ByteCoding

@Suite struct Base64Tests {
  private func encoded(_ bytes: [UInt8], isVectorized: Bool) -> [UInt8] {
    // SAFETY: the span lives as long as the buffer, which the closure borrows.
    unsafe withGuardedBuffer(bytes) { source in
      var text = ByteBuffer()
      let span = unsafe Span(_unsafeElements: UnsafeBufferPointer(source))
      appendBase64(span, to: &text, isVectorized: isVectorized)
      return [UInt8](text.bytes)
    }
  }

  private func decoded(_ text: [UInt8]) -> [UInt8]? {
    // SAFETY: as above.
    unsafe withGuardedBuffer(text) { source in
      var bytes = ByteBuffer()
      bytes.append(7)
      let span = unsafe Span(_unsafeElements: UnsafeBufferPointer(source))
      guard decodeBase64(span, to: &bytes) else { return bytes.count == 1 ? nil : [] }
      return Array([UInt8](bytes.bytes).dropFirst())
    }
  }

  @Test func `every length is encoded as Foundation does and decoded again`() {
    var generator = SeededGenerator(seed: 31)
    for count in 0...300 {
      let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
      let expected = Array(Data(bytes).base64EncodedData())
      #expect(base64Count(of: count) == expected.count)
      for isVectorized in Set([false, hasVectorEncoder]) {
        #expect(encoded(bytes, isVectorized: isVectorized) == expected, "\(count) bytes")
      }
      #expect(decoded(expected) == bytes)
    }
  }

  @Test(arguments: [
    "A", "AA", "AAA", "AAAAA", "AA=A", "A===", "====", "=AAA", "AB==", "AAB=", "AA==AAAA", "AA A",
    "AAA\n", "AA-_", "AAAA\n", "AAAAA===", "AA\u{80}=",
  ])
  func `what is not exactly base64 is refused and leaves nothing`(_ text: String) {
    #expect(decoded(Array(text.utf8)) == nil)
  }

  @Test func `every single byte in every place is a character or refused`() {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    for place in 0..<4 {
      for byte in UInt8(0)...255 {
        var text = Array("AAAABBBBCCCC".utf8)
        text[4 + place] = byte
        #expect((decoded(text) != nil) == alphabet.contains(byte), "\(byte) at \(place)")
      }
    }
  }
}

@Suite struct IntegerTextTests {
  @Test func `integers of every size are written as Swift writes them`() {
    var generator = SeededGenerator(seed: 32)
    var values: [Int64] = [0, .min, .max]
    var power: Int64 = 1
    for _ in 0..<19 {
      values += [power - 1, power, power + 1, 1 - power, -power, -power - 1]
      values.append(Int64.random(in: 0...power, using: &generator))
      power = power.multipliedReportingOverflow(by: 10).partialValue
    }
    for value in values {
      var text = ByteBuffer()
      appendInteger(value, to: &text)
      #expect(String(decoding: [UInt8](text.bytes), as: UTF8.self) == String(value))
    }
  }
}
