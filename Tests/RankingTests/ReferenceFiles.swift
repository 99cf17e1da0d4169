import Checkpoints
import Embeddings
import Foundation
import Testing

@testable import Ranking

/// Where the files that tests read lie.
enum Files {
  static let reference = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Reference").path()
  static let golden = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "Golden").path()

  static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

  static func bytes(_ path: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(filePath: path)))
  }

  static func write(_ bytes: [UInt8], to path: String) throws {
    try Data(bytes).write(to: URL(filePath: path))
  }
}

/// A folder that goes away with this object.
final class TemporaryFolder {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "quotient-ranking-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { "\(path)/\(name)" }
}

/// One checkpoint of PyTorch's, how to import it, and what it computes.
struct TorchCase: Sendable, CustomTestStringConvertible {
  let file: String
  let golden: String
  /// For `import dlrm`; nil: `import torch` with the configuration beside the file.
  let flags: [String]?

  var testDescription: String {
    file.split(separator: "/").suffix(2).joined(separator: "/")
  }

  static func reference(_ folder: String, _ file: String, _ flags: [String]) -> TorchCase {
    TorchCase(
      file: "\(Files.reference)/\(folder)/\(file)",
      golden: "\(Files.reference)/\(folder)/golden.npz", flags: flags)
  }

  /// The files beside this one: see make_torch_checkpoints.py.
  static func made(_ name: String, legacy: Bool = false) -> TorchCase {
    let arguments = try? Files.bytes("\(Files.golden)/\(name).args")
    return TorchCase(
      file: "\(Files.golden)/\(name)\(legacy ? ".legacy" : "").pt",
      golden: "\(Files.golden)/\(name).npz",
      flags: arguments.map {
        String(decoding: $0, as: UTF8.self).split(separator: "\n").map(String.init)
      })
  }

  static let multiplyFlags = [
    "--qr-flag", "--qr-operation=mult", "--qr-collisions=4", "--qr-threshold=200",
    "--arch-embedding-size="
      + "60-41-865-692-30-13-301-51-3-400-151-792-120-10-251-648-8-161-91-5-719-15-9-350-26-280",
    "--arch-sparse-feature-size=16", "--arch-mlp-bot=13-64-32-16", "--arch-mlp-top=64-32-1",
    "--arch-interaction-op=dot",
  ]
  static let concatenateFlags = [
    "--arch-embedding-size=1000-613-240-77-61", "--arch-sparse-feature-size=6",
    "--arch-mlp-bot=7-32-12", "--arch-mlp-top=48-16-1", "--arch-interaction-op=dot",
    "--arch-interaction-itself", "--qr-flag", "--qr-operation=concat", "--qr-collisions=60",
    "--qr-threshold=0",
  ]
  static let mixedFlags = [
    "--arch-sparse-feature-size=12", "--arch-mlp-bot=13-40-12", "--arch-mlp-top=60-1",
    "--arch-interaction-op=cat", "--md-flag", "--md-threshold=0", "--md-temperature=0.3",
  ]

  static let all: [TorchCase] =
    [
      .reference("dev-a-qr-mult4-dot", "model.pt", multiplyFlags),
      .reference("dev-b-qr-concat60-dotself", "model.pt", concatenateFlags),
      .reference("dev-b-qr-concat60-dotself", "model_legacy.pt", concatenateFlags),
      .reference("dev-c-md-cat-rwsadagrad", "model.pt", mixedFlags),
    ]
    + [
      "qr-mult-c7", "qr-add-c3", "qr-add-c60-cat", "qr-concat-c5", "qr-concat-c2-cat",
      "mixed-dimensions", "weighted-pooling", "qr-float32", "plain-dcn",
    ].map { .made($0) }
    + ["qr-mult-c7", "qr-add-c60-cat", "mixed-dimensions", "plain-dcn"].map {
      .made($0, legacy: true)
    }

  func imported() throws -> ImportedModel {
    let source = try PyTorchFile(opening: file)
    guard let flags else {
      let configuration = golden.replacing(".npz", with: ".json")
      return try TorchImport.model(
        configuration: Files.bytes(configuration), name: nil, file: source)
    }
    return try DLRMImport.model(
      name: "m", flags: DLRMTrainingFlags(testing: flags), file: source)
  }
}

extension DLRMTrainingFlags {
  /// Flags as they were written for the training script: `--name=value` or `--name`.
  init(testing arguments: [String]) throws {
    self.init()
    for argument in DLRMTrainingFlags.relevant(arguments) {
      let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
      let value = parts.count > 1 ? parts[1] : ""
      let numbers = value.split(separator: "-").compactMap { Int($0) }
      switch parts[0] {
      case "--arch-embedding-size": embeddingSizes = numbers
      case "--arch-sparse-feature-size": sparseFeatureSize = numbers[0]
      case "--arch-mlp-bot": bottomMLP = numbers
      case "--arch-mlp-top": topMLP = numbers
      case "--arch-interaction-op":
        interaction = ModelConfiguration.DLRM.Interaction(rawValue: value)
      case "--arch-interaction-itself": interactionItself = true
      case "--loss-threshold": lossThreshold = try #require(Float(value))
      case "--qr-flag": usesQR = true
      case "--qr-operation": qrOperation = QROperation(rawValue: value)
      case "--qr-threshold": qrThreshold = numbers[0]
      case "--qr-collisions": qrCollisions = numbers[0]
      case "--md-flag": usesMixedDimensions = true
      case "--weighted-pooling": weightedPooling = WeightedPooling(rawValue: value)
      case "--assume-largest-cardinality": assumesLargestCardinality = true
      default: Issue.record("the test does not know \(argument)")
      }
    }
  }
}
