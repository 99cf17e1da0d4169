import ByteCoding
import Ranking
import SystemIO

/// What all runs in a comparison's folder have in common, kept beside them: a comparison goes on
/// only with the flags and the data that it was started with.
struct ComparisonIdentity: Equatable {
  static let fileName = "comparison.json"
  private static let byteCountMax = 1 << 20

  /// By the names of the flags.
  private let values: [(name: String, value: String)]

  init(_ plan: ComparisonPlan, _ dataset: Dataset) {
    let (model, training) = (plan.model, plan.training)
    func widths(_ list: [Int]) -> String { list.map(String.init).joined(separator: "-") }
    values = [
      ("the data", dataset.identity), ("--architecture", plan.architecture.rawValue),
      ("--dimension", "\(model.options.dimension)"),
      ("--bottom-mlp", widths(model.bottomHidden)), ("--top-mlp", widths(model.topHidden)),
      ("--cross-layers", "\(model.crossLayers)"), ("--deep", widths(model.deep)),
      ("--optimizer", training.optimizer.name),
      ("--learning-rate", "\(training.optimizer.learningRate)"),
      ("--batch-size", "\(training.batchSize)"), ("--epochs", "\(training.epochs)"),
      ("--seed", "\(training.seed)"), ("--initialization", training.initialization.rawValue),
    ]
  }

  /// What a folder's comparison has in common; empty if it does not say.
  static func values(in folder: String) -> [(name: String, value: String)] {
    let path = joinPath(folder, fileName)
    guard let bytes = try? readWholeFile(path, byteCountMax: byteCountMax),
      let object = try? JSONValue(parsing: bytes).asObject
    else { return [] }
    return object.members.map { ($0.name, $0.value.asString ?? "") }
  }

  private var json: JSONObject {
    JSONObject(values.map { (name: $0.name, value: JSONValue.string($0.value)) })
  }

  static func == (left: Self, right: Self) -> Bool { left.json == right.json }

  /// Writes it into a new folder; compares it with what another one holds.
  ///
  /// - Throws: the folder holds a comparison of something else.
  func settle(in folder: String) throws(TrainingError) {
    let path = joinPath(folder, Self.fileName)
    do {
      try makeFolder(folder, withParents: true)
      guard try FileStatus.ifExists(path) != nil else {
        guard Comparison.results(in: folder).isEmpty else {
          throw TrainingError(
            "\(folder) holds results, but no \(Self.fileName) that says with which flags; give "
              + "another --output")
        }
        var file = try AtomicFileWriter(path: path)
        try file.write((JSONValue.object(json).serialized(indentation: 2) + [0x0A]).span)
        try file.publish(replacing: false)
        return
      }
      let bytes = try readWholeFile(path, byteCountMax: Self.byteCountMax)
      try compare(try JSONValue(parsing: bytes).asObject, path)
    } catch let error as TrainingError {
      throw error
    } catch {
      throw TrainingError("\(path): \(error)")
    }
  }

  private func compare(_ written: JSONObject?, _ path: String) throws(TrainingError) {
    for (name, value) in values {
      guard let before = written?[name]?.asString else {
        throw TrainingError("\(path) does not tell '\(name)'; give another --output")
      }
      guard before == value else {
        throw TrainingError(
          "\(path): begun with \(name) \(before), not \(value); go on with the same, or give "
            + "another --output")
      }
    }
  }
}
