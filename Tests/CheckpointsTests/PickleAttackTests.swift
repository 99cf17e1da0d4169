import Checkpoints
import Testing

/// Pickles as attackers write them. None may run code, take memory out of proportion, or crash.
@Suite struct PickleAttackTests {
  struct Attack: CustomTestStringConvertible, Sendable {
    let name: String
    let pickle: [UInt8]
    let reason: CheckpointError.Reason
    let message: String
    var testDescription: String { name }

    init(
      _ name: String, _ reason: CheckpointError.Reason, _ message: String, _ pickle: [UInt8]
    ) {
      self.name = name
      self.pickle = pickle
      self.reason = reason
      self.message = message
    }
  }

  static func byte(_ character: Unicode.Scalar) -> UInt8 { UInt8(ascii: character) }
  static let head: [UInt8] = [0x80, 2]
  static let stop: [UInt8] = [byte(".")]

  /// `module.name(*arguments)`
  static func call(_ module: String, _ name: String, _ arguments: [UInt8]...) -> [UInt8] {
    head + Pickle.global(module, name) + [byte("(")] + arguments.joined() + [byte("t"), byte("R")]
      + stop
  }

  static let codeAttacks: [Attack] = [
    .init("os.system", .unsafePickle, "`os.system`", call("os", "system", Pickle.text("id"))),
    .init(
      "posix.system", .unsafePickle, "`posix.system`", call("posix", "system", Pickle.text("id"))),
    .init(
      "eval", .unsafePickle, "`builtins.eval`", call("builtins", "eval", Pickle.text("1"))),
    .init(
      "exec of Python 2", .unsafePickle, "`__builtin__.exec`",
      call("__builtin__", "exec", Pickle.text("1"))),
    .init(
      "getattr", .unsafePickle, "`builtins.getattr`",
      call("builtins", "getattr", Pickle.text("a"), Pickle.text("b"))),
    .init(
      "a module's class", .unsafePickle, "`__main__.Net`",
      head + Pickle.global("__main__", "Net") + [byte(")"), 0x81] + stop),
    .init("torch.load", .unsafePickle, "`torch.load`", call("torch", "load", Pickle.text("x"))),
    .init(
      "by STACK_GLOBAL", .unsafePickle, "`os.system`",
      head + Pickle.text("os") + Pickle.text("system") + [0x93] + stop),
    .init(
      "STACK_GLOBAL of numbers", .malformed, "name", head + [byte("K"), 1, byte("K"), 1, 0x93]),
    .init(
      "dotted name", .unsafePickle, "`collections.OrderedDict.fromkeys`",
      call("collections", "OrderedDict.fromkeys")),
    .init(
      "call of a text", .unsafePickle, "no name", head + Pickle.text("f") + [byte(")"), byte("R")]),
    .init(
      "call of a class of storages", .unsafePickle, "only describes",
      call("torch", "FloatStorage")),
    .init("call of a built-in type", .unsafePickle, "only describes", call("builtins", "dict")),
    .init(
      "NEWOBJ of a tensor", .unsafePickle, "only describes",
      head + Pickle.global("torch", "Size") + [byte(")"), 0x81] + stop),
    .init(
      "INST", .unsafePickle, "0x69", head + [byte("("), byte("i")] + Array("os\nsystem\n".utf8)),
    .init("OBJ", .unsafePickle, "0x6f", head + [byte("("), byte("o")]),
    .init("EXT1", .unsafePickle, "0x82", head + [0x82, 1]),
    .init("NEWOBJ_EX", .unsafePickle, "0x92", head + [0x92]),
    .init("persistent text", .unsafePickle, "0x50", head + [byte("P")] + Array("x\n".utf8)),
    .init("BUILD of a list", .unsafePickle, "state", head + [byte("]"), byte("}"), byte("b")]),
    .init(
      "BUILD of a name", .unsafePickle, "state",
      head + Pickle.global("torch", "Size") + [byte("}"), byte("b")]),
    .init(
      "control characters in a name", .unsafePickle, "`?[31m.x?`",
      head + Pickle.global("\u{1B}[31m", "x`")),
  ]

