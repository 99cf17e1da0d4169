import ByteCoding

extension PickleReader {
  /// Operations that refer to names and make objects. False: `operation` is none of them.
  @_lifetime(self: copy self)
  mutating func runObject(_ operation: UInt8) throws(CheckpointError) -> Bool {
    switch operation {
    case UInt8(ascii: "c"):
      let module = try nextLine()
      try pushGlobal(module: module, name: try nextLine())
    case 0x93:
      let (name, module) = (try pop(), try pop())
      guard let module = text(module), let name = text(name) else {
        throw malformed("a name is not a text of at most \(limits.nameByteCountMax) bytes")
      }
      try pushGlobal(module: module, name: name)
    case UInt8(ascii: "Q"): try pushStorage(try pop())
    case UInt8(ascii: "R"), 0x81:
      let arguments = try tuple(try pop())
      guard case .global(let global) = try pop() else {
        throw CheckpointError(
          .unsafePickle, "the pickle calls something that is no name; no code is ever run")
      }
      guard operation != 0x81 || global == .orderedDictionary else { throw notCallable }
      try construct(global, arguments)
    case UInt8(ascii: "b"):
      let state = try pop()
      try build(state)
    default: return false
    }
    return true
  }

  func text(_ value: PickleValue) -> String? {
    document.text(value, in: source, byteCountMax: limits.nameByteCountMax)
  }

  private func tuple(_ value: PickleValue) throws(CheckpointError) -> [PickleValue] {
    guard let items = document.items(of: value, kind: .tuple) else {
      throw malformed("a tuple is expected")
    }
    return items
  }

  private mutating func pushGlobal(module: String, name: String) throws(CheckpointError) {
    guard let global = PickleGlobal(module: module, name: name) else {
      throw CheckpointError(
        .unsafePickle,
        "the file refers to the Python name \(quoted(module + "." + name)); only tensors, numbers, "
          + "text and their containers are read, and no code is ever run: save the "
          + "`state_dict()` alone")
    }
    push(.global(global))
  }

  private var notCallable: CheckpointError {
    CheckpointError(
      .unsafePickle, "the pickle calls a name that only describes data; no code is ever run")
  }

  /// REDUCE: what the name's Python function would return, if it is one of ours.
  private mutating func construct(
    _ global: PickleGlobal, _ arguments: [PickleValue]
  ) throws(CheckpointError) {
    switch global {
    case .orderedDictionary: try pushDictionary(arguments)
    case .defaultDictionary: pushNode(.dictionary)
    case .rebuildTensor, .rebuildTensorV2, .rebuildTensorV3:
      try pushTensor(global, arguments)
    case .rebuildParameter, .rebuildParameterWithState:
      guard let first = arguments.first, case .tensor = first else {
        throw malformed("a parameter without a tensor")
      }
      push(first)
    case .size:
      guard arguments.count == 1 else { throw malformed("a size without numbers") }
      push(arguments[0])
    case .numpyType: pushNode(.numpyType, [arguments.first ?? .none])
    case .numpyScalar: push(try numpyScalar(arguments))
    case .encode:
      guard arguments.count == 2, case .string(let range) = arguments[0],
        text(arguments[1]) == "latin1"
      else { throw malformed("bytes are expected") }
      push(.latin1(range))
    case .set, .byteArray, .complex, .device, .layout: pushNode(.opaque)
    case .storageClass, .elementType, .builtinType: throw notCallable
    }
  }

  /// `OrderedDict()` or, from Python 2, `OrderedDict([[key, value], ...])`.
  private mutating func pushDictionary(_ arguments: [PickleValue]) throws(CheckpointError) {
    guard let first = arguments.first else { return pushNode(.dictionary) }
    guard arguments.count == 1, let entries = document.items(of: first, kind: .list) else {
      throw malformed("a dictionary of something else than a list")
    }
    // The same list may be used again and again, so its length counts as work each time.
    try charge(entries.count)
    var items: [PickleValue] = []
    for entry in entries {
      let pair =
        document.items(of: entry, kind: .list) ?? document.items(of: entry, kind: .tuple) ?? []
      guard pair.count == 2 else { throw malformed("a dictionary's entry is not a pair") }
      items += pair
    }
    pushNode(.dictionary, items)
  }

  /// BUILD: state for the object on top. Attributes are of no interest; NumPy types keep theirs.
  private mutating func build(_ state: PickleValue) throws(CheckpointError) {
    guard case .node(let index) = try top() else { throw notBuildable }
    switch document.nodes[Int(index)].kind {
    case .dictionary: return
    case .numpyType:
      let items = try tuple(state)
      guard items.count >= 2, document.nodes[Int(index)].items.count == 1 else {
        throw malformed("a NumPy type without byte order")
      }
      document.nodes[Int(index)].items.append(items[1])
    default: throw notBuildable
    }
  }

  private var notBuildable: CheckpointError {
    CheckpointError(
      .unsafePickle, "the pickle sets the state of an object that has none; no code is ever run")
  }
}
