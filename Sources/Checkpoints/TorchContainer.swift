import ByteCoding

/// What both containers of `torch.save` come down to: a pickle, and bytes for each storage key.
struct TorchContainer: Sendable {
  let document: PickleDocument
  /// The bytes that the document's ranges refer to.
  let pickleStorage: TensorStorage
  let pickleRange: Range<Int>
  let archive: ZipArchive?
  /// `data/` and its folder inside the zip file.
  private let dataPrefix: String
  /// Legacy: where each storage key's bytes are.
  private let ranges: [String: Range<Int>]

  /// The zip file of PyTorch 1.6 and later: `NAME/data.pkl`, `NAME/data/KEY`, `NAME/byteorder`.
  init(zip storage: TensorStorage, limits: ArchiveLimits) throws(CheckpointError) {
    let archive = try ZipArchive(storage, limits: limits)
    let pickles = archive.members.filter { member in
      member.name == "data.pkl"
        || member.name.hasSuffix("/data.pkl") && member.name.split(separator: "/").count == 2
    }
    guard let pickle = pickles.first, pickles.count == 1 else {
      throw CheckpointError(
        .malformed,
        "not a PyTorch file: a zip file with one `NAME/data.pkl` is expected")
    }
    let prefix = String(pickle.name.dropLast("data.pkl".count))
    if archive[prefix + "constants.pkl"] != nil {
      throw CheckpointError(
        .unsupported,
        "the file is a TorchScript program, which holds code; save the model's `state_dict()`")
    }
    if let order = archive[prefix + "byteorder"] {
      // What is not the one word is refused, damaged or not.
      let (storage, range) = try archive.content(of: order, verifying: false)
      let bytes = storage.byteSpan.extracting(range)
      guard bytes.count <= 16, let text = String(utf8: bytes), text == "little" else {
        throw CheckpointError(
          .unsupported, "the file is not little-endian; save it on a little-endian machine")
      }
    }
    let (pickleStorage, range) = try archive.content(of: pickle)
    document = try PickleReader.read(pickleStorage.byteSpan.extracting(range), limits: limits)
    self.pickleStorage = pickleStorage
    pickleRange = range
    self.archive = archive
    dataPrefix = prefix + "data/"
    ranges = [:]
  }

  /// The container of before PyTorch 1.6: magic number, protocol version, system, object, keys as
  /// five pickles, then for each key an element count and the elements.
  init(legacy storage: TensorStorage, limits: ArchiveLimits) throws(CheckpointError) {
    let bytes = storage.byteSpan
    guard bytes.count > 0, bytes[0] == 0x80 else {
      throw CheckpointError(
        .malformed, bytes.count == 0 ? "the file is empty" : "not a file of `torch.save`")
    }
    let offset = try Self.readPreamble(bytes, limits: limits)
    document = try PickleReader.read(bytes, at: offset, limits: limits)
    let keys = try PickleReader.read(bytes, at: document.end, limits: limits)
    guard let items = keys.items(of: keys.root, kind: .list) else {
      throw CheckpointError(.malformed, "the list of storage keys is missing")
    }
    ranges = try Self.locateStorages(
      items.map { keys.text($0, in: bytes, byteCountMax: limits.nameByteCountMax) },
      document: document, bytes: bytes, at: keys.end)
    pickleStorage = storage
    pickleRange = 0..<bytes.count
    archive = nil
    dataPrefix = ""
  }

  /// Checks magic number, protocol version and system; returns where the object starts.
  private static func readPreamble(
    _ bytes: Span<UInt8>, limits: ArchiveLimits
  ) throws(CheckpointError) -> Int {
    let magic: [UInt8] = [0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19]
    let first = try PickleReader.read(bytes, limits: limits)
    guard case .bigInteger(let range) = first.root,
      range.count == magic.count,
      range.enumerated().allSatisfy({ bytes[$1] == magic[$0] })
    else {
      throw CheckpointError(
        .malformed, "a pickle, but not one of `torch.save`: its magic number is missing")
    }
    let version = try PickleReader.read(bytes, at: first.end, limits: limits)
    guard version.root == .int(1001) else {
      throw CheckpointError(.unsupported, "the container's version is not 1001")
    }
    let system = try PickleReader.read(bytes, at: version.end, limits: limits)
    if let members = system.items(of: system.root, kind: .dictionary) {
      for index in stride(from: 0, to: members.count, by: 2)
      where system.text(members[index], in: bytes, byteCountMax: 64) == "little_endian"
        && members[index + 1] == .bool(false)
      {
        throw CheckpointError(
          .unsupported, "the file is not little-endian; save it on a little-endian machine")
      }
    }
    return system.end
  }

  /// Walks over the storages: for each key an element count in 8 bytes, then the elements.
  private static func locateStorages(
    _ keys: [String?], document: PickleDocument, bytes: Span<UInt8>, at start: Int
  ) throws(CheckpointError) -> [String: Range<Int>] {
    var elementByteCounts: [String: Int] = [:]
    for storage in document.storages {
      elementByteCounts[storage.key] = storage.elementType?.byteCount ?? 1
    }
    var ranges: [String: Range<Int>] = [:]
    var offset = start
    for key in keys {
      guard let key, let elementByteCount = elementByteCounts[key] else {
        throw CheckpointError(.malformed, "a storage key is listed that nothing refers to")
      }
      guard bytes.count - offset >= 8 else { throw endsEarly }
      let count = LittleEndian.load(UInt64.self, from: bytes, at: offset)
      offset += 8
      let (byteCount, overflow) = count.multipliedReportingOverflow(by: UInt64(elementByteCount))
      guard !overflow, byteCount <= UInt64(bytes.count - offset) else { throw endsEarly }
      guard ranges.updateValue(offset..<(offset + Int(byteCount)), forKey: key) == nil else {
        throw CheckpointError(.malformed, "storage \(quoted(key)) is listed twice")
      }
      offset += Int(byteCount)
    }
    return ranges
  }

  private static var endsEarly: CheckpointError {
    CheckpointError(.truncated, "the file ends inside a storage; copy the file again")
  }

  /// Where a storage's bytes are, and how many they are when decompressed.
  func place(
    ofKey key: String
  ) throws(CheckpointError) -> (place: StateTensor.Place, byteCount: Int) {
    if let archive {
      guard let member = archive[dataPrefix + key] else {
        throw CheckpointError(
          .missing, "its storage \(quoted(dataPrefix + key)) is not in the file")
      }
      return (.member(member), member.byteCount)
    }
    guard let range = ranges[key] else {
      throw CheckpointError(.missing, "its storage \(quoted(key)) is not in the file")
    }
    return (.range(range), range.count)
  }
}