  static let malformedAttacks: [Attack] = [
    .init("nothing", .truncated, "ends early", []),
    .init("no protocol", .malformed, "protocol 2 to 5", [byte("}"), byte(".")]),
    .init("protocol 1", .unsupported, "protocol 1", [0x80, 1, byte("}"), byte(".")]),
    .init("protocol 255", .unsupported, "protocol 255", [0x80, 255, byte("}"), byte(".")]),
    .init("STOP on an empty stack", .malformed, "0 values", head + stop),
    .init("two values", .malformed, "2 values", head + [byte("}"), byte("}")] + stop),
    .init("open MARK", .malformed, "1 values", head + [byte("}"), byte("(")] + stop),
    .init("POP of nothing", .malformed, "stack is empty", head + [byte("0")]),
    .init(
      "POP beyond a MARK", .malformed, "stack is empty", head + [byte("N"), byte("("), byte("0")]),
    .init("TUPLE without MARK", .malformed, "MARK", head + [byte("t")]),
    .init("TUPLE3 of two", .malformed, "stack is empty", head + [byte("N"), byte("N"), 0x87]),
    .init("APPEND to nothing", .malformed, "stack is empty", head + [byte("N"), byte("a")]),
    .init("APPEND to a number", .malformed, "added to", head + [byte("N"), byte("N"), byte("a")]),
    .init(
      "SETITEMS of three", .malformed, "no value",
      head + [byte("}"), byte("("), byte("N"), byte("N"), byte("N"), byte("u")]),
    .init("BINGET of nothing", .malformed, "memorised as 7", head + [byte("h"), 7]),
    .init(
      "LONG_BINGET of 2^32 - 1", .malformed, "memorised", head + [byte("j"), 255, 255, 255, 255]),
    .init("BINPUT of nothing", .malformed, "stack is empty", head + [byte("q"), 7]),
    .init(
      "BINUNICODE of 4 GiB", .truncated, "ends early", head + [byte("X"), 255, 255, 255, 255, 65]),
    .init(
      "BINUNICODE8 of 2^64 - 1", .truncated, "ends early",
      head + [0x8D] + [UInt8](repeating: 255, count: 8) + [65]),
    .init(
      "BINBYTES8 of 2^63", .truncated, "ends early", head + [0x8E, 0, 0, 0, 0, 0, 0, 0, 0x80, 65]),
    .init("LONG4 of 2 GiB", .truncated, "ends early", head + [0x8B, 255, 255, 255, 0x7F, 1]),
    .init("LONG4 of negative size", .malformed, "negative size", head + [0x8B, 0, 0, 0, 0x80]),
    .init(
      "name without end", .malformed, "name",
      head + [byte("c")] + [UInt8](repeating: 65, count: 5000)),
    .init("name that is not UTF-8", .malformed, "UTF-8", head + [byte("c"), 0xFF, 10, 65, 10]),
    .init("not a dictionary", .unsupported, "state_dict", head + [byte("]")] + stop),
    .init(
      "no tensors", .missing, "no tensors",
      head + [byte("}")] + Pickle.text("epoch") + [byte("N"), byte("s")] + stop),
    .init(
      "arguments that are no tuple", .malformed, "tuple",
      head + Pickle.global("torch", "Size") + [byte("]"), byte("R")]),
  ]

