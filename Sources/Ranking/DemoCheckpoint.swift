import Checkpoints
import Embeddings
import SystemIO

/// A DLRM of Criteo's shape with random weights, so that there is something to serve before any
/// model was trained. The same bytes every time.
///
/// Initialisation. A full table is U(-sqrt(1/n), sqrt(1/n)), as the released DLRM code does it:
/// variance 1/(3n). For quotient-remainder tables that are multiplied the released code draws from
/// U(sqrt(1/n), 1), all positive. Two small centred tables would give products, and gradients, of
/// the order 1/n. Here the remainder rows are U(1/2, 3/2) and the quotient rows
/// U(-a, a) with a = sqrt(1 / (n (1 + 1/12))): the product is centred, has the full table's
/// variance a^2/3 * E[r^2] = 1/(3n), and each factor's gradient is of the other's size. Layers are
/// Glorot's.
package struct DemoCheckpoint: Sendable {
  package static let name = "demo"
  /// Tables are cut to 250,000 categories: 32 MiB in all, made in a fraction of a second.
  package static let standard = DemoCheckpoint(cardinalityMax: 250_000)
  /// Raised whenever the bytes change, so that an older demo in the cache is replaced.
  static let formatVersion = 1
  static let seed: UInt64 = 20_190_902

  let configuration: ModelConfiguration

  /// - Parameter cardinalityMax: no table stands for more categories.
  init(cardinalityMax: Int) {
    var options = CompressionMethod.Options()
    options.threshold = 200
    configuration = MemoryPlan.configuration(
      name: Self.name, architecture: .dlrm,
      cardinalities: MemoryPlan.criteoKaggleCardinalities.map { min($0, cardinalityMax) },
      method: .qrMultiply, options: options)
  }

  /// Bytes of its tensors.
  package var byteCount: Int { MemoryPlan(configuration).parameterCount * 4 }

  /// The demo's folder in `cache`; it is made if it is not there, damaged, or of an older format.
  ///
  /// - Parameter progress: called with the number of bytes made so far.
  package func ensure(
    in cache: String, progress: @escaping (Int) -> Void
  ) throws(ModelError) -> String {
    let folder = joinPath(cache, Self.name)
    if let model = try? ModelLoader.load(path: folder),
      model.metadata["demo_format"] == String(Self.formatVersion),
      model.configuration == configuration
    {
      return folder
    }
    do {
      try makeFolder(cache, withParents: true)
      try CheckpointWriter.write(
        folder: folder, configuration: configuration.serialized(),
        tensors: tensors(progress: progress),
        metadata: [
          "demo_format": String(Self.formatVersion), "trained": "false", "seed": String(Self.seed),
          "description": "random weights of Criteo's shape, not trained: scores mean nothing",
        ], overwrite: true)
    } catch {
      throw ModelError("\(error)")
    }
    return folder
  }

  private func tensors(progress: @escaping (Int) -> Void) -> [TensorContent] {
    var random = SplitMix64(seed: Self.seed)
    let counter = ByteCounter(report: progress)
    var contents: [TensorContent] = []
    for feature in configuration.categoricalFeatures {
      let table = feature.table
      for partition in table.partitions {
        contents.append(
          Self.content(
            partition.table,
            shape: [partition.kind.tableRowCount(cardinality: table.cardinality), table.dimension],
            range: Self.range(of: partition.kind, cardinality: table.cardinality),
            seed: random.next(), counter))
      }
    }
    for tensor in configuration.networkTensors {
      // Glorot and Bengio 2010: U(-sqrt(6 / (in + out)), ...); biases U(-sqrt(1/out), ...).
      let fan = tensor.shape.reduce(0, +)
      let bound = (tensor.shape.count == 2 ? 6 / Float(fan) : 1 / Float(fan)).squareRoot()
      contents.append(
        Self.content(
          tensor.name, shape: tensor.shape, range: -bound...bound, seed: random.next(), counter))
    }
    return contents
  }

  private static func range(of kind: PartitionKind, cardinality: Int) -> ClosedRange<Float> {
    let bound = (1 / Float(cardinality)).squareRoot()
    switch kind {
    case .remainder: return 0.5...1.5
    case .quotient:
      let quotientBound = bound / (Float(13) / 12).squareRoot()
      return -quotientBound...quotientBound
    default: return -bound...bound
    }
  }

  /// Float32 of this range, made block by block.
  private static func content(
    _ name: String, shape: [Int], range: ClosedRange<Float>, seed: UInt64, _ counter: ByteCounter
  ) -> TensorContent {
    let scale = (range.upperBound - range.lowerBound) * 0x1p-24
    return TensorContent(
      name: name, elementType: .f32, shape: shape,
      content: .generated { byteOffset, block in
        for element in 0..<block.count / 4 {
          let index = UInt64(byteOffset / 4 + element)
          let value = range.lowerBound + scale * Float(SplitMix64.value(seed, index) >> 40)
          let bits = value.bitPattern
          for i in 0..<4 {
            block[element * 4 + i] = UInt8(truncatingIfNeeded: bits >> UInt32(8 * i))
          }
        }
        counter.add(block.count)
      })
  }

  /// Bytes made so far, over all tensors.
  private final class ByteCounter {
    private var count = 0
    private let report: (Int) -> Void
    init(report: @escaping (Int) -> Void) { self.report = report }
    func add(_ byteCount: Int) {
      count += byteCount
      report(count)
    }
  }
}
