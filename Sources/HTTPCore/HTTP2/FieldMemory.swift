import ByteCoding

/// The header section that a client sent last on a connection, and what came of it.
///
/// A client says nearly the same with each request. As long as its bytes are those of the section
/// before, and stand for the same fields, nothing is done with them.
struct FieldMemory: ~Copyable {
  private var block = ByteBuffer()
  /// ``FieldTable/version`` of the table that the bytes refer to.
  private var version = 0
  private var isKnown = false
  /// What came of it: see ``HTTP2Content``.
  private var head = RequestHead()
  private var text = ByteBuffer()
  private var headByteCount = 0
  private var summary = HTTP2Content.HeadSummary()

  /// Longer sections are not remembered.
  private static let byteCountMax = 2_048

  init() {}

  /// True if a section is the one that is remembered.
  func holds(_ section: Span<UInt8>, version: Int) -> Bool {
    isKnown && version == self.version && section.isEqual(to: block.bytes)
  }

  /// Makes of `content` what the section made of it that is remembered.
  func recall(into content: inout HTTP2Content) -> HTTP2Content.HeadSummary {
    content.copyHead(head, text, headByteCount)
    return summary
  }

  /// Remembers a section, whose fields are now in `content`, and which has left the table alone.
  mutating func keep(
    _ section: Span<UInt8>, version: Int, _ content: borrowing HTTP2Content,
    _ newSummary: HTTP2Content.HeadSummary
  ) {
    isKnown = section.count <= Self.byteCountMax && content.text.count <= Self.byteCountMax
    guard isKnown else { return }
    block.removeAll()
    block.append(section)
    self.version = version
    head.copy(content.head)
    text.removeAll()
    text.append(content.text.bytes)
    headByteCount = content.headByteCount
    summary = newSummary
  }
}
