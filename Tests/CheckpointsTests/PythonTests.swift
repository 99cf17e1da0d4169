import ByteCoding
import Checkpoints
import Foundation
import TestSupport
import Testing

/// The file format from outside: what we write, Python's `safetensors` reads, and the other way
/// round. Needs a Python with numpy and safetensors: `QUOTIENT_PYTHON`, else `python3`.
@Suite struct PythonTests {
  static let python = ProcessInfo.processInfo.environment["QUOTIENT_PYTHON"] ?? "python3"

  /// Runs a script; nil if it cannot be run or fails.
  static func run(_ script: String, _ arguments: [String]) -> String? {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [python, "-c", script] + arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return nil }
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return process.terminationStatus == 0 ? text : nil
  }

  static let isAvailable = run("import numpy, safetensors.numpy", []) != nil

  static let reason: Comment =
    "no Python with numpy and safetensors here; set QUOTIENT_PYTHON to one to run this test"

  @Test(.enabled(if: isAvailable, reason))
  func `Python reads what we write`() throws {
    let folder = try TemporaryFolder()
    let path = try folder.file("model.safetensors")
    let contents = CheckpointTests.contents(seed: 9)
    try CheckpointWriter.write(file: path, tensors: contents, metadata: ["é": "\"x\""])
    let script = """
      import sys, zlib, safetensors
      with safetensors.safe_open(sys.argv[1], "numpy") as file:
          meta = file.metadata()
          assert meta["\\u00e9"] == '"x"'
          for name in sorted(file.keys()):
              t = file.get_tensor(name)
              crc = f"{zlib.crc32(t.tobytes()):08x}"
              assert meta["crc32." + name] == crc
              print(name, t.dtype, ",".join(map(str, t.shape)), crc)
      """
    let file = try SafetensorsFile(opening: path)
    let types: [ElementType: String] = [
      .u8: "uint8", .f64: "float64", .f32: "float32", .i32: "int32",
    ]
    let expected = file.tensors.sorted { $0.name < $1.name }.map { tensor in
      let checksum = String(CRC32.of(tensor.byteSpan), radix: 16)
      let zeros = String(repeating: "0", count: 8 - checksum.count)
      let shape = tensor.shape.map { "\($0)" }.joined(separator: ",")
      return "\(tensor.name) \(types[tensor.elementType] ?? "?") \(shape) \(zeros)\(checksum)"
    }
    let lines = try #require(Self.run(script, [path])).split(separator: "\n").map(String.init)
    #expect(lines == expected)
  }

  @Test(.enabled(if: isAvailable, reason))
  func `we read what Python writes`() throws {
    let folder = try TemporaryFolder()
    let path = try folder.file("python.safetensors")
    let script = """
      import sys, zlib, numpy, safetensors.numpy
      tensors = {"a": numpy.arange(7, dtype=numpy.int64), "b": numpy.zeros((0, 3), numpy.float32),
                 "c": numpy.random.default_rng(1).standard_normal((5, 3)), "d": numpy.float16(2)}
      tensors = {k: numpy.asarray(v) for k, v in tensors.items()}
      safetensors.numpy.save_file(tensors, sys.argv[1], {"k": "v"})
      for name, t in tensors.items(): print(name, zlib.crc32(t.tobytes()))
      """
    let output = try #require(Self.run(script, [path]))
    let file = try SafetensorsFile(opening: path)
    #expect(file.header.metadata == ["k": "v"])
    for line in output.split(separator: "\n") {
      let fields = line.split(separator: " ")
      let tensor = try #require(file.tensor(named: String(fields[0])))
      #expect(CRC32.of(tensor.byteSpan) == UInt32(fields[1]))
    }
    #expect(file.tensors.count == 4)
  }

  @Test(.enabled(if: isAvailable, reason))
  func `NumPy reads the headers we write`() throws {
    let folder = try TemporaryFolder()
    let header = try #require(NumpyFile.header(.f32, shape: [2, 3]))
    let data = (0..<6).flatMap { little(Float($0).bitPattern) }
    let path = try folder.file("array.npy", header + data)
    let script = "import sys, numpy; print(numpy.load(sys.argv[1]).tolist())"
    let output = try #require(Self.run(script, [path]))
    #expect(output == "[[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]\n")
  }
}
