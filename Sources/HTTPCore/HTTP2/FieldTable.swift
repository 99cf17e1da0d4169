import ByteCoding

/// The fields that a client refers to by a number: the static ones, and behind them those that it
/// has said before, the latest first (RFC 7541 section 2.3).
struct FieldTable: ~Copyable {
  /// A field in ``bytes``: the name, and behind it the value.
  private struct Entry {
    /// Counted from the beginning of the connection.
    let start: Int
    let nameByteCount: Int
    let byteCount: Int

    /// Section 4.1.
    var size: Int { byteCount + 32 }
  }

  private var bytes = ByteBuffer()
  /// Bytes that ``bytes`` no longer has.
  private var droppedByteCount = 0
  /// The oldest first; those before `first` are gone.
  private var entries: [Entry] = []
  private var first = 0
  private var size = 0
  private var sizeMax = HeaderTable.byteCount
  /// Another one whenever a number may stand for another field.
  private(set) var version = 0

  private static let spareByteCountMax = 8_192
  private static let spareEntryCountMax = 256

  init() {}

  /// Appends a name, and the value unless it `isName`. Returns the name's byte count; nil if no
  /// field has that number.
  func copy(_ index: Int, isName: Bool, to text: inout ByteBuffer) -> Int? {
    if index > StaticFields.count { return copyEntry(index - StaticFields.count, isName, &text) }
    guard index > 0 else { return nil }
    let field = StaticFields.all[index - 1]
    text.append(field.name)
    if !isName { text.append(field.value) }
    return field.name.utf8CodeUnitCount
  }

  private func copyEntry(_ number: Int, _ isName: Bool, _ text: inout ByteBuffer) -> Int? {
    guard number <= entries.count - first else { return nil }
    let entry = entries[entries.count - number]
    let start = entry.start - droppedByteCount
    let byteCount = isName ? entry.nameByteCount : entry.byteCount
    text.append(bytes.bytes.extracting(start..<start + byteCount))
    return entry.nameByteCount
  }

  /// Takes a field, whose name is the first bytes of `text`; older ones make room (section 4.4).
  mutating func insert(_ text: Span<UInt8>, nameByteCount: Int) {
    version += 1
    let entry = Entry(
      start: droppedByteCount + bytes.count, nameByteCount: nameByteCount, byteCount: text.count)
    guard entry.size <= sizeMax else { return evict(downTo: 0) }
    evict(downTo: sizeMax - entry.size)
    bytes.append(text)
    entries.append(entry)
    size += entry.size
  }

  /// The client has another size for the table (section 4.3). False if it is beyond the limit.
  mutating func resize(to newSize: Int) -> Bool {
    guard newSize <= HeaderTable.byteCount else { return false }
    version += 1
    sizeMax = newSize
    evict(downTo: newSize)
    return true
  }

  private mutating func evict(downTo newSize: Int) {
    while size > newSize {
      let entry = entries[first]
      first += 1
      size -= entry.size
      bytes.removeFirst(entry.byteCount)
      droppedByteCount += entry.byteCount
    }
    if bytes.headRoom > Self.spareByteCountMax { bytes.compact() }
    guard first > Self.spareEntryCountMax else { return }
    entries.removeFirst(first)
    first = 0
  }
}
