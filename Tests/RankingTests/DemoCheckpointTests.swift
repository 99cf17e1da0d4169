import Checkpoints
import Embeddings
import Foundation
import Testing

@testable import Ranking

@Suite struct DemoCheckpointTests {
  @Test func `the demo has Criteo's shape and says that it is untrained`() throws {
    let configuration = DemoCheckpoint.standard.configuration
    try configuration.validate()
    #expect(configuration.categoricalFeatures.count == 26)
    #expect(configuration.denseFeatures.count == 13)
    #expect(configuration.interactionWidth == 367)
    #expect(DemoCheckpoint.standard.byteCount < 100_000_000)
    #expect(try ModelConfiguration(parsing: configuration.serialized()) == configuration)
  }

  @Test func `elements are the same in whatever blocks they are made`() {
    var random = SplitMix64(seed: 7)
    for index in 0..<100 { #expect(random.next() == SplitMix64.value(7, UInt64(index))) }
    // The first numbers of the published generator.
    #expect(SplitMix64.value(1_234_567, 0) == 6_457_827_717_110_365_317)
    #expect(SplitMix64.value(1_234_567, 1) == 3_203_168_211_198_807_973)
  }

  @Test func `the demo is made once, kept, and made again when it is damaged or old`() throws {
    let folder = try TemporaryFolder()
    let cache = folder.file("a/b")
    let small = DemoCheckpoint(cardinalityMax: 1_000)
    var made = 0
    let path = try small.ensure(in: cache) { made = max(made, $0) }
    #expect(made == small.byteCount)
    let model = try ModelLoader.load(path: path)
    #expect(model.metadata["trained"] == "false")
    #expect(model.configuration.name == "demo")
    let first = try Files.bytes("\(path)/model.safetensors")
    made = 0
    let again = try small.ensure(in: cache) { made = $0 }
    #expect(again == path)
    #expect(made == 0)
    try Files.write(Array(first.dropLast()), to: "\(path)/model.safetensors")
    _ = try small.ensure(in: cache) { made = $0 }
    #expect(made > 0)
    #expect(try Files.bytes("\(path)/model.safetensors") == first)
  }

  @Test func `products have the variance of a full table`() throws {
    let folder = try TemporaryFolder()
    let path = try DemoCheckpoint(cardinalityMax: 1_000).ensure(in: folder.path) { _ in }
    let model = try ModelLoader.load(path: path)
    let feature = try #require(
      model.features.first { $0.specification.composition == .multiply })
    let count = feature.specification.cardinality
    var values = [Float](repeating: 0, count: count * feature.specification.vectorWidth)
    let ids = (0..<count).map { Int64($0) }
    var scratch = LookupScratch()
    var output = values.mutableSpan
    try feature.vectors(
      of: ids.span, missing: .error, scratch: &scratch, into: &output)
    let mean = values.reduce(0) { $0 + Double($1) } / Double(values.count)
    let variance = values.reduce(0) { $0 + Double($1) * Double($1) } / Double(values.count)
    let expected = 1 / (3 * Double(count))
    // Quotient rows are few (n / 4 of width 16), so the estimate is good to some percent.
    #expect(abs(variance / expected - 1) < 0.15)
    #expect(abs(mean) < 0.1 * expected.squareRoot())
  }
}
