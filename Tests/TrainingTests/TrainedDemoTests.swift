import ByteCoding
import Foundation
import Kernels
import Ranking
import TestSupport
import Testing

@testable import Training

@Suite struct TrainedDemoTests {
  private static let small = TrainedDemo(
    rowCount: 8192, cardinalityMax: 60, bottomHidden: [16], topHidden: [16])

  @Test func `the demo is trained once, kept, and trained again when it is damaged`() throws {
    let folder = try TemporaryFolder()
    var reports = 0
    let path = try Self.small.ensure(in: folder.path, threadCount: 2) { _ in reports += 1 }
    #expect(reports > 0)
    let model = try ModelLoader.load(path: path)
    #expect(model.configuration.name == "demo")
    #expect(model.metadata["trained"] == "true")
    let bytes = try Data(contentsOf: URL(filePath: "\(path)/model.safetensors"))
    reports = 0
    #expect(try Self.small.ensure(in: folder.path, threadCount: 1) { _ in reports += 1 } == path)
    #expect(reports == 0)
    try bytes.dropLast().write(to: URL(filePath: "\(path)/model.safetensors"))
    _ = try Self.small.ensure(in: folder.path, threadCount: 1) { _ in reports += 1 }
    #expect(reports > 0)
    let again = try Data(contentsOf: URL(filePath: "\(path)/model.safetensors"))
    #expect(again == bytes)
    #expect(folder.names == ["demo"])
  }

  @Test func `the demo that is served has Criteo's shape and size`() {
    let configuration = TrainedDemo.standard.configuration
    #expect(configuration.categoricalFeatures.count == 26)
    #expect(configuration.interactionWidth == 367)
    #expect(MemoryPlan(configuration).parameterCount * 4 < 40_000_000)
  }

  @Test func `synthesized samples are the rows of the synthesized text`() throws {
    var options = SyntheticOptions()
    options.rowCount = 5000
    options.cardinalities = [3, 400]
    options.denseCount = 2
    options.missingRate = 0
    let data = try SyntheticData(options)
    var source = SyntheticSource(data, rows: 4000..<5000)
    var batch = Minibatch(categoricalFeatureCount: 2)
    var labels: [Float] = []
    var dense: [Float] = []
    var ids: [Int64] = []
    while try source.next(300, into: &batch) {
      labels += batch.labels
      dense += batch.dense
      ids += batch.ids[1]
    }
    #expect(labels.count == 1000)
    var text = ByteBuffer(capacity: 4096)
    for block in 0..<2 { _ = data.makeBlock(block, into: &text) }
    let lines = String(decoding: [UInt8](text.bytes), as: UTF8.self).split(separator: "\n")
    var keys: [Int64: Substring] = [:]
    for (row, line) in lines[4000..<5000].enumerated() {
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
      #expect(labels[row] == Float(fields[0]))
      let value = log1p(max(Double(fields[1]) ?? 0, 0))
      #expect((Double(dense[2 * row]) - value).magnitude < 1e-6)
      // Every id has one key.
      #expect(keys.updateValue(fields[4], forKey: ids[row]) ?? fields[4] == fields[4])
    }
    #expect(Set(keys.values).count == keys.count)
  }
}