  /// The file's storage, and a tensor of one element of it.
  static let f = Pickle.storage(count: 6)
  static let one = Pickle.tensor(f, size: [1], stride: [1])
  static let tensorAttacks: [Attack] = [
    .init("persistent id is a number", .malformed, "storage", head + [byte("K"), 1, byte("Q")]),
    .init(
      "persistent id of four", .malformed, "storage",
      head
        + Pickle.tuple(
          Pickle.text("storage"), Pickle.global("torch", "FloatStorage"), Pickle.text("0"),
          Pickle.text("cpu")) + [byte("Q")]),
    .init(
      "persistent id of something else", .malformed, "storage",
      head
        + Pickle.tuple(
          Pickle.text("module"), Pickle.global("torch", "FloatStorage"), Pickle.text("0"),
          Pickle.text("cpu"), Pickle.int(6)) + [byte("Q")]),
    .init(
      "class of storage is a function", .malformed, "storage",
      head
        + Pickle.tuple(
          Pickle.text("storage"), Pickle.global("torch._utils", "_rebuild_tensor_v2"),
          Pickle.text("0"), Pickle.text("cpu"), Pickle.int(6)) + [byte("Q")]),
    .init("negative count", .malformed, "storage", Pickle.state(Pickle.storage(count: -1))),
    .init(
      "key that leads elsewhere", .missing, "../../etc/passwd",
      Pickle.state(
        Pickle.tensor(Pickle.storage("../../etc/passwd", count: 6), size: [6], stride: [1]))),
    .init(
      "key of nothing", .missing, "data/1",
      Pickle.state(Pickle.tensor(Pickle.storage("1", count: 6), size: [6], stride: [1]))),
    .init(
      "storage larger than its member", .truncated, "fewer",
      Pickle.state(Pickle.tensor(Pickle.storage(count: 7), size: [6], stride: [1]))),
    .init(
      "storage of 2^62", .truncated, "fewer",
      Pickle.state(Pickle.tensor(Pickle.storage(count: 1 << 62), size: [6], stride: [1]))),
    .init(
      "tensor beyond its storage", .malformed, "beyond",
      Pickle.state(Pickle.tensor(f, size: [7], stride: [1]))),
    .init(
      "tensor beyond by offset", .malformed, "beyond",
      Pickle.state(Pickle.tensor(f, offset: 1, size: [6], stride: [1]))),
    .init(
      "tensor beyond by stride", .malformed, "beyond",
      Pickle.state(Pickle.tensor(f, size: [3], stride: [3]))),
    .init(
      "offset of 2^63 - 1", .malformed, "beyond",
      Pickle.state(Pickle.tensor(f, offset: .max, size: [1], stride: [1]))),
    .init(
      "stride of 2^62", .malformed, "beyond",
      Pickle.state(Pickle.tensor(f, size: [3], stride: [1 << 62]))),
    .init(
      "strides that wrap to inside", .malformed, "beyond",
      Pickle.state(Pickle.tensor(f, size: [3, 3], stride: [1 << 62, 1 << 62]))),
    .init(
      "product of sizes overflows", .malformed, "impossible",
      Pickle.state(Pickle.tensor(f, size: [1 << 32, 1 << 32], stride: [0, 0]))),
    .init(
      "repeated to 4 TiB", .tooLarge, "repeats",
      Pickle.state(Pickle.tensor(f, size: [1 << 20, 1 << 20], stride: [0, 0]))),
    .init(
      "negative size", .malformed, "negative",
      Pickle.state(Pickle.tensor(f, size: [-1], stride: [1]))),
    .init(
      "negative stride", .malformed, "negative",
      Pickle.state(Pickle.tensor(f, offset: 5, size: [6], stride: [-1]))),
    .init(
      "negative offset", .malformed, "negative",
      Pickle.state(Pickle.tensor(f, offset: -1, size: [1], stride: [1]))),
    .init(
      "sizes without strides", .malformed, "tensor",
      Pickle.state(Pickle.tensor(f, size: [1, 1], stride: [1]))),
    .init(
      "100 dimensions", .malformed, "tensor",
      Pickle.state(
        Pickle.tensor(
          f, size: .init(repeating: 1, count: 100), stride: .init(repeating: 1, count: 100)))),
    .init(
      "tensor of a tensor", .malformed, "tensor",
      Pickle.state(Pickle.tensor(one, size: [1], stride: [1]))),
    .init(
      "bytes without a type", .malformed, "element type",
      Pickle.state(
        Pickle.tensor(
          Pickle.tuple(
            Pickle.text("storage"), Pickle.global("torch.storage", "UntypedStorage"),
            Pickle.text("0"), Pickle.text("cpu"), Pickle.int(6)) + [byte("Q")], size: [1],
          stride: [1]))),
    .init(
      "parameter of a number", .malformed, "parameter",
      Pickle.state(
        Pickle.global("torch._utils", "_rebuild_parameter") + Pickle.tuple([byte("N")]) + [
          byte("R")
        ])),
    .init(
      "tensor under a list", .malformed, "name",
      head + [byte("}"), byte("]")] + one + [byte("s")] + stop),
    .init(
      "same name twice", .malformed, "twice",
      head + [byte("}")] + Pickle.text("t") + one + [byte("s")] + Pickle.text("t") + one
        + [byte("s")] + stop),
  ]

  @Test(arguments: codeAttacks + malformedAttacks + tensorAttacks)
  func `a hostile pickle ends in an error that names what it wants`(attack: Attack) {
    #expect {
      _ = try PyTorchFile(parsing: ReferenceFiles.storage(torchFile(attack.pickle)))
    } throws: { error in
      guard let error = error as? CheckpointError else { return false }
      #expect(error.detail.contains(attack.message), "\(error)")
      if attack.reason == .unsafePickle { #expect(error.detail.contains("no code is ever run")) }
      return error.reason == attack.reason
    }
  }

