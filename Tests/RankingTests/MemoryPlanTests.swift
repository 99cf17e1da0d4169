import Embeddings
import Testing

@testable import Ranking

@Suite struct MemoryPlanTests {
  struct Row: CustomTestStringConvertible, Sendable {
    let architecture: ModelConfiguration.Architecture
    let method: CompressionMethod
    let collisions: Int
    let threshold: Int
    let parameterCount: Int
    var testDescription: String {
      "\(architecture) \(method.rawValue) c=\(collisions) t=\(threshold)"
    }
  }

  /// Shi et al. 2019 on the Criteo Kaggle cardinalities, worked out from the paper and its code.
  static let paper: [Row] = [
    .init(
      architecture: .dlrm, method: .full, collisions: 1, threshold: 0, parameterCount: 540_677_217),
    .init(
      architecture: .dcn, method: .full, collisions: 1, threshold: 0, parameterCount: 540_574_810),
    .init(
      architecture: .dlrm, method: .qrMultiply, collisions: 2, threshold: 0,
      parameterCount: 270_577_553),
    .init(
      architecture: .dlrm, method: .qrAdd, collisions: 4, threshold: 0,
      parameterCount: 135_528_113),
    .init(
      architecture: .dlrm, method: .qrMultiply, collisions: 7, threshold: 0,
      parameterCount: 77_650_705),
    .init(
      architecture: .dlrm, method: .qrMultiply, collisions: 60, threshold: 0,
      parameterCount: 9_504_545),
    .init(
      architecture: .dcn, method: .qrMultiply, collisions: 4, threshold: 0,
      parameterCount: 135_425_706),
    .init(
      architecture: .dcn, method: .qrAdd, collisions: 60, threshold: 0, parameterCount: 9_402_138),
    .init(
      architecture: .dlrm, method: .hash, collisions: 4, threshold: 0,
      parameterCount: 135_526_449),
    .init(
      architecture: .dlrm, method: .separate, collisions: 4, threshold: 0,
      parameterCount: 136_053_937),
    .init(
      architecture: .dlrm, method: .qrMultiply, collisions: 4, threshold: 200,
      parameterCount: 135_530_033),
  ]

  @Test(arguments: paper)
  func `parameter counts land on the paper's`(_ row: Row) throws {
    var options = CompressionMethod.Options()
    options.collisions = row.collisions
    options.threshold = row.threshold
    let configuration = MemoryPlan.configuration(
      name: "plan", architecture: row.architecture,
      cardinalities: MemoryPlan.criteoKaggleCardinalities, method: row.method, options: options)
    try configuration.validate()
    #expect(MemoryPlan(configuration).parameterCount == row.parameterCount)
  }

  @Test func `a concatenation shares the width among its tables`() throws {
    var options = CompressionMethod.Options()
    options.dimension = 7
    let table = CompressionMethod.qrConcatenate.specification(
      name: "a", cardinality: 101, options: options)
    #expect(table.partitionWidths == [4, 3])
    let feature = MemoryPlan.Feature(table)
    #expect(feature.bucketCounts == [26, 4])
    #expect(feature.parameterCount == 26 * 4 + 4 * 3)
  }

  @Test func `a path feature counts one MLP per remainder`() {
    var options = CompressionMethod.Options()
    options.hidden = 3
    options.dimension = 2
    let table = CompressionMethod.path.specification(name: "a", cardinality: 10, options: options)
    // Quotient table 3 x 2; four MLPs of 2 x 3 + 3 + 3 x 2 + 2.
    #expect(MemoryPlan.Feature(table).parameterCount == 6 + 4 * 17)
  }

  @Test(arguments: [CompressionMethod.crt, .mixedRadix, .qrMultiply], [2, 3, 4])
  func `the planned partitions tell all categories apart`(
    method: CompressionMethod, partitions: Int
  ) {
    for cardinality in [1, 2, 3, 7, 59, 60, 61, 100, 1009] {
      for collisions in [1, 2, 3, 4, 7, 60] {
        var options = CompressionMethod.Options()
        options.collisions = collisions
        options.partitions = partitions
        let table = method.specification(name: "a", cardinality: cardinality, options: options)
        var seen: Set<[Int]> = []
        for category in 0..<cardinality {
          let buckets = table.partitions.map { bucket(of: category, $0.kind) }
          #expect(
            zip(buckets, table.partitions).allSatisfy {
              $0 < $1.kind.tableRowCount(cardinality: cardinality)
            })
          seen.insert(buckets)
        }
        #expect(
          seen.count == cardinality, "\(method) n=\(cardinality) c=\(collisions) k=\(partitions)")
      }
    }
  }

  private func bucket(of category: Int, _ kind: PartitionKind) -> Int {
    switch kind {
    case .identity: category
    case .quotient(let divisor): category / divisor
    case .remainder(let modulus): category % modulus
    case .mixedRadix(let divisor, let modulus): category / divisor % modulus
    case .explicit: 0
    }
  }
}
