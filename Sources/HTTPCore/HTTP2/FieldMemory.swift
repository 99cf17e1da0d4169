import ByteCoding

/// The header section that a client sent last on a connection, and what came of it.
///
/// A client says nearly the same with each request. As long as its fields are those of the section
/// before, nothing is done with them; if that holds to the end, so does what was made of them then.
/// From the first that differs on, fields are received as if there were no memory.
struct FieldMemory: ~Copyable {
  /// A field in ``bytes``: the name, and behind it the value.
  private struct Entry {
    let start: Int
    let nameByteCount: Int
    let end: Int
  }

  private var bytes = ByteBuffer()
  private var entries: [Entry] = []
  /// What came of the fields: see ``HTTP2Content``.
  private var head = RequestHead()
  private var text = ByteBuffer()
  private var headByteCount = 0
  private var expectsContinue = false
  /// True if ``entries`` are all of a section, and what came of it is known.
  private var isKnown = false
  /// True while the section that is being read is the same so far, and how many fields that are.
  private var isFollowing = false
  private var matchCount = 0

  /// Longer sections are not remembered.
  private static let byteCountMax = 2_048

  init() {}

  /// A header section begins.
  mutating func begin() {
    matchCount = 0
    isFollowing = isKnown
    if !isKnown { forget(from: 0) }
  }

  /// Takes over one field: into `content`, if it or one before it is new.
  // Inlined, all of the memory would be copied out of its session and back.
  @inline(never)
  mutating func receive(
    _ name: Span<UInt8>, _ value: Span<UInt8>, _ limits: HTTPLimits,
    into content: inout HTTP2Content
  ) {
    if isFollowing {
      if matchCount < entries.count, Self.isSame(bytes.bytes, entries[matchCount], name, value) {
        matchCount += 1
        return
      }
      stopFollowing(limits, &content)
    }
    content.receiveField(name, value, limits)
    guard bytes.count + name.count + value.count <= Self.byteCountMax else {
      matchCount = .max  // Too long: ``finish(_:_:)`` sees it.
      return
    }
    let start = bytes.count
    bytes.append(name)
    bytes.append(value)
    entries.append(Entry(start: start, nameByteCount: name.count, end: bytes.count))
  }

  /// The section is complete: settles `content`'s head.
  mutating func finish(
    _ content: inout HTTP2Content, _ limits: HTTPLimits
  ) -> HTTP2Content.HeadSummary {
    if isFollowing {
      if matchCount == entries.count {
        content.copyHead(head, text, headByteCount, expectsContinue: expectsContinue)
        return HTTP2Content.HeadSummary(
          isHead: head.method == .head, hasDefect: false, expectsContinue: expectsContinue)
      }
      stopFollowing(limits, &content)
    }
    let summary = content.finishHead(limits)
    isKnown = !summary.hasDefect && matchCount != .max
    guard isKnown else { return summary }
    head.copy(content.head)
    text.removeAll()
    text.append(content.text.bytes)
    headByteCount = content.headByteCount
    expectsContinue = content.expectsContinue
    return summary
  }

  // Of no instance: to lend one, all of it would be copied.
  private static func isSame(
    _ bytes: Span<UInt8>, _ entry: Entry, _ name: Span<UInt8>, _ value: Span<UInt8>
  ) -> Bool {
    guard name.count == entry.nameByteCount,
      value.count == entry.end &- entry.start &- entry.nameByteCount
    else { return false }
    let valueStart = entry.start &+ name.count
    return bytes.extracting(valueStart..<entry.end).isEqual(to: value)
      && bytes.extracting(entry.start..<valueStart).isEqual(to: name)
  }

  /// Receives the fields that were the same, and forgets the others.
  private mutating func stopFollowing(_ limits: HTTPLimits, _ content: inout HTTP2Content) {
    isFollowing = false
    isKnown = false
    for position in 0..<matchCount {
      let entry = entries[position]
      let known = bytes.bytes.extracting(entry.start..<entry.end)
      content.receiveField(
        known.extracting(first: entry.nameByteCount),
        known.extracting(droppingFirst: entry.nameByteCount), limits)
    }
    forget(from: matchCount)
    matchCount = 0
  }

  private mutating func forget(from position: Int) {
    guard position < entries.count else { return }
    bytes.truncate(to: entries[position].start)
    entries.removeLast(entries.count - position)
  }
}
