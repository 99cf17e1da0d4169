import ByteCoding
package import Checkpoints
import Embeddings

/// Turns any PyTorch state_dict into our checkpoint, given its configuration.
///
/// The configuration is a `config.json` with one member more, `tensor_names`: an object of
/// our tensor names to the names in the file. A tensor that it leaves out has our name there.
package enum TorchImport {
  /// - Parameters:
  ///   - configuration: bytes of the configuration.
  ///   - name: the model's name instead of the configuration's.
  ///   - tensorNames: names in the state_dict.
  ///   - read: gives one tensor by its name there.
  package static func model(
    configuration bytes: [UInt8], name: String?, tensorNames: [String],
    read: (String) throws(ModelError) -> Tensor
  ) throws(ModelError) -> ImportedModel {
    var (configuration, sources) = try parse(bytes)
    if let name { configuration.name = name }
    let required = configuration.tensorNames
    let known = Set(required)
    if let unknown = sources.keys.filter({ !known.contains($0) }).min() {
      throw ModelError(
        "the configuration's tensor_names.\(unknown) is no tensor of this model; it has "
          + list(required))
    }
    let shapes = Dictionary(
      configuration.networkTensors.map { ($0.name, $0.shape) }, uniquingKeysWith: { $1 })
    let available = Set(tensorNames)
    var tensors: [Tensor] = []
    for ours in required {
      let theirs = sources[ours] ?? ours
      guard available.contains(theirs) else {
        throw ModelError(
          "the file has no tensor '\(theirs)' for '\(ours)'; name it in tensor_names; it has "
            + list(tensorNames))
      }
      var tensor = try read(theirs).renamed(ours).asServable()
      if let shape = shapes[ours], shape != tensor.shape,
        shape.filter({ $0 != 1 }) == tensor.shape.filter({ $0 != 1 })
      {
        tensor = tensor.reshaped(to: shape)
      }
      tensors.append(tensor)
    }
    let used = Set(required.map { sources[$0] ?? $0 })
    let left = tensorNames.filter { !used.contains($0) }
    return ImportedModel(
      configuration: configuration, tensors: tensors,
      remarks: left.isEmpty ? [] : ["left out, as the configuration does not use it: " + list(left)]
    )
  }

  /// Reads an opened `.pt` file.
  package static func model(
    configuration: [UInt8], name: String?, file: PyTorchFile
  ) throws(ModelError) -> ImportedModel {
    try model(configuration: configuration, name: name, tensorNames: file.tensorNames) {
      name throws(ModelError) in
      do {
        return try file.tensor(named: name)
      } catch {
        throw ModelError("\(error)")
      }
    }
  }

  /// Splits `tensor_names` off the configuration.
  private static func parse(
    _ bytes: [UInt8]
  ) throws(ModelError) -> (ModelConfiguration, [String: String]) {
    let document: JSONValue
    do {
      document = try JSONValue(parsing: bytes.span)
    } catch {
      throw ModelError("config.json: \(error)")
    }
    guard case .object(var object) = document else {
      throw ModelError("config.json: the document must be an object")
    }
    var sources: [String: String] = [:]
    switch object["tensor_names"] {
    case nil, .null: break
    case .object(let names):
      for (ours, value) in names.members {
        guard case .string(let theirs) = value else {
          throw ModelError("config.json: tensor_names.\(ours) must be a tensor's name in the file")
        }
        sources[ours] = theirs
      }
    default: throw ModelError("config.json: tensor_names must be an object of names")
    }
    object["tensor_names"] = nil
    return (try ModelConfiguration(.object(object)), sources)
  }

  private static func list(_ names: [String]) -> String {
    let shown = names.prefix(12).map { "'\($0)'" }.joined(separator: ", ")
    return names.count > 12 ? "\(shown) and \(names.count - 12) more" : shown
  }
}

extension ModelConfiguration {
  /// Every tensor that a checkpoint of this configuration has, features first.
  package var tensorNames: [String] {
    var names: [String] = []
    for feature in categoricalFeatures {
      for partition in feature.table.partitions {
        if partition.hiddenWidth != nil {
          let mlp = TensorNames.pathMLP(prefix: partition.table)
          names += [mlp.hiddenWeight, mlp.hiddenBias, mlp.outputWeight, mlp.outputBias]
        } else {
          names.append(partition.table)
        }
        if case .explicit(let buckets) = partition.kind { names.append(buckets) }
      }
      names += [feature.table.projection, feature.table.categoryWeights].compactMap(\.self)
      if case .vocabulary(let keys, let offsets, let indices) = feature.input {
        names += [keys, offsets, indices]
      }
    }
    names += networkTensors.map(\.name)
    // A table may be shared by several features.
    var seen: Set<String> = []
    return names.filter { seen.insert($0).inserted }
  }
}

extension Tensor {
  /// Itself; float64 numbers rounded to float32, which is what tables and layers are read as.
  func asServable() -> Tensor {
    guard elementType == .f64 else { return self }
    let source = byteSpan
    var bytes: [UInt8] = []
    bytes.reserveCapacity(elementCount * 4)
    for element in 0..<elementCount {
      var bits: UInt64 = 0
      for i in 0..<8 { bits |= UInt64(source[element * 8 + i]) << UInt64(8 * i) }
      let rounded = Float(Double(bitPattern: bits)).bitPattern
      for i in 0..<4 { bytes.append(UInt8(truncatingIfNeeded: rounded >> UInt32(8 * i))) }
    }
    return Tensor(name: name, elementType: .f32, shape: shape, copying: bytes.span)
  }
}
