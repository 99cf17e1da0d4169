import Checkpoints
import Embeddings
package import Kernels

/// Rewrites a checkpoint with narrower rows: `quotient quantize`.
///
/// Row tables of the chosen features change their element type, if one is chosen. A calibration
/// adds the ranges of the network's activations, which int8 layers need. Path MLPs,
/// projections, category weights, bucket numbers, vocabularies and the network stay as they are.
package enum ModelQuantizer {
  /// What became of one table.
  package struct TableReport: Sendable, Equatable {
    package let feature: String
    package let table: String
    package let byteCountBefore: Int
    package let byteCountAfter: Int
    /// Largest |narrow - original|, and root of the mean square.
    package let errorMax: Float
    package let errorRootMeanSquare: Double
  }

  /// - Parameters:
  ///   - element: the rows' new type; nil: tables stay as they are.
  ///   - calibration: ranges to add, or to put in the place of those that are there.
  ///   - features: names; nil: all.
  ///   - progress: called with the bytes of rows that were worked on so far, of
  ///     ``rowByteCount(of:features:)`` in all.
  package static func write(
    _ model: Model, as element: RowElement?, calibration: NetworkCalibration? = nil,
    features: Set<String>?, folder: String, overwrite: Bool, metadata: [String: String],
    progress: @escaping (Int) -> Void
  ) throws(ModelError) -> [TableReport] {
    if let unknown = features?.subtracting(model.features.map(\.specification.name)).min() {
      throw ModelError("\(model.path) has no categorical feature '\(unknown)'")
    }
    var configuration = model.configuration
    var contents: [String: TensorContent] = [:]
    if let calibration { configuration.calibrationRowCount = calibration.rowCount }
    var reports: [TableReport] = []
    let total = ProgressTotal(report: progress)
    for index in configuration.categoricalFeatures.indices {
      let table = configuration.categoricalFeatures[index].table
      guard let element, features?.contains(table.name) ?? true else { continue }
      for position in table.partitions.indices where table.partitions[position].hiddenWidth == nil {
        let name = table.partitions[position].table
        if contents[name] == nil {
          let quantizer = try quantizer(model, table, position, element)
          reports.append(try report(quantizer, model, feature: table.name, table: name))
          contents[name] = quantizer.content(name: name).counted(by: total)
          total.add(model.tensor(named: name)?.byteRange.count ?? 0)
        }
        configuration.categoricalFeatures[index].table.partitions[position].quantized =
          element == .int8 ? .int8 : element == .int4 ? .int4 : nil
      }
    }
    try refuseHalfShared(model, features: features, changed: Set(contents.keys))
    do {
      try CheckpointWriter.write(
        folder: folder, configuration: configuration.serialized(),
        tensors: tensors(model, contents, calibration),
        metadata: metadata.merging(notes(of: model)) { own, _ in own }, overwrite: overwrite)
    } catch {
      throw ModelError("\(error)")
    }
    return reports
  }

  /// The model's tensors, changed where they are, and its ranges.
  private static func tensors(
    _ model: Model, _ changed: [String: TensorContent], _ calibration: NetworkCalibration?
  ) -> [TensorContent] {
    let ranges = calibration?.contents(for: model.configuration) ?? []
    let replaced = Set(ranges.map(\.name))
    return model.tensors.filter { !replaced.contains($0.name) }.map {
      changed[$0.name] ?? TensorContent($0)
    } + ranges
  }

  /// Bytes of rows that ``write(_:as:calibration:features:folder:overwrite:metadata:progress:)``
  /// counts: each table is read once to measure its error and once to be written.
  package static func workByteCount(of model: Model, features: Set<String>?) -> Int {
    let tables = model.features.filter { features?.contains($0.specification.name) ?? true }
    let names = Set(tables.flatMap { $0.specification.partitions.map(\.table) })
    return 2 * names.reduce(0) { $0 + (model.tensor(named: $1)?.byteRange.count ?? 0) }
  }

  private static func quantizer(
    _ model: Model, _ table: FeatureSpecification, _ position: Int, _ element: RowElement
  ) throws(ModelError) -> RowQuantizer {
    let partition = table.partitions[position]
    guard partition.quantized == nil, let tensor = model.tensor(named: partition.table) else {
      throw ModelError(
        "table '\(partition.table)' of \(table.name) is quantised already; start from the "
          + "checkpoint with float rows")
    }
    do {
      return try RowQuantizer(tensor, as: element)
    } catch {
      throw ModelError("\(table.name): \(error)")
    }
  }

  private static func report(
    _ quantizer: RowQuantizer, _ model: Model, feature: String, table: String
  ) throws(ModelError) -> TableReport {
    do {
      let errors = try quantizer.check()
      return TableReport(
        feature: feature, table: table,
        byteCountBefore: model.tensor(named: table)?.byteRange.count ?? 0,
        byteCountAfter: quantizer.byteCount, errorMax: errors.errorMax,
        errorRootMeanSquare: errors.errorRootMeanSquare)
    } catch {
      throw ModelError("\(feature): \(error)")
    }
  }

  /// A table that two features share changes for both or for none.
  private static func refuseHalfShared(
    _ model: Model, features: Set<String>?, changed: Set<String>
  ) throws(ModelError) {
    guard let features else { return }
    for feature in model.configuration.categoricalFeatures
    where !features.contains(feature.table.name) {
      if let shared = feature.table.partitions.map(\.table).first(where: changed.contains) {
        throw ModelError(
          "table '\(shared)' is also \(feature.table.name)'s; quantise all features that share it")
      }
    }
  }

  /// The checkpoint's own remarks; its checksums are made anew.
  private static func notes(of model: Model) -> [String: String] {
    model.metadata.filter { !$0.key.hasPrefix("crc32.") }
  }
}

/// Bytes worked on so far.
private final class ProgressTotal {
  private var byteCount = 0
  private let report: (Int) -> Void
  init(report: @escaping (Int) -> Void) { self.report = report }
  func add(_ count: Int) {
    byteCount += count
    report(byteCount)
  }
}

extension TensorContent {
  /// The same content, which tells how far it is. Narrow bytes count as the wide ones they stand
  /// for only roughly: the bar may move at another pace there.
  fileprivate func counted(by total: ProgressTotal) -> TensorContent {
    guard case .generated(let fill) = content else { return self }
    return TensorContent(
      name: name, elementType: elementType, shape: shape, blockByteMultiple: blockByteMultiple,
      content: .generated { offset, block in
        fill(offset, &block)
        total.add(block.count)
      })
  }
}