  @Test func `the builder's honest file is read`() throws {
    let pickle = Pickle.state(Pickle.tensor(Self.f, offset: 1, size: [2, 2], stride: [1, 2]))
    let file = try PyTorchFile(parsing: ReferenceFiles.storage(torchFile(pickle)))
    #expect(try file.tensor(named: "t").shape == [2, 2])
  }

  @Test func `a deep nest of containers is no deep recursion`() throws {
    let depth = 200_000
    // {"x": [[[...]]], "t": tensor}
    var pickle = Self.head + [Self.byte("}")] + Pickle.text("x")
    pickle += [UInt8](repeating: Self.byte("]"), count: depth)
    pickle += [UInt8](repeating: Self.byte("a"), count: depth - 1) + [Self.byte("s")]
    pickle += Pickle.text("t") + Pickle.tensor(Self.f, size: [6], stride: [1])
    pickle += [Self.byte("s")] + Self.stop
    let file = try PyTorchFile(parsing: ReferenceFiles.storage(torchFile(pickle)))
    #expect(file.tensorNames == ["t"])
  }

  @Test func `a dictionary that holds itself is read`() throws {
    let pickle =
      Self.head + [Self.byte("}"), Self.byte("q"), 0] + Pickle.text("state_dict")
      + [Self.byte("h"), 0, Self.byte("s")] + Pickle.text("t")
      + Pickle.tensor(Self.f, size: [6], stride: [1]) + [Self.byte("s")] + Self.stop
    let file = try PyTorchFile(parsing: ReferenceFiles.storage(torchFile(pickle)))
    #expect(file.tensorNames == ["t"])
  }

  @Test func `doubling lists a thousand times takes no memory`() throws {
    // Each list holds the one before twice: 2^1000 elements if anyone counted them.
    var pickle = Self.head + [Self.byte("}")] + Pickle.text("x")
    pickle += [Self.byte("]"), Self.byte("q"), 0]
    for _ in 0..<1000 {
      pickle += [Self.byte("0"), Self.byte("]"), Self.byte("h"), 0, Self.byte("a")]
      pickle += [Self.byte("h"), 0, Self.byte("a"), Self.byte("q"), 0]
    }
    pickle += [Self.byte("s")] + Pickle.text("t") + Pickle.tensor(Self.f, size: [6], stride: [1])
    pickle += [Self.byte("s")] + Self.stop
    let file = try PyTorchFile(parsing: ReferenceFiles.storage(torchFile(pickle)))
    #expect(file.tensorNames == ["t"])
  }

  @Test func `operations are limited`() {
    let limits = ArchiveLimits(pickleOperationCountMax: 1000)
    let bombs: [[UInt8]] = [
      [UInt8](repeating: Self.byte("N"), count: 2000),
      [UInt8](repeating: Self.byte("("), count: 2000),
      [Self.byte("N")] + [UInt8](repeating: 0x94, count: 2000),
      [Self.byte("N")] + (0..<500).flatMap { _ in [Self.byte("q"), 1, Self.byte("h"), 1] },
      // One list of 300 pairs, made into a dictionary again and again.
      [Self.byte("]"), Self.byte("(")]
        + (0..<300).flatMap { _ in [Self.byte("N"), Self.byte("N"), 0x86] }
        + [Self.byte("e"), Self.byte("q"), 0]
        + (0..<9).flatMap { _ in
          Pickle.global("collections", "OrderedDict") + [Self.byte("h"), 0, 0x85, Self.byte("R")]
        },
    ]
    for bomb in bombs {
      #expect {
        _ = try PyTorchFile(
          parsing: ReferenceFiles.storage(torchFile(Self.head + bomb)), limits: limits)
      } throws: { ($0 as? CheckpointError)?.reason == .tooLarge }
    }
  }

  @Test func `a script or an old archive is refused by name`() {
    let script = ZipBuilder(members: [
      .init(name: "m/data.pkl", content: []), .init(name: "m/constants.pkl", content: []),
    ])
    #expect {
      _ = try PyTorchFile(parsing: ReferenceFiles.storage(script.bytes()))
    } throws: { "\($0)".contains("TorchScript") }
    let two = ZipBuilder(members: [
      .init(name: "m/data.pkl", content: []), .init(name: "n/data.pkl", content: []),
    ])
    #expect {
      _ = try PyTorchFile(parsing: ReferenceFiles.storage(two.bytes()))
    } throws: { "\($0)".contains("one `NAME/data.pkl`") }
  }
}
