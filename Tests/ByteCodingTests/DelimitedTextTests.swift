import TestSupport
import Testing

@testable import ByteCoding

@Suite struct DelimitedTextTests {
  /// The definition once more, by Swift's own means.
  private func expected(_ text: [UInt8]) -> (ends: [UInt32], lineEnds: [UInt32]) {
    let ends = text.indices.filter { text[$0] == 9 || text[$0] == 10 }
    let lineEnds = ends.indices.filter { text[ends[$0]] == 10 }.map { UInt32($0 + 1) }
    return (ends.map { UInt32($0) }, lineEnds)
  }

  private func check(_ text: [UInt8]) {
    let (ends, lineEnds) = expected(text)
    for isPortable in [false, true] {
      let fields = FieldEnds(splitting: text.span, isPortable: isPortable)
      #expect(fields.ends == ends, "\(text)")
      #expect(fields.lineEnds == lineEnds, "\(text)")
    }
  }

  @Test func `every text of up to six bytes is split where it should be`() {
    let alphabet: [UInt8] = [9, 10, 65]
    var texts: [[UInt8]] = [[]]
    for _ in 0..<6 {
      texts += texts.flatMap { text in alphabet.map { text + [$0] } }.filter { $0.count < 7 }
      texts = Array(Set(texts))
    }
    for text in texts { check(text) }
  }

  @Test func `texts around the width of a vector are split up to their last byte`() {
    var generator = SeededGenerator(seed: 11)
    for count in 0...260 {
      let alphabet: [UInt8] = [9, 10, 11, 8, 0x89, 0x8A, 65]
      let text = (0..<count).map { _ in alphabet.randomElement(using: &generator)! }
      unsafe withGuardedBuffer(text) { buffer in
        let fields = FieldEnds(splitting: unsafe Span(_unsafeElements: buffer))
        #expect(fields.ends == expected(text).ends, "\(count) bytes")
        #expect(fields.lineEnds == expected(text).lineEnds, "\(count) bytes")
      }
    }
  }

  @Test func `texts of up to eight bytes have numbers of their own`() {
    var seen: [UInt64: [UInt8]] = [:]
    var generator = SeededGenerator(seed: 3)
    for count in 0...10 {
      for _ in 0..<200 {
        let text = (0..<count).map { _ in UInt8.random(in: 0...3, using: &generator) }
        for padding in [0, 1, 20] {
          let bytes = [7] + text + [UInt8](repeating: 0xFF, count: padding)
          let packed = PackedText.pack(bytes.span, from: 1, to: 1 + count)
          #expect((packed == nil) == (count > 8 || text.contains(0)), "\(text)")
          guard let packed else { continue }
          #expect(seen[packed] == nil || seen[packed] == text)
          seen[packed] = text
          var back: [UInt8] = []
          PackedText.append(packed, to: &back)
          #expect(back == text)
          #expect(PackedText.byteCount(packed) == count)
        }
      }
    }
  }

  @Test func `the first byte is the lowest`() {
    #expect(PackedText.pack(Array("ab".utf8).span, from: 0, to: 2) == 0x6261)
    #expect(PackedText.pack(Array("ab".utf8).span, from: 1, to: 1) == 0)
  }
}

@Suite struct GzipInflaterTests {
  private func gzip(_ content: [UInt8]) -> [UInt8] {
    var target = ByteBuffer()
    deflate(content.span, container: .gzip, into: &target)
    return [UInt8](target.bytes)
  }

  private func inflate(_ bytes: [UInt8], piece: Int, room: Int) throws -> (text: [UInt8], Bool) {
    var inflater = GzipInflater()
    var text: [UInt8] = []
    var pending: [UInt8] = []
    var next = 0
    while next < bytes.count || !pending.isEmpty {
      if pending.isEmpty {
        pending = Array(bytes[next..<min(next + piece, bytes.count)])
        next += pending.count
      }
      let before = text.count
      let used = try inflater.inflate(pending.span, into: &text, atMost: room)
      #expect(text.count - before <= room)
      if used == 0, text.count == before { break }
      pending.removeFirst(used)
    }
    while true {
      let before = text.count
      _ = try inflater.inflate([UInt8]().span, into: &text, atMost: room)
      if text.count == before { break }
    }
    return (text, inflater.isComplete)
  }

  @Test(arguments: [1, 2, 7, 1000], [1, 3, 64, 5000])
  func `pieces of any size give the content, of several members too`(
    piece: Int, room: Int
  ) throws {
    let first = (0..<3000).map { UInt8($0 * 7 % 251) }
    let second = Array("the second member".utf8)
    let (text, isComplete) = try inflate(
      gzip(first) + gzip(second) + gzip([]), piece: piece, room: room)
    #expect(text == first + second)
    #expect(isComplete)
  }

  @Test func `a stream that is cut anywhere is not complete`() throws {
    let whole = gzip(Array("some text that is longer than its header".utf8))
    for count in 1..<whole.count {
      let (_, isComplete) = try inflate(Array(whole[..<count]), piece: 5, room: 100)
      #expect(!isComplete, "\(count) bytes")
    }
  }

  @Test func `changed bytes are refused`() throws {
    let whole = gzip(Array("some text that is longer than its header".utf8))
    for position in 10..<whole.count {
      var changed = whole
      changed[position] ^= 0x10
      let outcome = try? inflate(changed, piece: 100, room: 1000)
      #expect(outcome == nil || !outcome!.1, "byte \(position)")
    }
    #expect(throws: InflateError.self) { try inflate(whole + [1, 2, 3], piece: 99, room: 99) }
  }
}
