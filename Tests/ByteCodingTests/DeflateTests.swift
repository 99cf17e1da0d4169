import ByteCoding
import TestSupport
import Testing

@Suite struct DeflateTests {
  static func content(_ count: Int, seed: UInt64) -> [UInt8] {
    var generator = SeededGenerator(seed: seed)
    // Letters of a small alphabet, so that there is something to compress.
    return (0..<count).map { _ in UInt8.random(in: 97...104, using: &generator) }
  }

  static func deflated(_ content: [UInt8], _ container: DeflateContainer) -> [UInt8] {
    var buffer = ByteBuffer()
    buffer.append("head")
    deflate(content.span, container: container, into: &buffer)
    return (4..<buffer.count).map { buffer.bytes[$0] }
  }

  static func inflated(
    _ bytes: [UInt8], _ container: DeflateContainer, limit: Int = 1 << 24
  ) throws(InflateError) -> [UInt8] {
    var buffer = ByteBuffer()
    try inflate(bytes.span, container: container, byteCountMax: limit, into: &buffer)
    return (0..<buffer.count).map { buffer.bytes[$0] }
  }

  @Test(arguments: DeflateContainer.allCases)
  func `what is deflated is inflated again`(container: DeflateContainer) throws {
    for count in [0, 1, 2, 100, 65_535, 65_536, 65_537, 300_000] {
      let content = Self.content(count, seed: UInt64(count))
      let bytes = Self.deflated(content, container)
      #expect(try Self.inflated(bytes, container) == content)
      #expect(try Self.inflated(bytes, container, limit: count) == content)
      var exact = [UInt8](repeating: 0, count: count)
      var span = exact.mutableSpan
      try inflate(bytes.span, container: container, into: &span)
      #expect(exact == content)
    }
  }

  @Test(arguments: DeflateContainer.allCases)
  func `more or less than was promised is refused`(container: DeflateContainer) throws {
    let content = Self.content(1000, seed: 1)
    let bytes = Self.deflated(content, container)
    #expect(throws: InflateError.tooLarge(limit: 999)) {
      _ = try Self.inflated(bytes, container, limit: 999)
    }
    #expect(throws: InflateError.tooLarge(limit: 0)) {
      _ = try Self.inflated(bytes, container, limit: 0)
    }
    for (count, error) in [(999, InflateError.tooLarge(limit: 999)), (1001, .truncated)] {
      var target = [UInt8](repeating: 0, count: count)
      #expect(throws: error) {
        var span = target.mutableSpan
        try inflate(bytes.span, container: container, into: &span)
      }
    }
  }

  @Test(arguments: DeflateContainer.allCases)
  func `every prefix is refused`(container: DeflateContainer) {
    let bytes = Self.deflated(Self.content(300, seed: 2), container)
    for count in bytes.indices {
      #expect(throws: InflateError.self, "\(count) bytes") {
        _ = try Self.inflated(Array(bytes[..<count]), container)
      }
    }
  }

  @Test(arguments: DeflateContainer.allCases)
  func `bytes behind the content are refused`(container: DeflateContainer) {
    let bytes = Self.deflated(Self.content(300, seed: 3), container)
    #expect(throws: InflateError.trailingBytes(count: 2)) {
      _ = try Self.inflated(bytes + [1, 2], container)
    }
  }

  @Test func `gzip members in a row are one content`() throws {
    let parts = (0..<3).map { Self.content(1000 * $0, seed: UInt64($0)) }
    let bytes = parts.flatMap { Self.deflated($0, .gzip) }
    #expect(try Self.inflated(bytes, .gzip) == parts.flatMap { $0 })
  }

  @Test func `bare deflate is read where zlib's wrapping is expected`() throws {
    let content = Self.content(5000, seed: 4)
    #expect(try Self.inflated(Self.deflated(content, .raw), .zlib) == content)
  }

  @Test func `a bomb stops at the limit`() throws {
    let zeros = [UInt8](repeating: 0, count: 20 << 20)
    let bytes = Self.deflated(zeros, .gzip)
    #expect(bytes.count < 100_000)
    var buffer = ByteBuffer()
    #expect(throws: InflateError.tooLarge(limit: 1 << 20)) {
      try inflate(bytes.span, container: .gzip, byteCountMax: 1 << 20, into: &buffer)
    }
    #expect(buffer.capacity <= 4 << 20)
  }

  @Test func `a bomb that says how long it is stops when it looks like one`() {
    let bytes = Self.deflated([UInt8](repeating: 0, count: 20 << 20), .gzip)
    var buffer = ByteBuffer()
    #expect(throws: InflateError.tooLarge(limit: 16 << 20)) {
      try inflate(bytes.span, container: .gzip, byteCountMax: 16 << 20, into: &buffer)
    }
    #expect(buffer.count <= 2 << 20 && buffer.capacity <= 4 << 20)
    // One that was cut is damaged, whatever its last bytes would claim.
    for cut in [1, 4, 8, 9, 1_000] {
      for content in [Self.content(2 << 20, seed: 6), [UInt8](repeating: 0, count: 900_000)] {
        let part = Array(Self.deflated(content, .gzip).dropLast(cut))
        #expect(throws: InflateError.truncated) { _ = try Self.inflated(part, .gzip) }
      }
    }
  }

  @Test(arguments: DeflateContainer.allCases)
  func `pieces are the same as the whole`(container: DeflateContainer) throws {
    let content = Self.content(300_000, seed: 7)
    var deflater = Deflater(container: container)
    var buffer = ByteBuffer()
    var pieceCount = 0
    while !deflater.isFinished {
      deflater.deflate(content.span, into: &buffer)
      pieceCount += 1
    }
    #expect(pieceCount >= 5)
    #expect((0..<buffer.count).map { buffer.bytes[$0] } == Self.deflated(content, container))
  }

  @Test(arguments: DeflateContainer.allCases)
  func `changed bytes never crash`(container: DeflateContainer) {
    var generator = SeededGenerator(seed: 5)
    let bytes = Self.deflated(Self.content(2000, seed: 5), container)
    for _ in 0..<2000 {
      var changed = bytes
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        changed[Int.random(in: changed.indices, using: &generator)] =
          .random(in: 0...255, using: &generator)
      }
      _ = try? Self.inflated(changed, container, limit: 10_000)
    }
  }
}
