import ByteCoding
import Checkpoints
import Embeddings
import Foundation
import Testing

@testable import Ranking

@Suite struct VerificationTests {
  private func run(_ path: String, golden: String? = nil) -> [CheckpointVerification.Check] {
    CheckpointVerification.run(path: path, golden: golden) { _ in }
  }

  @Test func `a good checkpoint passes every check`() throws {
    let folder = try TemporaryFolder()
    try TorchCase.all[0].imported().write(folder: folder.file("m"))
    let checks = run(folder.file("m"), golden: TorchCase.all[0].golden)
    #expect(checks.filter { !$0.hasPassed } == [])
    #expect(checks.map(\.name).prefix(3) == ["structure", "checksums", "values"])
    #expect(checks.last?.name == "golden")
    #expect(checks.count == 3 + 26 + 1)
  }

  @Test func `a changed value is found by its checksum and by the golden file`() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("m")
    try TorchCase.all[1].imported().write(folder: path)
    var bytes = try Files.bytes("\(path)/model.safetensors")
    bytes[bytes.count - 2] ^= 0x40
    try Files.write(bytes, to: "\(path)/model.safetensors")
    #expect(run(path).filter { !$0.hasPassed }.map(\.name) == ["checksums"])
    #expect(
      run(path, golden: TorchCase.all[0].golden).filter { !$0.hasPassed }.map(\.name)
        == ["checksums", "golden"])
  }

  /// A model of one feature with n categories over tables of ones.
  private func write(
    _ folder: TemporaryFolder, kinds: [PartitionKind], cardinality: Int,
    buckets: [[Int32]] = [], value: Float = 1
  ) throws -> String {
    let path = folder.file("m")
    let table = FeatureSpecification(
      name: "a", cardinality: cardinality, dimension: 2,
      composition: kinds.count == 1 ? .single : .add,
      partitions: kinds.enumerated().map { PartitionSpecification(kind: $1, table: "t\($0)") })
    var tensors: [Tensor] = []
    for (position, kind) in kinds.enumerated() {
      var rows = kind.tableRowCount(cardinality: cardinality)
      if case .explicit(let name) = kind {
        rows = Int(buckets[position].max() ?? 0) + 1
        let bytes = buckets[position].flatMap { number in
          (0..<4).map { UInt8(truncatingIfNeeded: number >> Int32(8 * $0)) }
        }
        tensors.append(
          Tensor(
            name: name, elementType: .i32, shape: [buckets[position].count], copying: bytes.span))
      }
      let bytes = [Float](repeating: value, count: rows * 2).flatMap { number in
        (0..<4).map { UInt8(truncatingIfNeeded: number.bitPattern >> UInt32(8 * $0)) }
      }
      tensors.append(
        Tensor(name: "t\(position)", elementType: .f32, shape: [rows, 2], copying: bytes.span))
    }
    try ImportedModel(
      configuration: ModelConfiguration(
        name: "m", architecture: .embeddings, categoricalFeatures: [.init(table: table)]),
      tensors: tensors
    ).write(folder: path)
    return path
  }

  struct Family: Sendable, CustomTestStringConvertible {
    let name: String
    let kinds: [PartitionKind]
    let cardinality: Int
    var buckets: [[Int32]] = []
    let isComplementary: Bool
    var testDescription: String { name }
  }

  static let families: [Family] = [
    .init(name: "identity", kinds: [.identity], cardinality: 9, isComplementary: true),
    .init(
      name: "quotient-remainder", kinds: [.quotient(divisor: 4), .remainder(modulus: 4)],
      cardinality: 1001, isComplementary: true),
    .init(
      name: "mixed radix",
      kinds: [
        .mixedRadix(divisor: 1, modulus: 3), .mixedRadix(divisor: 3, modulus: 4),
        .mixedRadix(divisor: 12, modulus: 5),
      ], cardinality: 60, isComplementary: true),
    .init(
      name: "mixed radix, one category too many",
      kinds: [.mixedRadix(divisor: 1, modulus: 3), .mixedRadix(divisor: 3, modulus: 4)],
      cardinality: 13, isComplementary: false),
    .init(
      name: "Chinese remainder", kinds: [.remainder(modulus: 4), .remainder(modulus: 7)],
      cardinality: 28, isComplementary: true),
    .init(
      name: "Chinese remainder with a common factor",
      kinds: [.remainder(modulus: 4), .remainder(modulus: 6)], cardinality: 24,
      isComplementary: false),
    .init(
      name: "hashing trick", kinds: [.remainder(modulus: 5)], cardinality: 6,
      isComplementary: false),
    .init(
      name: "explicit", kinds: [.explicit(buckets: "b0"), .explicit(buckets: "b1")],
      cardinality: 4, buckets: [[0, 0, 1, 1], [0, 1, 0, 1]], isComplementary: true),
    .init(
      name: "explicit, two alike", kinds: [.explicit(buckets: "b0"), .explicit(buckets: "b1")],
      cardinality: 4, buckets: [[0, 0, 1, 1], [0, 1, 1, 1]], isComplementary: false),
  ]

  @Test(arguments: families)
  func `complementarity is proven, or two categories are named`(_ row: Family) throws {
    let folder = try TemporaryFolder()
    let path = try write(
      folder, kinds: row.kinds, cardinality: row.cardinality, buckets: row.buckets)
    let check = try #require(run(path).first { $0.name == "partitions of a" })
    #expect(check.hasPassed == row.isComplementary, "\(check.detail)")
    #expect(check.isCollision == !row.isComplementary)
    guard !row.isComplementary else { return }
    let numbers = check.detail.matches(of: /categories (\d+) and (\d+)/)
    let pair = try #require(numbers.first)
    let (first, second) = (try #require(Int(pair.1)), try #require(Int(pair.2)))
    #expect(first != second)
    for (position, kind) in row.kinds.enumerated() {
      let buckets = [first, second].map { bucket($0, kind, row.buckets, position) }
      #expect(buckets[0] == buckets[1], "\(first) and \(second) differ in partition \(position)")
    }
  }

  private func bucket(
    _ category: Int, _ kind: PartitionKind, _ buckets: [[Int32]], _ position: Int
  ) -> Int {
    switch kind {
    case .identity: category
    case .quotient(let divisor): category / divisor
    case .remainder(let modulus): category % modulus
    case .mixedRadix(let divisor, let modulus): category / divisor % modulus
    case .explicit: Int(buckets[position][category])
    }
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func `a value that is not finite is found`(_ value: Float) throws {
    let folder = try TemporaryFolder()
    let path = try write(folder, kinds: [.identity], cardinality: 3, value: value)
    let failed = run(path).filter { !$0.hasPassed }
    #expect(failed.map(\.detail) == ["tensor 't0' has a value that is not finite in row 0"])
  }

  @Test func `non-finite numbers are found in every float type, and no others`() {
    for bits in 0...UInt16.max {
      let bytes = [UInt8(truncatingIfNeeded: bits), UInt8(bits >> 8)]
      let half = Tensor(name: "h", elementType: .f16, shape: [1], copying: bytes.span)
      #expect((half.firstNonFinite() == nil) == ((bits >> 10) & 31 != 31))
      let brain = Tensor(name: "b", elementType: .bf16, shape: [1], copying: bytes.span)
      let number = Float(bitPattern: UInt32(bits) << 16)
      #expect((brain.firstNonFinite() == nil) == number.isFinite)
      let single = Tensor(name: "s", elementType: .f32, shape: [1], copying: ([0, 0] + bytes).span)
      #expect((single.firstNonFinite() == nil) == number.isFinite)
    }
  }
}
