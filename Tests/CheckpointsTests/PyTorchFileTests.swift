import ByteCoding
import Checkpoints
import TestSupport
import Testing

@Suite struct PyTorchFileTests {
  @Test func `the table of expected tensors covers all files`() {
    #expect(ReferenceFiles.torchFiles.count == 11)
    #expect(ReferenceFiles.numpyFiles.count == 8)
    #expect(ReferenceFiles.expected.values.reduce(0) { $0 + $1.count } == 468)
  }

  @Test(arguments: ReferenceFiles.torchFiles)
  func `every tensor that PyTorch saved is read, in order`(file: String) throws {
    let rows = try #require(ReferenceFiles.expected[file])
    let opened = try PyTorchFile(opening: "\(ReferenceFiles.folder)/\(file)")
    #expect(opened.container == (file.contains("legacy") ? .legacy : .zip))
    #expect(opened.tensorNames == rows.map(\.name))
    for row in rows {
      let tensor = try opened.tensor(named: row.name)
      #expect(tensor.shape == row.shape, "\(row.name)")
      #expect(tensor.elementType.rawValue == row.elementType, "\(row.name)")
      #expect(CRC32.of(tensor.byteSpan) == row.checksum, "\(row.name)")
      #expect(opened.description(of: row.name)?.shape == row.shape)
    }
    #expect { _ = try opened.tensor(named: "nothing") } throws: {
      ($0 as? CheckpointError)?.reason == .missing
    }
  }

  @Test(arguments: ["formats/nested.pt", "formats/nested_legacy.pt"])
  func `numbers beside the state_dict are read`(file: String) throws {
    let scalars = try PyTorchFile(opening: "\(ReferenceFiles.folder)/\(file)").scalars
    #expect(
      scalars == [
        "epoch": 3, "loss": 0.25, "negative": .integer(-(1 << 40)), "best": true,
        "accuracy": 0.75, "step": -7, "small": 1.5, "name": "model",
      ])
  }

  @Test func `the numbers of a reference checkpoint are read`() throws {
    let path = "\(ReferenceFiles.folder)/dev-b-qr-concat60-dotself/model.pt"
    let scalars = try PyTorchFile(opening: path).scalars
    #expect(scalars["nepochs"]?.asInt == 2)
    #expect(try #require(scalars["test_acc"]?.asDouble) > 0)
    #expect(try #require(scalars["train_loss"]?.asDouble) > 0)
  }

  @Test func `contiguous tensors are views of the file`() throws {
    let file = try PyTorchFile(opening: "\(ReferenceFiles.folder)/formats/bare.pt")
    let (whole, rows) = (try file.tensor(named: "whole"), try file.tensor(named: "rows"))
    #expect(whole.storage === rows.storage)
    #expect(rows.byteRange.lowerBound == whole.byteRange.lowerBound + 3 * 5 * 4)
    #expect(whole.byteRange.lowerBound.isMultiple(of: 64))
    #expect(try file.tensor(named: "transposed").storage !== whole.storage)
  }

  @Test func `a flipped bit in a storage is found, and its member is named`() throws {
    let path = "\(ReferenceFiles.folder)/formats/bare.pt"
    var bytes = try ReferenceFiles.bytes("formats/bare.pt")
    let place = try PyTorchFile(opening: path).tensor(named: "whole").byteRange.lowerBound
    bytes[place + 5] ^= 4
    let damaged = try PyTorchFile(parsing: ReferenceFiles.storage(bytes))
    #expect { _ = try damaged.tensor(named: "whole") } throws: {
      guard let error = $0 as? CheckpointError else { return false }
      return error.reason == .damaged && error.detail.contains("/data/")
    }
    let unverified = try PyTorchFile(
      parsing: ReferenceFiles.storage(bytes), limits: .init(verifiesStoredMembers: false))
    #expect(try unverified.tensor(named: "whole").byteSpan[5] & 4 != bytes[place + 5] ^ 4)
  }

  @Test func `what is no PyTorch file says so`() throws {
    let folder = try TemporaryFolder()
    func error(_ bytes: [UInt8]) throws -> String {
      do {
        _ = try PyTorchFile(opening: try folder.file("file.pt", bytes))
        return "none"
      } catch { return "\(error)" }
    }
    #expect(try error([]).hasSuffix("file.pt: the file is empty"))
    #expect(try error(Array("hello, world".utf8)).contains("not a file of `torch.save`"))
    #expect(try error(try ReferenceFiles.bytes("formats/arrays.npz")).contains("NAME/data.pkl"))
    #expect(try error([0x80, 2, 0x4B, 1, 0x2E]).contains("magic number"))
    #expect(try error([0x80, 6, 0x2E]).contains("protocol 6"))
    #expect(throws: CheckpointError.self) { _ = try PyTorchFile(opening: "/nowhere/model.pt") }
  }

  /// Big-endian files, by changing what little-endian ones say.
  @Test func `big-endian files are refused`() throws {
    let zip = replace("little", by: "bigend", in: try ReferenceFiles.bytes("formats/bare.pt"))
    #expect {
      _ = try PyTorchFile(parsing: ReferenceFiles.storage(zip))
    } throws: { "\($0)".contains("little-endian") }
    let text = Array("little_endian".utf8)
    var legacy = try ReferenceFiles.bytes("formats/legacy.pt")
    let start =
      try #require(
        legacy.indices.first { legacy[$0...].starts(with: text) }) + text.count
    let flag = try #require((start..<start + 8).first { legacy[$0] == 0x88 })
    legacy[flag] = 0x89
    #expect {
      _ = try PyTorchFile(parsing: ReferenceFiles.storage(legacy))
    } throws: { "\($0)".contains("little-endian") }
  }

  private func replace(_ old: String, by new: String, in bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    let (old, new) = (Array(old.utf8), Array(new.utf8))
    for start in bytes.indices where bytes[start...].starts(with: old) {
      bytes.replaceSubrange(start..<start + old.count, with: new)
    }
    return bytes
  }

  @Test(arguments: ["formats/bare.pt", "formats/legacy.pt"])
  func `a file cut off anywhere is refused`(file: String) throws {
    let bytes = try ReferenceFiles.bytes(file)
    let storage = ReferenceFiles.storage(bytes)
    _ = try PyTorchFile(parsing: storage)
    let step = slowTests ? 1 : 7
    for count in stride(from: 0, to: bytes.count, by: step) {
      #expect(throws: CheckpointError.self, "\(count) of \(bytes.count) bytes") {
        _ = try PyTorchFile(parsing: ReferenceFiles.storage(Array(bytes[..<count])))
      }
    }
  }
}
