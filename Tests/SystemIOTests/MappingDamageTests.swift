import Glibc
import SystemIO
import TestSupport
import Testing

/// Truncation under a mapping, with the real signal.
@Suite struct MappingDamageTests {
  private static let pageByteCount = 4096

  @Test func `bytes behind a cut read as zeros, and the mapping is marked`() throws {
    MappingDamage.catchBusErrors()
    let folder = try TemporaryFolder()
    let ones = [UInt8](repeating: 1, count: 8 * Self.pageByteCount)
    let cut = try MappedFile(opening: try folder.file("cut", ones))
    let whole = try MappedFile(opening: try folder.file("whole", ones))
    #expect(isDamaged(cut) == false)
    let before = MappingDamage.count
    try folder.resize("cut", to: 2 * Self.pageByteCount)
    // What is left of the file is read as before, and says nothing.
    #expect(load(cut, Self.pageByteCount) == 1)
    #expect(isDamaged(cut) == false)
    #expect(load(cut, 5 * Self.pageByteCount + 7) == 0)
    #expect(isDamaged(cut) == true)
    #expect(isDamaged(whole) == false)
    #expect(MappingDamage.count > before)
    // Pages before the one that failed first fail on their own.
    for page in 0..<8 {
      #expect(load(cut, page * Self.pageByteCount) == (page < 2 ? 1 : 0), "page \(page)")
      #expect(load(whole, page * Self.pageByteCount) == 1, "page \(page)")
    }
    #expect(isDamaged(whole) == false)
  }

  @Test func `a place used again is not marked`() throws {
    MappingDamage.catchBusErrors()
    let folder = try TemporaryFolder()
    let content = [UInt8](repeating: 1, count: 2 * Self.pageByteCount)
    for round in 0..<20 {
      let path = try folder.file("data", content)
      let file = try MappedFile(opening: path)
      #expect(isDamaged(file) == false, "round \(round)")
      try folder.resize("data", to: 0)
      #expect(load(file, Self.pageByteCount) == 0)
      #expect(isDamaged(file) == true, "round \(round)")
    }
  }

  @Test func `many threads may hit the same damage at once`() throws {
    MappingDamage.catchBusErrors()
    let folder = try TemporaryFolder()
    let pageCount = 256
    let shared = Shared(
      try MappedFile(
        opening: try folder.file(
          "data", [UInt8](repeating: 1, count: pageCount * Self.pageByteCount))))
    try folder.resize("data", to: 0)
    let threads = try (0..<8).map { number in
      try WorkerThread(name: "reader-\(number)") {
        for page in 0..<pageCount {
          let place = (page * 31 + number * 17) % pageCount
          #expect(load(shared.file, place * Self.pageByteCount) == 0)
        }
      }
    }
    for thread in threads { thread.join() }
    #expect(isDamaged(shared.file) == true)
  }

  @Test func `a bus error elsewhere still ends the process`() async {
    // By the signal; by an exit code of their own with sanitizers.
    await #expect(processExitsWith: .failure) {
      MappingDamage.catchBusErrors()
      raise(SIGBUS)
    }
  }

  private final class Shared: Sendable {
    let file: MappedFile
    init(_ file: consuming MappedFile) { self.file = file }
  }
}

private func isDamaged(_ file: borrowing MappedFile) -> Bool { file.isDamaged }

private func load(_ file: borrowing MappedFile, _ offset: Int) -> UInt8 {
  // SAFETY: the offset is one of the mapping's; the span checks it.
  unsafe file.bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
}

@Suite struct FolderWatchTests {
  @Test func `changes in watched folders are told, others are not`() throws {
    let folder = try TemporaryFolder()
    let inner = try folder.file("inner")
    try makeFolder(inner)
    var watch = try FolderWatch()
    #expect(failure(&watch, [folder.path, inner, "/nowhere"]) == nil)
    #expect(hasChanges(&watch) == false)
    let file = try folder.file("inner/data", [1, 2, 3])
    #expect(hasChanges(&watch) == true)
    #expect(hasChanges(&watch) == false)
    try folder.resize("inner/data", to: 1)
    #expect(hasChanges(&watch) == true)
    #expect(failure(&watch, [folder.path]) == nil)
    _ = watch.clear()
    try folder.resize("inner/data", to: 0)
    #expect(hasChanges(&watch) == false)
    try removeFile(file)
    #expect(hasChanges(&watch) == false)
    _ = try folder.file("outer", [1])
    #expect(hasChanges(&watch) == true)
  }

  @Test func `a folder that comes back under its name is watched again`() throws {
    let folder = try TemporaryFolder()
    let inner = try folder.file("inner")
    try makeFolder(inner)
    var watch = try FolderWatch()
    #expect(failure(&watch, [inner]) == nil)
    try removeFlatFolder(inner)
    try makeFolder(inner)
    #expect(failure(&watch, [inner]) == nil)
    _ = watch.clear()
    _ = try folder.file("inner/data", [1])
    #expect(hasChanges(&watch) == true)
  }
}

private func hasChanges(_ watch: inout FolderWatch) -> Bool { watch.clear() }

private func failure(_ watch: inout FolderWatch, _ folders: Set<String>) -> SystemError? {
  watch.watch(only: folders)
}
