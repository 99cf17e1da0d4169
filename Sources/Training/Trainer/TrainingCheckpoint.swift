import Checkpoints
import Kernels
import Ranking
import SystemIO

/// A run on disk: an ordinary checkpoint, with what the optimiser keeps in a file beside the model.
/// All files of the folder are published in one step, so a reader, and a run that goes on after it
/// was killed, finds one moment of the run or none.
struct TrainingCheckpoint {
  static let stateName = "training.safetensors"
  private static let format = "quotient-training-1"

  let folder: String
  let configuration: ModelConfiguration
  let options: TrainingOptions
  /// Vocabularies and buckets: written along.
  let attachments: [TensorContent]
  let metadata: [String: String]

  /// Writes the network as it is.
  func save(
    _ network: TrainedNetwork, at position: TrainingPosition, withState: Bool, overwrite: Bool
  ) throws(TrainingError) {
    for parameters in network.parameters {
      let values = parameters.values
      let isFinite = areFinite(values.floats)
      guard isFinite else {
        throw TrainingError(
          "step \(position.step): \(parameters.name) holds numbers that are not finite, so nothing "
            + "is written; lower --learning-rate")
      }
    }
    let tensors = network.parameters.map { $0.content(named: $0.name, of: $0.values) }
    var metadata = metadata
    metadata["trained"] = "true"
    metadata["steps"] = "\(position.step)"
    metadata["samples"] = "\(position.sampleCount)"
    metadata.merge(options.identity) { own, _ in own }
    do {
      try CheckpointWriter.write(
        folder: folder, configuration: configuration.serialized(), tensors: tensors + attachments,
        metadata: metadata, overwrite: overwrite,
        companion: withState ? companion(network, position) : nil)
    } catch {
      throw TrainingError("\(error)")
    }
  }

  private func companion(
    _ network: TrainedNetwork, _ position: TrainingPosition
  ) -> CheckpointWriter.Companion {
    let names = options.optimizer.stateNames
    let tensors = network.parameters.flatMap { parameters in
      zip(names, parameters.states).map { name, memory in
        parameters.content(named: "\(parameters.name).\(name)", of: memory)
      }
    }
    var metadata = options.identity
    metadata["format"] = Self.format
    metadata["step"] = "\(position.step)"
    metadata["epoch"] = "\(position.epoch)"
    metadata["position"] = "\(position.position)"
    metadata["samples"] = "\(position.sampleCount)"
    return CheckpointWriter.Companion(
      name: Self.stateName, tensors: tensors, metadata: metadata)
  }

  /// Reads what ``save(_:at:withState:overwrite:)`` wrote back into a network of the same shape.
  func restore(_ network: TrainedNetwork) throws(TrainingError) -> TrainingPosition {
    let reader: CheckpointReader
    let state: SafetensorsFile
    do {
      reader = try CheckpointReader(opening: folder, mode: .sequential)
      state = try SafetensorsFile(
        opening: joinPath(folder, Self.stateName), mode: .sequential)
    } catch {
      throw TrainingError("there is nothing to resume: \(error)")
    }
    try check(reader, state)
    for parameters in network.parameters {
      guard let tensor = reader.tensor(named: parameters.name) else {
        throw TrainingError("\(folder): tensor '\(parameters.name)' is missing; start again")
      }
      try parameters.load(tensor, into: parameters.values)
      for (name, memory) in zip(options.optimizer.stateNames, parameters.states) {
        guard let tensor = state.tensor(named: "\(parameters.name).\(name)") else {
          throw TrainingError(
            "\(folder): '\(parameters.name).\(name)' is missing from \(Self.stateName); start "
              + "again")
        }
        try parameters.load(tensor, into: memory)
      }
    }
    var position = TrainingPosition()
    let numbers = ["step", "epoch", "position", "samples"].map {
      state.header.metadata[$0].flatMap { Int($0) }
    }
    guard let step = numbers[0], let epoch = numbers[1], let place = numbers[2],
      let samples = numbers[3]
    else { throw TrainingError("\(folder): \(Self.stateName) does not say where it was") }
    (position.step, position.epoch) = (step, epoch)
    (position.position, position.sampleCount) = (place, samples)
    return position
  }

  private func check(
    _ reader: CheckpointReader, _ state: SafetensorsFile
  ) throws(TrainingError) {
    let metadata = state.header.metadata
    guard metadata["format"] == Self.format else {
      throw TrainingError("\(state.path) is not of a training run; start again")
    }
    for (name, value) in options.identity.sorted(by: { $0.key < $1.key })
    where metadata[name] != value {
      throw TrainingError(
        "\(folder) was trained with \(name) \(metadata[name] ?? "unknown"), not \(value); resume "
          + "with the flags that it was started with")
    }
    let written: ModelConfiguration
    do {
      written = try ModelConfiguration(parsing: reader.configurationBytes)
    } catch {
      throw TrainingError("\(folder): \(error)")
    }
    guard written == configuration else {
      throw TrainingError(
        "\(folder) holds another model than these flags and this data make; resume with those "
          + "that it was started with")
    }
  }
}
