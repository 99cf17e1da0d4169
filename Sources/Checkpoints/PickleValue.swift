import ByteCoding

/// A value on the stack of a pickle. Containers are indices into the document, so that a value is
/// small, sharing costs nothing, and nothing is ever walked or freed recursively.
enum PickleValue: Equatable, Sendable {
  case none
  case bool(Bool)
  case int(Int64)
  /// An integer of more than 64 bits: where its bytes lie, lowest first.
  case bigInteger(Range<Int>)
  case float(Double)
  /// UTF-8, where it lies in the source.
  case string(Range<Int>)
  /// Bytes, where they lie in the source.
  case bytes(Range<Int>)
  /// Bytes that Python 2 pickles write as a text of code points below 256: the text's UTF-8.
  case latin1(Range<Int>)
  case global(PickleGlobal)
  case node(Int32)
  case storage(Int32)
  case tensor(Int32)
}

/// A container. ``items`` of a dictionary alternate between key and value.
struct PickleNode: Sendable {
  enum Kind: Equatable, Sendable {
    case tuple, list, dictionary, set
    /// `numpy.dtype`: items are its name and, once built, its byte order.
    case numpyType
    /// Something whose value is of no interest here: a device, a layout, a complex number.
    case opaque
  }

  var kind: Kind
  var items: [PickleValue] = []
}

/// A storage that tensors view: what `('storage', class, key, location, count)` says.
struct PickleStorage: Equatable, Sendable {
  /// nil: bytes without a type; the tensor says which.
  let elementType: ElementType?
  let key: String
  /// Elements, or bytes if there is no type.
  let count: Int
  /// Elements before this view of the storage `key`; only in files of the oldest kind.
  let viewOffset: Int
}

/// A tensor as the pickle describes it. Nothing about it is checked against the storage yet.
struct PickleTensor: Equatable, Sendable {
  let storage: Int
  let elementType: ElementType
  /// Elements before the first one.
  let offset: Int
  let shape: [Int]
  let strides: [Int]
}

/// What a pickle describes: the value left on its stack, and everything that it refers to.
struct PickleDocument: Sendable {
  var root: PickleValue = .none
  var nodes: [PickleNode] = []
  var storages: [PickleStorage] = []
  var tensors: [PickleTensor] = []
  /// Where the pickle ends in the source.
  var end = 0

  /// The node of a value of this kind; nil for anything else.
  func items(of value: PickleValue, kind: PickleNode.Kind) -> [PickleValue]? {
    guard case .node(let index) = value, nodes[Int(index)].kind == kind else { return nil }
    return nodes[Int(index)].items
  }

  /// A text of at most `byteCountMax` bytes; nil for anything else.
  func text(
    _ value: PickleValue, in source: Span<UInt8>, byteCountMax: Int
  ) -> String? {
    guard case .string(let range) = value, range.count <= byteCountMax else { return nil }
    return String(utf8: source.extracting(range))
  }
}
