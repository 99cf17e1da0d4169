import Foundation
import SystemIO
import TestSupport
import Testing

@Suite struct AtomicWriterTests {
  @Test func `a file appears only when it is published`() throws {
    let folder = try TemporaryFolder()
    let path = try folder.file("model")
    var writer = try AtomicFileWriter(path: path)
    try writer.write([1, 2, 3].span)
    try writer.write([4].span)
    try writer.rewrite([9, 8].span, at: 1)
    #expect(writer.byteCount == 4)
    #expect(folder.names.count == 1 && folder.names[0].hasPrefix(".model.partial-"))
    try writer.publish(replacing: false)
    #expect(folder.names == ["model"])
    #expect(try readWholeFile(path, byteCountMax: 4) == [1, 9, 8, 4])
  }

  @Test func `a writer that dies leaves nothing behind`() throws {
    let folder = try TemporaryFolder()
    do {
      var writer = try AtomicFileWriter(path: try folder.file("model"))
      try writer.write([1].span)
      let tree = try AtomicFolderWriter(path: try folder.file("tree"))
      let file = try tree.makeFile("a")
      try file.publish(replacing: false)
      _ = try tree.makeFile("b")
      #expect(folder.names.count == 2)
    }
    #expect(folder.names == [])
  }

  @Test func `an existing file is replaced only when that is allowed`() throws {
    let folder = try TemporaryFolder()
    let path = try folder.file("model", [1])
    #expect { try writeFile([9], to: path, replacing: false) } throws: {
      ($0 as? SystemError)?.code == EEXIST
    }
    #expect(folder.names == ["model"])
    #expect(try readWholeFile(path, byteCountMax: 9) == [1])
    try writeFile([2, 3], to: path, replacing: true)
    #expect(try readWholeFile(path, byteCountMax: 9) == [2, 3])
  }

  @Test func `a mapping keeps the old content when the file is replaced`() throws {
    let folder = try TemporaryFolder()
    let path = try folder.file("model", [1, 1, 1])
    let old = try MappedFile(opening: path)
    try writeFile([2], to: path, replacing: true)
    #expect(old.byteCount == 3)
    // SAFETY: an offset below byteCount.
    #expect(unsafe old.bytes.unsafeLoad(fromByteOffset: 2, as: UInt8.self) == 1)
  }

  @Test func `a folder appears whole, and parents are made`() throws {
    let folder = try TemporaryFolder()
    let path = try folder.file("a/b/model")
    try write(["x": [1], "y": [2, 2]], to: path, replacing: false)
    #expect(try listFolder(path) == ["x", "y"])
    #expect(try listFolder(splitPath(path).folder) == ["model"])
    #expect(try FileStatus(of: joinPath(path, "y")).byteCount == 2)
    #expect(try FileStatus(of: path).kind == .folder)
    #expect(try FileStatus.ifExists(joinPath(path, "z")) == nil)
    #expect(try FileStatus.ifExists(joinPath(path, "y/z")) == nil)
  }

  @Test func `an occupied folder is replaced only when that is allowed`() throws {
    let folder = try TemporaryFolder()
    let path = try folder.file("model")
    try makeFolder(path)
    try write(["x": [1]], to: path, replacing: false)
    #expect {
      try write(["y": [2]], to: path, replacing: false)
    } throws: {
      ($0 as? SystemError)?.code == EEXIST
    }
    #expect(try listFolder(path) == ["x"])
    #expect(folder.names == ["model"])
    try write(["y": [2]], to: path, replacing: true)
    #expect(try listFolder(path) == ["y"])
    #expect(folder.names == ["model"])
  }

  @Test func `a folder that holds folders, or a file, is never replaced`() throws {
    let folder = try TemporaryFolder()
    let path = try folder.file("home")
    try makeFolder(joinPath(path, "precious"), withParents: true)
    #expect(throws: SystemError.self) { try write(["x": [1]], to: path, replacing: true) }
    let file = try folder.file("file", [1])
    #expect(throws: SystemError.self) { try write(["x": [1]], to: file, replacing: true) }
    #expect(folder.names == ["file", "home"])
    #expect(try listFolder(path) == ["precious"])
  }

  private func writeFile(_ content: [UInt8], to path: String, replacing: Bool) throws {
    var writer = try AtomicFileWriter(path: path)
    try writer.write(content.span)
    try writer.publish(replacing: replacing)
  }

  private func write(_ files: [String: [UInt8]], to path: String, replacing: Bool) throws {
    let writer = try AtomicFolderWriter(path: path)
    for (name, content) in files {
      var file = try writer.makeFile(name)
      try file.write(content.span)
      try file.publish(replacing: false)
    }
    try writer.publish(replacing: replacing)
  }

  static let paths: [(path: String, folder: String, name: String)] = [
    ("a", ".", "a"), ("a/b", "a", "b"), ("/a", "/", "a"), ("/a/b//", "/a", "b"), ("a/", ".", "a"),
    ("./a", ".", "a"), ("../a/b", "../a", "b"),
  ]

  @Test(arguments: paths)
  func `a path is its folder and its name`(row: (path: String, folder: String, name: String)) {
    let split = splitPath(row.path)
    #expect(split.folder == row.folder)
    #expect(split.name == row.name)
  }

  @Test func `reading a file stops at its limit`() throws {
    let folder = try TemporaryFolder()
    let path = try folder.file("data", [UInt8](repeating: 1, count: 100_000))
    #expect(try readWholeFile(path, byteCountMax: 100_000).count == 100_000)
    #expect { try readWholeFile(path, byteCountMax: 99_999) } throws: {
      ($0 as? SystemError)?.code == EFBIG
    }
    #expect(try readWholeFile("/proc/self/status", byteCountMax: 1 << 20).count > 100)
    #expect(throws: SystemError.self) { try readWholeFile("/proc/self/status", byteCountMax: 10) }
    #expect(throws: SystemError.self) { try listFolder("/proc/self/fd", countMax: 1) }
  }

  @Test func `a place where nothing can be written is an error at once`() {
    #expect(throws: SystemError.self) { _ = try AtomicFileWriter(path: "/proc/model") }
    #expect(throws: SystemError.self) { _ = try AtomicFolderWriter(path: "/proc/self/x/y") }
  }
}
