import Checkpoints
import Foundation
import SystemIO
import TestSupport
import Testing

@Suite struct CheckpointTests {
  static let configuration = Array(#"{"format":"quotient"}"#.utf8)

  static func contents(seed: UInt64) -> [TensorContent] {
    var generator = SeededGenerator(seed: seed)
    func bytes(_ count: Int) -> [UInt8] {
      (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }
    let rows = 300_001
    return [
      .init(name: "odd", elementType: .u8, shape: [3], content: .bytes(bytes(3))),
      .init(name: "scalar", elementType: .f64, shape: [], content: .bytes(bytes(8))),
      .init(name: "even", elementType: .f32, shape: [4, 16], content: .bytes(bytes(256))),
      .init(name: "empty", elementType: .i32, shape: [0, 5], content: .bytes([])),
      .init(
        name: "rows", elementType: .u8, shape: [rows, 20], blockByteMultiple: 20,
        content: .generated { offset, block in
          precondition(offset % 20 == 0 && block.count % 20 == 0)
          for index in block.indices { block[index] = UInt8(truncatingIfNeeded: offset + index) }
        }),
    ]
  }

  @Test(arguments: CheckpointLoadMode.allCases)
  func `what is written is read back`(mode: CheckpointLoadMode) throws {
    let folder = try TemporaryFolder()
    let path = try folder.file("model")
    try CheckpointWriter.write(
      folder: path, configuration: Self.configuration, tensors: Self.contents(seed: 1),
      metadata: ["trained_by": "nobody", "crc32.odd": "overridden"])
    let reader = try CheckpointReader(opening: path, mode: mode)
    #expect(reader.configurationBytes == Self.configuration)
    #expect(reader.metadata["trained_by"] == "nobody")
    #expect(reader.metadata.count == 6)
    #expect(reader.tensorNames == ["even", "empty", "scalar", "rows", "odd"])
    for content in Self.contents(seed: 1) {
      let tensor = try #require(reader.tensor(named: content.name))
      #expect(tensor.shape == content.shape)
      #expect(tensor.elementType == content.elementType)
      if case .bytes(let bytes) = content.content { #expect(Array(tensor.byteSpan) == bytes) }
    }
    let rows = try #require(reader.tensors["rows"])
    for index in stride(from: 0, to: rows.byteSpan.count, by: 991)
    where rows.byteSpan[index] != UInt8(truncatingIfNeeded: index) {
      Issue.record("byte \(index) of the generated tensor differs")
    }
    #expect(reader.tensors["even"]?.byteRange.lowerBound.isMultiple(of: 64) == true)
    #expect(try reader.verifyChecksums().verifiedCount == 5)
    #expect(reader.mappedByteCount > 6_000_000)
    #expect(reader.residentByteCount() > 0)
    #expect(reader.hugePageByteCount() >= 0)
    #expect(folder.names == ["model"])
  }

  @Test func `a tensor of a mapping keeps the file alive and can be written again`() throws {
    let folder = try TemporaryFolder()
    let first = try folder.file("first.safetensors")
    try CheckpointWriter.write(file: first, tensors: Self.contents(seed: 2))
    let tensors = try SafetensorsFile(opening: first).tensors
    try FileManager.default.removeItem(atPath: first)
    let second = try folder.file("second.safetensors")
    try CheckpointWriter.write(file: second, tensors: tensors.map { TensorContent($0) })
    let again = try SafetensorsFile(opening: second)
    for tensor in tensors {
      #expect(
        try Array(#require(again.tensor(named: tensor.name)).byteSpan) == Array(tensor.byteSpan))
    }
    #expect(again.tensor(named: "nothing") == nil)
  }

  @Test func `nothing that exists is replaced unasked`() throws {
    let folder = try TemporaryFolder()
    let path = try folder.file("model")
    let tensors = Self.contents(seed: 3)
    try CheckpointWriter.write(folder: path, configuration: [1], tensors: tensors)
    #expect {
      try CheckpointWriter.write(folder: path, configuration: [2], tensors: tensors)
    } throws: { ($0 as? CheckpointError)?.reason == .exists }
    #expect(try CheckpointReader(opening: path).configurationBytes == [1])
    try CheckpointWriter.write(folder: path, configuration: [2], tensors: [], overwrite: true)
    #expect(try CheckpointReader(opening: path).configurationBytes == [2])
    #expect(folder.names == ["model"])
    let file = try folder.file("file", [1])
    #expect(throws: CheckpointError.self) {
      try CheckpointWriter.write(folder: file, configuration: [2], tensors: [], overwrite: true)
    }
  }

  static var refused: [(String, [TensorContent])] {
    [
      (
        "same name",
        [
          .init(name: "a", elementType: .u8, shape: [1], content: .bytes([1])),
          .init(name: "a", elementType: .u8, shape: [1], content: .bytes([1])),
        ]
      ),
      (
        "reserved",
        [.init(name: "__metadata__", elementType: .u8, shape: [1], content: .bytes([1]))]
      ),
      ("too few bytes", [.init(name: "a", elementType: .f32, shape: [2], content: .bytes([1]))]),
      ("negative", [.init(name: "a", elementType: .f32, shape: [-1], content: .bytes([]))]),
      (
        "overflow",
        [
          .init(
            name: "a", elementType: .f32, shape: [.max, .max], content: .generated { _, _ in })
        ]
      ),
    ]
  }

  @Test(arguments: 0..<5)
  func `tensors that cannot be are not written`(index: Int) throws {
    let folder = try TemporaryFolder()
    #expect(throws: CheckpointError.self, "\(Self.refused[index].0)") {
      try CheckpointWriter.write(
        folder: try folder.file("model"), configuration: [], tensors: Self.refused[index].1)
    }
    #expect(folder.names == [])
  }

  @Test func `a flipped bit is found by its checksum`() throws {
    let folder = try TemporaryFolder()
    let path = try folder.file("model")
    try CheckpointWriter.write(
      folder: path, configuration: [], tensors: Self.contents(seed: 4))
    let file = joinPath(path, "model.safetensors")
    var bytes = try readWholeFile(file, byteCountMax: 1 << 30)
    bytes[bytes.count - 1] ^= 1
    try Data(bytes).write(to: URL(filePath: file))
    let reader = try CheckpointReader(opening: path)
    #expect {
      try reader.verifyChecksums()
    } throws: { error in
      let error = error as? CheckpointError
      #expect(error?.path == file)
      return error?.reason == .damaged && error?.detail.contains("`odd`") == true
    }
    #expect { _ = try CheckpointReader(opening: path, mode: .copy) } throws: {
      ($0 as? CheckpointError)?.reason == .damaged
    }
    _ = try CheckpointReader(opening: path, mode: .populate)
  }

  @Test func `what is no checkpoint says so`() throws {
    let folder = try TemporaryFolder()
    func error(_ path: String) -> String {
      do {
        _ = try CheckpointReader(opening: path)
        return "none"
      } catch { return "\(error)" }
    }
    #expect(error("/nowhere").contains("no such folder"))
    #expect(error(folder.path).contains("no config.json"))
    _ = try folder.file("config.json", [1])
    #expect(error(folder.path).contains("neither model.safetensors nor"))
    _ = try folder.file("model.safetensors", [])
    #expect(
      error(folder.path).contains("model.safetensors: not a safetensors file: it has 0 bytes"))
    let huge = try folder.file("huge", [])
    try folder.resize("huge", to: 2 << 30)
    #expect(throws: SystemError.self) {
      try readWholeFile(huge, byteCountMax: CheckpointReader.configurationByteCountMax)
    }
  }

  @Test func `a sparse checkpoint of 10 GB opens at once and stays out of memory`() throws {
    let folder = try TemporaryFolder()
    _ = try folder.file("config.json", Self.configuration)
    let rows = (10 << 30) / 64
    let header = safetensors(
      #"{"t":{"dtype":"F32","shape":[\#(rows),16],"data_offsets":[0,\#(rows * 64)]}}"#)
    _ = try folder.file("model.safetensors", header)
    try folder.resize("model.safetensors", to: header.count + rows * 64)
    var reader: CheckpointReader?
    let time = try ContinuousClock().measure {
      reader = try CheckpointReader(opening: folder.path)
    }
    #expect(time < .seconds(1), "\(time)")
    let tensor = try #require(reader?.tensors["t"])
    for row in stride(from: 0, to: rows, by: rows / 1000) {
      #expect(tensor.byteSpan[row * 64] == 0)
    }
    // A thousand rows took a page each, however large the file and the kernel's read-ahead are.
    #expect(try #require(reader).residentByteCount() < 32 << 20)
    #expect(reader?.tensors["t"]?.shape == [rows, 16])
    // The data starts at an odd offset, which is allowed.
    #expect(reader?.tensors["t"]?.byteRange.lowerBound.isMultiple(of: 4) == (header.count % 4 == 0))
  }
}
