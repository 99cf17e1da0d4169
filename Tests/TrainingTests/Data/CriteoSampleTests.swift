import ByteCoding
import Checkpoints
import Foundation
import Testing

@testable import Training

/// What the released DLRM code's preprocessing makes of a sample of Criteo's data, to the bit.
@Suite struct CriteoSampleTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Reference/criteo-sample").path()
  private let fixture: DataFixture
  private let expected: NumpyArchive

  init() throws {
    fixture = try DataFixture()
    expected = try NumpyArchive(opening: "\(Self.folder)/expected.npz")
  }

  private func integers(_ name: String) throws -> [Int64] {
    let tensor = try expected.tensor(named: name)
    let bytes = tensor.byteSpan
    return (0..<tensor.elementCount).map { index in
      tensor.elementType == .i32
        ? Int64(LittleEndian.load(Int32.self, from: bytes, at: index * 4))
        : LittleEndian.load(Int64.self, from: bytes, at: index * 8)
    }
  }

  private func dataset(threads: Int = 1, minimum: Int = 1) throws -> Dataset {
    var options = DatasetOptions()
    options.threadCount = threads
    options.occurrencesMin = minimum
    return try fixture.open(["\(Self.folder)/train.txt"], options)
  }

  @Test(arguments: [1, 3])
  func `labels, dense values and indices are the released code's`(threads: Int) throws {
    let dataset = try dataset(threads: threads)
    let samples = try dataset.samples(batch: 128)
    expectSame(samples.labels.map { Int64($0) }, try integers("y"))
    // NumPy's float32 logarithm is one unit off for some values; ours is rounded correctly.
    let logarithms = try #require(try expected.tensor(named: "X_int_log").floatValues())
    let exact = try integers("X_int").map { Float(Foundation.log(Double($0 + 1))) }
    expectSame(samples.dense, exact)
    for (value, released) in zip(samples.dense, logarithms) where abs(value - released) > value.ulp
    {
      Issue.record("\(value) is not \(released)")
    }
    let indices = try integers("X_cat")
    for feature in 0..<26 {
      let column = (0..<dataset.rowCount).map { indices[$0 * 26 + feature] }
      expectSame(samples.ids[feature], column)
    }
    #expect(dataset.description.cardinalities.map { Int64($0) } == (try integers("counts")))
  }

  @Test func `the dense values before the logarithm are the released code's`() throws {
    let text = try [UInt8](Data(contentsOf: URL(filePath: "\(Self.folder)/train.txt")))
    let layout = RecordLayout(denseCount: 13, categoricalCount: 26, coding: .key)
    let block = RecordParser(layout).parse(text.span)
    let read = block.dense[..<(block.count * 13)].map { Int64($0 > 0 ? $0 : 0) }
    expectSame(read, try integers("X_int"))
  }

  @Test func `the days and their parts are the released code's`() throws {
    let dataset = try dataset()
    #expect(
      DaySplit.rowCounts(of: dataset.rowCount).map { Int64($0) } == (try integers("rows_per_day")))
    let parts: [(DatasetPart, String)] = [
      (.train, "train_rows"), (.test, "test_rows"), (.validation, "val_rows"),
    ]
    for (part, name) in parts {
      let rows = dataset.rows(part)
      #expect([Int64(rows.lowerBound), Int64(rows.upperBound)] == (try integers(name)), "\(part)")
    }
  }

  @Test func `the keys of the indices are the released code's`() throws {
    for (feature, entry) in try dataset().description.categoricalFeatures.enumerated() {
      guard case .vocabulary(let keys) = entry.input else {
        Issue.record("C\(feature + 1) has no vocabulary")
        continue
      }
      let values = (0..<keys.count).map { id in
        // The released code writes 0 for a missing value.
        keys[id].isEmpty ? 0 : Int64(String(decoding: keys[id], as: UTF8.self), radix: 16)
      }
      #expect(values == (try integers("dict_\(feature)")), "C\(feature + 1)")
      #expect(entry.defaultCategory == values.firstIndex(of: 0), "C\(feature + 1)")
    }
  }

  @Test func `hashed inputs are the keys modulo the range, a missing one 0`() throws {
    var options = DatasetOptions()
    options.input = .hash(range: 1000)
    let dataset = try fixture.open(["\(Self.folder)/train.txt"], options)
    let indices = try integers("X_cat")
    let samples = try dataset.samples()
    for feature in 0..<26 {
      let values = try integers("dict_\(feature)")
      let ids = (0..<dataset.rowCount).map { values[Int(indices[$0 * 26 + feature])] % 1000 }
      expectSame(samples.ids[feature], ids)
    }
    #expect(dataset.description.cardinalities == [Int](repeating: 1000, count: 26))
  }

  @Test func `the paper's split of the whole data has the published sizes`() {
    let rows = 45_840_617
    #expect(DaySplit.rows(.train, of: rows).count == 39_291_958)
    #expect(DaySplit.rows(.validation, of: rows).count == 3_274_329)
    #expect(DaySplit.rows(.test, of: rows).count == 3_274_330)
  }

  @Test func `the parts cover all rows once, whatever their number`() {
    for count in 0...200 {
      #expect(DaySplit.rowCounts(of: count).reduce(0, +) == count)
      let train = DaySplit.rows(.train, of: count)
      let test = DaySplit.rows(.test, of: count)
      let validation = DaySplit.rows(.validation, of: count)
      #expect(train.lowerBound == 0 && train.upperBound == test.lowerBound)
      #expect(test.upperBound == validation.lowerBound && validation.upperBound == count)
      #expect(train.count == DaySplit.rowCounts(of: count).dropLast().reduce(0, +))
      #expect((0...1).contains(test.count - validation.count))
    }
  }
}
