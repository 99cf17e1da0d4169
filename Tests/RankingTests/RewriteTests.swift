import Checkpoints
import Embeddings
import Foundation
import Kernels
import Testing

@testable import Ranking

/// Checkpoints rewritten with narrower rows, and vectors written for other programs.
@Suite struct RewriteTests {
  private static func model(_ folder: TemporaryFolder, _ row: TorchCase) throws -> Model {
    try row.imported().write(folder: folder.file("m"), metadata: ["source": "test"])
    return try ModelLoader.load(path: folder.file("m"))
  }

  private static func vectors(_ feature: FeatureTable) throws -> [Float] {
    let ids = (0..<feature.specification.cardinality).map { Int64($0) }
    var vectors = [Float](repeating: 0, count: ids.count * feature.specification.vectorWidth)
    var scratch = LookupScratch()
    var output = vectors.mutableSpan
    try feature.vectors(of: ids.span, missing: .error, scratch: &scratch, into: &output)
    return vectors
  }

  private static func quantize(
    _ model: Model, _ element: RowElement, to folder: String, features: Set<String>? = nil
  ) throws(ModelError) -> [ModelQuantizer.TableReport] {
    try ModelQuantizer.write(
      model, as: element, features: features, folder: folder, overwrite: false, metadata: [:]
    ) { _ in }
  }

  @Test(arguments: [RowElement.f16, .bf16, .int8, .int4])
  func `narrow rows are as far from the wide ones as the report says`(
    _ element: RowElement
  ) throws {
    let folder = try TemporaryFolder()
    let model = try Self.model(folder, TorchCase.all[1])
    let reports = try Self.quantize(model, element, to: folder.file("narrow"))
    let narrow = try ModelLoader.load(path: folder.file("narrow"))
    #expect(reports.count == 10)
    #expect(narrow.metadata["source"] == "test")
    #expect(narrow.embeddingByteCount == reports.reduce(0) { $0 + $1.byteCountAfter })
    #expect(narrow.embeddingByteCount < model.embeddingByteCount)
    // Rows of a concatenation are seen as they are: no sum or product hides an error.
    for (wide, near) in zip(model.features, narrow.features) {
      let own = reports.filter { $0.feature == wide.specification.name }
      let largest = try zip(Self.vectors(wide), Self.vectors(near)).map { abs($0 - $1) }.max() ?? 0
      #expect(largest > 0)
      #expect(largest <= (own.map(\.errorMax).max() ?? 0))
    }
    let checks = CheckpointVerification.run(path: folder.file("narrow"), golden: nil) { _ in }
    #expect(checks.filter { !$0.hasPassed } == [])
  }

  @Test func `only the chosen features change, and a second time is refused`() throws {
    let folder = try TemporaryFolder()
    let model = try Self.model(folder, TorchCase.all[1])
    let reports = try Self.quantize(model, .int8, to: folder.file("8"), features: ["C2"])
    #expect(reports.map(\.table) == ["embeddings.C2.0", "embeddings.C2.1"])
    let narrow = try ModelLoader.load(path: folder.file("8"))
    let quantized = narrow.configuration.categoricalFeatures.map {
      $0.table.partitions.map(\.quantized)
    }
    #expect(quantized == [[nil, nil], [.int8, .int8], [nil, nil], [nil, nil], [nil, nil]])
    for index in [0, 2, 3, 4] {
      let (before, after) = (model.features[index], narrow.features[index])
      let same = try Self.vectors(before) == Self.vectors(after)
      #expect(same, "\(after.specification.name)")
    }
    #expect(throws: ModelError.self) {
      _ = try Self.quantize(narrow, .int4, to: folder.file("4"))
    }
    #expect(throws: ModelError.self) {
      _ = try Self.quantize(model, .int4, to: folder.file("4"), features: ["C9"])
    }
    #expect(!Files.exists(folder.file("4")))
  }

  @Test func `path, projection, weights and buckets survive`() throws {
    for name in ["plain-dcn", "mixed-dimensions", "weighted-pooling"] {
      let folder = try TemporaryFolder()
      let model = try Self.model(folder, .made(name))
      _ = try Self.quantize(model, .bf16, to: folder.file("narrow"))
      let narrow = try ModelLoader.load(path: folder.file("narrow"))
      for (wide, near) in zip(model.features, narrow.features) {
        let (exact, found) = (try Self.vectors(wide), try Self.vectors(near))
        let scale = exact.map(abs).max() ?? 1
        let largest = zip(exact, found).map { abs($0 - $1) }.max() ?? 0
        #expect(largest > 0 && largest < 0.05 * scale, "\(name) \(near.specification.name)")
      }
    }
  }

  @Test func `an export holds every vector, in blocks that do not show`() throws {
    let folder = try TemporaryFolder()
    // More categories than a block has, and not a multiple of it.
    let count = VectorExport.blockCategoryCount * 2 + 17
    let options = CompressionMethod.Options()
    let table = CompressionMethod.qrMultiply.specification(
      name: "a", cardinality: count, options: options)
    let tensors = table.partitions.enumerated().map { position, partition in
      let rows = partition.kind.tableRowCount(cardinality: count)
      let bytes = (0..<rows * 16).flatMap { element in
        let bits = Float(element % 1_000 + position).bitPattern
        return (0..<4).map { UInt8(truncatingIfNeeded: bits >> UInt32(8 * $0)) }
      }
      return Tensor(
        name: partition.table, elementType: .f32, shape: [rows, 16], copying: bytes.span)
    }
    let feature = try FeatureTable(table) { name in tensors.first { $0.name == name } }
    var steps: [Int] = []
    let path = folder.file("a.npy")
    let byteCount = try VectorExport.write(feature, path: path, overwrite: false) {
      steps.append($0)
    }
    #expect(steps == [4_096, 8_192, count])
    let file = try Files.bytes(path)
    #expect(file.count == byteCount)
    let tensor = try NumpyArchive(opening: path).tensor(named: "")
    #expect(tensor.shape == [count, 16])
    #expect(try tensor.floats() == Self.vectors(feature))
    #expect(throws: ModelError.self) {
      _ = try VectorExport.write(feature, path: path, overwrite: false) { _ in }
    }
    #expect(try VectorExport.write(feature, path: path, overwrite: true) { _ in } == byteCount)
  }
}
