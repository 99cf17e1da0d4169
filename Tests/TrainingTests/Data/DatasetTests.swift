import Foundation
import Ranking
import TestSupport
import Testing

@testable import Training

/// Text to cache to minibatches.
@Suite struct DatasetTests {
  private let fixture: DataFixture

  init() throws { fixture = try DataFixture() }

  private func text(_ count: Int, seed: UInt64 = 1) -> String {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { _ in
      let dense = ["", "-2", "0", "3", "300", "70000", "2.5"].randomElement(using: &generator)!
      let few = ["", "a", "b", "c"].randomElement(using: &generator)!
      let many = Int.random(
        in: 0..<Int.random(in: 1...100_000, using: &generator), using: &generator)
      return "\(many & 1)\t\(dense)\t\(many % 300)\t\(few)\t\(many)\tkey number \(many % 7)\n"
    }.joined()
  }

  @Test func `samples are the text's, whatever the batch, the rows and the threads`() throws {
    let text = text(12_000)
    let path = try fixture.file("f", text)
    var options = DatasetOptions.small
    let dataset = try fixture.open([path], options)
    #expect(dataset.rowCount == 12_000)
    let all = try dataset.samples()
    let rows = text.split(separator: "\n").map {
      $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    }
    expectSame(all.labels, rows.map { Float($0[0])! })
    for feature in 0..<3 {
      var known: [String: Int64] = [:]
      let ids = rows.map { row -> Int64 in
        let key = row[3 + feature]
        known[key] = known[key] ?? Int64(known.count)
        return known[key]!
      }
      expectSame(all.ids[feature], ids)
      #expect(dataset.description.cardinalities[feature] == known.count)
    }
    let dense = rows.flatMap { row -> [Float] in [Float(row[1]) ?? 0, Float(row[2]) ?? 0] }
    expectSame(all.dense, dense.map { logf(1 + max($0, 0)) })
    for (range, batch) in [(0..<1, 1), (17..<11_000, 128), (11_999..<12_000, 7), (5..<5, 3)] {
      let part = try dataset.samples(range, batch: batch)
      expectSame(part.labels, Array(all.labels[range]))
      expectSame(part.dense, Array(all.dense[range.lowerBound * 2..<range.upperBound * 2]))
      for feature in 0..<3 { expectSame(part.ids[feature], Array(all.ids[feature][range])) }
    }
    for threads in [2, 5] {
      options.threadCount = threads
      let other = try Dataset.open(
        [path], options: options, cache: fixture.folder.file("threads-\(threads)"))
      let isSame = try other.samples() == all
      #expect(isSame)
      #expect(
        try Data(contentsOf: URL(filePath: fixture.folder.file("threads-\(threads)")))
          == Data(contentsOf: URL(filePath: fixture.cache)), "the cache is the same, byte by byte")
    }
  }

  @Test func `a source goes back to any position`() throws {
    let dataset = try fixture.open([fixture.file("f", text(9000))])
    var source = dataset.source(100..<8000)
    #expect(source.sampleCount == 7900)
    var first = Minibatch(categoricalFeatureCount: 3)
    var again = first
    for position in [0, 7899, 5000, 7900, 1] {
      try source.seek(to: position)
      #expect(source.position == position)
      #expect(try source.next(64, into: &first) == (position < 7900))
      #expect(first == (try dataset.samples(100 + position..<min(164 + position, 8000))))
      #expect(source.position == min(position + 64, 7900))
    }
    source.rewind()
    _ = try source.next(64, into: &again)
    #expect(again == (try dataset.samples(100..<164)))
    #expect(throws: TrainingError.self) { try source.seek(to: 7901) }
    #expect(throws: TrainingError.self) { try source.seek(to: -1) }
  }

  @Test func `rare keys share the last id, and serving gives it to unknown keys`() throws {
    let keys = ["a", "b", "a", "", "c", "b", "a", "", "d"]
    let path = try fixture.file("f", keys.map { "1\t1\t1\t\($0)\n" }.joined())
    let plain = try fixture.open([path])
    #expect(try plain.samples().ids == [[0, 1, 0, 2, 3, 1, 0, 2, 4]])
    #expect(plain.description.categoricalFeatures[0].defaultCategory == 2)
    var options = DatasetOptions.small
    options.occurrencesMin = 2
    let folded = try fixture.open([path], options)
    #expect(try folded.samples().ids == [[0, 1, 0, 2, 3, 1, 0, 2, 3]])
    let feature = folded.description.categoricalFeatures[0]
    #expect(feature.cardinality == 4 && feature.defaultCategory == 3)
    options.occurrencesMin = 3
    #expect(try fixture.open([path], options).samples().ids == [[0, 1, 0, 1, 1, 1, 0, 1, 1]])
    options.occurrencesMin = 100
    #expect(try fixture.open([path], options).samples().ids == [[0, 0, 0, 0, 0, 0, 0, 0, 0]])
  }

  @Test func `index inputs are taken as they are, and none may be missing`() throws {
    var options = DatasetOptions.small
    options.input = .index
    let dataset = try fixture.open([fixture.file("f", "1\t1\t1\t70000\n0\t1\t1\t3\n")], options)
    #expect(try dataset.samples().ids == [[70_000, 3]])
    #expect(dataset.description.cardinalities == [70_001])
    #expect(
      throws: TrainingError(
        "feature 'C1' has a missing value; index inputs need an id in every field")
    ) { try fixture.open([fixture.file("g", "1\t1\t1\t\n")], options) }
  }

  @Test func `the cache is used again until the text or the options change`() throws {
    let path = try fixture.file("f", "1\t1\t1\ta\n")
    func modified() throws -> Date? {
      try FileManager.default.attributesOfItem(atPath: fixture.cache)[.modificationDate] as? Date
    }
    func inode() throws -> Int? {
      try FileManager.default.attributesOfItem(atPath: fixture.cache)[.systemFileNumber] as? Int
    }
    _ = try fixture.open([path])
    let first = try inode()
    _ = try fixture.open([path])
    #expect(try inode() == first)
    var options = DatasetOptions.small
    options.occurrencesMin = 2
    _ = try fixture.open([path], options)
    #expect(try inode() == first, "a threshold needs no other cache")
    options.input = .hash(range: 7)
    #expect(try fixture.open([path], options).description.cardinalities == [7])
    #expect(try inode() != first)
    _ = try fixture.file("f", "1\t1\t1\ta\n0\t1\t1\tb\n")
    #expect(try fixture.open([path]).rowCount == 2)
  }

  @Test func `a cache with any changed byte is found out`() throws {
    let path = try fixture.file("f", text(7))
    let all = try fixture.open([path]).samples()
    let bytes = try [UInt8](Data(contentsOf: URL(filePath: fixture.cache)))
    for position in bytes.indices {
      var changed = bytes
      changed[position] ^= 0x41
      let file = try fixture.folder.file("changed", changed)
      let read = try? CacheFile(file, 1)
      guard let read else { continue }
      var rows = CacheBlock.Rows()
      #expect(throws: TrainingError.self, "byte \(position)") {
        for block in read.blocks.indices { try read.read(block, into: &rows) }
      }
    }
    for count in [0, 1, 63, 64, 65, bytes.count - 1] {
      let file = try fixture.folder.file("cut", Array(bytes[..<count]))
      #expect(throws: TrainingError.self, "\(count) bytes") { try CacheFile(file, 1) }
    }
    // A damaged cache is made again.
    _ = try fixture.folder.file("data.cache", Array(bytes.dropLast()))
    let isSame = try fixture.open([path]).samples() == all
    #expect(isSame)
  }

  @Test func `nothing to read is an error, and leaves no cache`() throws {
    let empty = try fixture.file("empty", "")
    #expect(throws: TrainingError("\(empty): there is no record to read")) {
      try fixture.open([empty])
    }
    let bad = try fixture.file("bad", "1\t1\t1\ta\n1\t1\n")
    #expect(throws: TrainingError.self) { try fixture.open([bad]) }
    #expect(fixture.folder.names == ["bad", "empty"])
    var options = DatasetOptions.small
    options.skipsBadLines = true
    let dataset = try fixture.open([bad], options)
    #expect(dataset.rowCount == 1 && dataset.badLineCount == 1 && dataset.badLines.count == 1)
  }
}
