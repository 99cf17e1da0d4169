import Checkpoints

/// One table of a released DLRM model, as its tensors show it.
enum DLRMTable {
  /// `emb_l.N.weight`.
  case full(Tensor)
  /// `emb_l.N.weight_q` and `.weight_r`.
  case quotientRemainder(quotient: Tensor, remainder: Tensor)
  /// `emb_l.N.embs.weight` and, where narrower than D, `.proj.weight`.
  case mixedDimension(rows: Tensor, projection: Tensor?)

  /// Width of a row as the feature's vector, a concatenation counted once.
  var rowWidth: Int {
    switch self {
    case .full(let weight): weight.shape[1]
    case .quotientRemainder(let quotient, _): quotient.shape[1]
    case .mixedDimension(let rows, let projection): projection?.shape[0] ?? rows.shape[1]
    }
  }
}

/// The tensors of a released DLRM model, sorted by their role; every one is 2-D or 1-D as it must.
struct DLRMStateDict {
  private(set) var tables: [DLRMTable] = []
  /// `v_W_l.N`, one per table if pooling weights were learned.
  private(set) var categoryWeights: [Tensor] = []
  private(set) var bottom: [(weight: Tensor, bias: Tensor)] = []
  private(set) var top: [(weight: Tensor, bias: Tensor)] = []

  /// - Parameters:
  ///   - names: all tensors' names.
  ///   - read: gives one tensor.
  init(
    names: [String], read: (String) throws(ModelError) -> Tensor
  ) throws(ModelError) {
    // A model wrapped for several devices saves each name with this in front.
    let isWrapped = !names.isEmpty && names.allSatisfy { $0.hasPrefix("module.") }
    var unread = Set(isWrapped ? names.map { String($0.dropFirst(7)) } : names)

    func take(_ name: String, rank: Int) throws(ModelError) -> Tensor? {
      guard unread.remove(name) != nil else { return nil }
      let tensor = try read(isWrapped ? "module.\(name)" : name).asServable()
      guard tensor.shape.count == rank, !tensor.shape.contains(0) else {
        throw ModelError("tensor '\(name)' has shape \(tensor.shape); it must have rank \(rank)")
      }
      return tensor
    }

    while let table = try Self.table(tables.count, take) { tables.append(table) }
    while let weights = try take("v_W_l.\(categoryWeights.count)", rank: 1) {
      categoryWeights.append(weights)
    }
    bottom = try Self.layers("bot_l", take)
    top = try Self.layers("top_l", take)
    guard !tables.isEmpty, !bottom.isEmpty, !top.isEmpty else {
      let missing = tables.isEmpty ? "emb_l.0" : bottom.isEmpty ? "bot_l.0" : "top_l.0"
      throw ModelError(
        "no '\(missing)' in the file: it is no checkpoint of the released DLRM code; use `quotient "
          + "import torch` with a config")
    }
    if let left = unread.sorted().first {
      throw ModelError(
        "tensor '\(left)' has no place in a model of the released DLRM code; use `quotient import "
          + "torch` with a config")
    }
  }

  private typealias Take = (String, Int) throws(ModelError) -> Tensor?

  private static func table(_ index: Int, _ take: Take) throws(ModelError) -> DLRMTable? {
    let name = "emb_l.\(index)"
    if let weight = try take("\(name).weight", 2) { return .full(weight) }
    if let quotient = try take("\(name).weight_q", 2) {
      guard let remainder = try take("\(name).weight_r", 2) else {
        throw ModelError("tensor '\(name).weight_q' is there, but '\(name).weight_r' is missing")
      }
      return .quotientRemainder(quotient: quotient, remainder: remainder)
    }
    guard let rows = try take("\(name).embs.weight", 2) else { return nil }
    let projection = try take("\(name).proj.weight", 2)
    if let projection, projection.shape[1] != rows.shape[1] {
      throw ModelError(
        "tensor '\(name).proj.weight' is \(projection.shape), but the rows have width "
          + "\(rows.shape[1])")
    }
    return .mixedDimension(rows: rows, projection: projection)
  }

  /// Linear layers have even numbers; odd ones are their activations.
  private static func layers(
    _ network: String, _ take: Take
  ) throws(ModelError) -> [(weight: Tensor, bias: Tensor)] {
    var layers: [(weight: Tensor, bias: Tensor)] = []
    while let weight = try take("\(network).\(2 * layers.count).weight", 2) {
      let name = "\(network).\(2 * layers.count)"
      guard let bias = try take("\(name).bias", 1) else {
        throw ModelError("tensor '\(name).bias' is missing")
      }
      guard bias.shape == [weight.shape[0]] else {
        throw ModelError(
          "tensor '\(name).bias' is \(bias.shape), but the weight is \(weight.shape)")
      }
      if let last = layers.last, last.weight.shape[0] != weight.shape[1] {
        throw ModelError(
          "tensor '\(name).weight' is \(weight.shape), but the layer before it gives "
            + "\(last.weight.shape[0])")
      }
      layers.append((weight, bias))
    }
    return layers
  }
}
