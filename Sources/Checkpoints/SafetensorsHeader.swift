/// The directory at the start of a safetensors file: which tensor lies where.
///
///     | u64 N, little-endian | N bytes of JSON | data, without holes |
///
/// Format: github.com/huggingface/safetensors, README "Format". Names, shapes and metadata lie in
/// flat arrays, so that a header that is parsed again and again allocates nothing once it is warm.
package struct SafetensorsHeader: Sendable {
  package struct Entry: Equatable, Sendable {
    package let elementType: ElementType
    /// Where the elements lie, in bytes from ``SafetensorsHeader/dataOffset``.
    package let byteRange: Range<Int>
    let nameRange: Range<Int>
    let shapeRange: Range<Int>
  }

  /// In the order of the data, which need not be that of the JSON.
  package internal(set) var entries: [Entry] = []
  /// Where the data starts, in bytes from the start of the file: 8 + N.
  package internal(set) var dataOffset = 0
  /// UTF-8 of all names, metadata included.
  var text: [UInt8] = []
  var dimensions: [Int] = []
  var metadataRanges: [(name: Range<Int>, value: Range<Int>)] = []
  var names = NameTable()

  /// A header of no tensors, to be filled by ``parse(_:limits:)``.
  package init() {}

  /// Parses and checks the header of a whole file's bytes.
  package init(
    parsing bytes: Span<UInt8>, limits: SafetensorsLimits = .init()
  ) throws(CheckpointError) {
    try parse(bytes, limits: limits)
  }

  /// The name as UTF-8.
  @_lifetime(borrow self)
  package func nameBytes(of entry: Entry) -> Span<UInt8> {
    text.span.extracting(entry.nameRange)
  }

  package func name(of entry: Entry) -> String {
    String(decoding: text[entry.nameRange], as: UTF8.self)
  }

  /// The sizes; empty for a scalar.
  @_lifetime(borrow self)
  package func shape(of entry: Entry) -> Span<Int> {
    dimensions.span.extracting(entry.shapeRange)
  }

  /// The sizes; empty for a scalar.
  package func shapeArray(of entry: Entry) -> [Int] { Array(dimensions[entry.shapeRange]) }

  /// The entry with this name, given as UTF-8. Allocates nothing.
  package func entry(named name: Span<UInt8>) -> Entry? {
    names.find(name, in: text) { entries[$0].nameRange }.map { entries[$0] }
  }

  /// `__metadata__`.
  package var metadata: [String: String] {
    var result: [String: String] = [:]
    result.reserveCapacity(metadataRanges.count)
    for (name, value) in metadataRanges {
      result[String(decoding: text[name], as: UTF8.self)] =
        String(decoding: text[value], as: UTF8.self)
    }
    return result
  }

  /// Number of members of `__metadata__`.
  package var metadataCount: Int { metadataRanges.count }

  /// The value of the metadata member `name`, as UTF-8; empty if there is none.
  @_lifetime(borrow self)
  package func metadataValue(_ name: StaticString) -> Span<UInt8> {
    for (nameRange, value) in metadataRanges where "\(name)".utf8.elementsEqual(text[nameRange]) {
      return text.span.extracting(value)
    }
    return text.span.extracting(0..<0)
  }
}
