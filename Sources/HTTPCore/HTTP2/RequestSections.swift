import ByteCoding

/// The header and trailer sections of a connection's requests, from their bytes to what they say.
/// All of them must be read, in their order: each may change what those behind it stand for.
struct RequestSections: ~Copyable {
  private var reader = FieldSectionReader()
  private var memory = FieldMemory()
  /// Fields that nobody wants.
  private var waste = ByteBuffer()

  /// What came of a section.
  enum Outcome {
    case read(HTTP2Content.HeadSummary)
    /// It is no request's (RFC 9113 section 8.1.1).
    case malformed
    /// It is in no code that could be read: nothing behind it can be either.
    case unreadable
  }

  init() {}

  /// Reads the header section of a request.
  // Inlined, all of it would be copied out of its session and back.
  @inline(never)
  mutating func readHead(
    _ block: Span<UInt8>, _ limits: HTTPLimits, into content: inout HTTP2Content
  ) -> Outcome {
    let version = reader.table.version
    if memory.holds(block, version: version) { return .read(memory.recall(into: &content)) }
    var rules = FieldRules()
    var isMalformed = false
    var offset = 0
    var isFirst = true
    while offset < block.count {
      let start = content.text.count
      switch reader.next(block, &offset, isFirst: isFirst, into: &content.text) {
      case .size: continue
      case .broken: return .unreadable
      case .field(let nameByteCount):
        isFirst = false
        let name = start..<start + nameByteCount
        if isMalformed {
          content.text.truncate(to: start)
        } else {
          isMalformed = !content.receiveField(name, &rules, limits)
        }
      }
    }
    guard !isMalformed, content.defect != nil || rules.isRequest else { return .malformed }
    let summary = content.finishHead(limits, declaredByteCount: rules.declaredByteCount)
    if version == reader.table.version, !summary.hasDefect {
      memory.keep(block, version: version, content, summary)
    }
    return .read(summary)
  }

  /// Reads the trailer section of a request: what it says does not matter here.
  @inline(never)
  mutating func readTrailers(
    _ block: Span<UInt8>, _ limits: HTTPLimits, into content: inout HTTP2Content
  ) -> Outcome {
    var isMalformed = false
    let isReadable = forEachField(of: block) { text, name, value in
      isMalformed = isMalformed || !FieldRules.admitsTrailer(text, name, value)
      content.countTrailer(text.count, limits)
    }
    if !isReadable { return .unreadable }
    return isMalformed ? .malformed : .read(HTTP2Content.HeadSummary())
  }

  /// Reads a section that belongs to no request, for what it means to those behind it. False if it
  /// is unreadable.
  mutating func skip(_ block: Span<UInt8>) -> Bool { forEachField(of: block) { _, _, _ in } }

  private mutating func forEachField(
    of block: Span<UInt8>, _ body: (Span<UInt8>, _ name: Range<Int>, _ value: Range<Int>) -> Void
  ) -> Bool {
    var offset = 0
    var isFirst = true
    while offset < block.count {
      waste.removeAll()
      switch reader.next(block, &offset, isFirst: isFirst, into: &waste) {
      case .size: continue
      case .broken: return false
      case .field(let nameByteCount):
        isFirst = false
        body(waste.bytes, 0..<nameByteCount, nameByteCount..<waste.count)
      }
    }
    return true
  }
}
