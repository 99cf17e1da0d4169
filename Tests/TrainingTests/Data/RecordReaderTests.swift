import ByteCoding
import Foundation
import TestSupport
import Testing

@testable import Training

/// Files of records: several, compressed, with bad lines, empty, cut.
@Suite struct RecordReaderTests {
  private let fixture: DataFixture
  private static let choice = LayoutChoice.firstLine(denseCount: 2, coding: .key)

  init() throws { fixture = try DataFixture() }

  private func line(_ number: Int) -> String { "\(number & 1)\t\(number)\t\tk\(number)\tx\n" }

  private func lines(_ range: Range<Int>) -> String { range.map(line).joined() }

  /// The first dense values of all records.
  private func read(
    _ paths: [String], threads: Int = 1, skips: Bool = false, choice: LayoutChoice = choice,
    block: Int = 1000
  ) throws -> (numbers: [Int], report: ReadReport) {
    let reader = try RecordReader(
      paths: paths, layout: choice, threadCount: threads, skipsBadLines: skips,
      blockByteCount: block)
    var numbers: [Int] = []
    while let blocks = try reader.next() {
      for block in blocks {
        numbers += (0..<block.count).map {
          Int(block.dense[$0 * block.dense.count / block.capacity])
        }
      }
    }
    return (numbers, reader.report)
  }

  private func failure(_ paths: [String], threads: Int = 1, block: Int = 1 << 16) -> String {
    do {
      _ = try read(paths, threads: threads, block: block)
      return ""
    } catch {
      return "\(error)"
    }
  }

  @Test(arguments: [1, 2, 5])
  func `files are read one after the other, compressed or not`(threads: Int) throws {
    let paths = [
      try fixture.file("a", lines(0..<10)),
      try fixture.gzip("b", [lines(10..<5000), lines(5000..<5001)]),
      try fixture.file("empty", ""),
      try fixture.gzip("empty.gz", [""]),
      try fixture.file("c", String(lines(5001..<5010).dropLast())),
      try fixture.file("d", lines(5010..<5020).replacing("\n", with: "\r\n")),
    ]
    let (numbers, report) = try read(paths, threads: threads)
    expectSame(numbers, Array(0..<5020))
    #expect(report.rowCount == 5020 && report.badLineCount == 0)
    let sizes = try paths.map { try Data(contentsOf: URL(filePath: $0)).count }
    #expect(report.byteCount == sizes.reduce(0, +))
  }

  @Test(arguments: [1, 3])
  func `text of many blocks keeps its order`(threads: Int) throws {
    let count = 20_000
    let path = try fixture.file("big", lines(0..<count))
    for block in [500, 4099, 1 << 20] {
      let (numbers, _) = try read([path], threads: threads, block: block)
      expectSame(numbers, Array(0..<count))
    }
  }

  @Test(arguments: [1, 4])
  func `a bad line is named with its file and number, also far behind`(threads: Int) throws {
    let first = try fixture.file("first", lines(0..<600))
    let text = lines(0..<700) + "1\tx\t\ta\tb\n" + lines(0..<10)
    let second = try fixture.file("second", text)
    #expect(
      failure([first, second], threads: threads)
        == "\(second), line 701: column 2 (I1): 'x' is no number of float32; correct the line, "
        + "or pass --skip-bad-lines")
    let (numbers, report) = try read([first, second], threads: threads, skips: true)
    #expect(numbers.count == 1310)
    #expect(report.badLineCount == 1)
    #expect(
      report.badLines == ["\(second), line 701: column 2 (I1): 'x' is no number of float32"])
  }

  @Test func `skipped lines are counted, and the first of them told`() throws {
    let path = try fixture.file("f", (0..<20).map { line($0) + "bad\n" }.joined())
    let (numbers, report) = try read([path], skips: true)
    #expect(numbers == Array(0..<20))
    #expect(report.badLineCount == 20)
    #expect(report.badLines.count == DataLimits.reportedLineCountMax)
    #expect(report.badLines[1].hasPrefix("\(path), line 4: 1 fields;"))
  }

  @Test func `a line that is too long is bad, and the next one is read`() throws {
    let long = String(repeating: "y", count: DataLimits.lineByteCountMax + 300_000)
    let path = try fixture.file("f", line(0) + "1\t1\t\t\(long)\tx\n" + line(1))
    #expect(failure([path]).hasPrefix("\(path), line 2: the line is longer than 1048576 bytes;"))
    let (numbers, report) = try read([path], skips: true, block: 1 << 20)
    #expect(numbers == [0, 1] && report.badLineCount == 1)
    let endless = try fixture.file("endless", line(0) + long)
    let (few, other) = try read([endless], skips: true, block: 1 << 20)
    #expect(few == [0] && other.badLineCount == 1)
  }

  @Test func `the first line tells how many categories there are`() throws {
    let path = try fixture.file("f", "1\t2\n")
    #expect(
      failure([path])
        == "\(path), line 1: 2 fields; expected are a label, 2 dense values, and at least one "
        + "category, with tabs between them")
    let reader = try RecordReader(
      paths: [fixture.file("g", line(1))], layout: Self.choice, threadCount: 1)
    _ = try reader.next()
    #expect(reader.layout?.categoricalCount == 2)
  }

  @Test func `gzip that is cut or changed is an error, and no silent end`() throws {
    let path = try fixture.gzip("f.gz", [lines(0..<2000)])
    let whole = try [UInt8](Data(contentsOf: URL(filePath: path)))
    for count in [3, 10, 17, 100, whole.count / 2, whole.count - 8, whole.count - 1] {
      let cut = try fixture.folder.file("cut.gz", Array(whole[..<count]))
      #expect(failure([cut]) == "\(cut): the compressed bytes end early", "\(count) bytes")
    }
    var changed = whole
    changed[whole.count / 2] ^= 0xFF
    let path2 = try fixture.folder.file("changed.gz", changed)
    #expect(!failure([path2]).isEmpty)
    let trailing = try fixture.folder.file("trailing.gz", whole + Array("more".utf8))
    #expect(failure([trailing]).hasPrefix("\(trailing): the compressed bytes are malformed"))
  }

  @Test func `a missing file and a folder are errors with their names`() throws {
    #expect(failure(["/nonexistent/x"]).contains("/nonexistent/x"))
    #expect(failure([fixture.folder.path]).contains(fixture.folder.path))
    #expect(failure([]) == "no file of data is named")
  }

  @Test func `every cut of a small file gives its whole lines or an error`() throws {
    let text = lines(0..<2)
    for count in 0...text.utf8.count {
      let path = try fixture.file("cut", String(text.prefix(count)))
      let whole = text.prefix(count).split(separator: "\n", omittingEmptySubsequences: false)
      let complete = whole.filter {
        $0.split(separator: "\t", omittingEmptySubsequences: false).count == 5
      }
      let (numbers, report) = try read(
        [path], skips: true,
        choice: .fixed(RecordLayout(denseCount: 2, categoricalCount: 2, coding: .key)))
      #expect(numbers == Array(0..<complete.count), "\(count) bytes")
      #expect(
        report.badLineCount == (whole.last == "" ? whole.count - 1 : whole.count) - complete.count)
    }
  }
}
