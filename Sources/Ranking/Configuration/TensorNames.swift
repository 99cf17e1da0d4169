/// The tensors' names where `config.json` names no others.
package enum TensorNames {
  package static func table(feature: String, partition: Int) -> String {
    "embeddings.\(feature).\(partition)"
  }

  /// Bucket numbers of an `explicit` partition.
  package static func buckets(table: String) -> String { "\(table).buckets" }

  package static func projection(feature: String) -> String { "embeddings.\(feature).projection" }

  package static func categoryWeights(feature: String) -> String {
    "embeddings.\(feature).category_weights"
  }

  package static func vocabulary(
    feature: String
  ) -> (keys: String, offsets: String, indices: String) {
    let prefix = "embeddings.\(feature).vocabulary"
    return ("\(prefix).keys", "\(prefix).offsets", "\(prefix).indices")
  }

  /// The MLPs of a later partition of a `path`: hidden [buckets, H, D] and [buckets, H], output
  /// [buckets, D, H] and [buckets, D].
  package static func pathMLP(
    prefix: String
  ) -> (hiddenWeight: String, hiddenBias: String, outputWeight: String, outputBias: String) {
    (
      "\(prefix).hidden.weight", "\(prefix).hidden.bias", "\(prefix).output.weight",
      "\(prefix).output.bias"
    )
  }

  /// `top_mlp.0`.
  package static func layerName(_ network: String, _ index: Int) -> String { "\(network).\(index)" }

  /// The ranges of a dense layer's inputs, [3, inputs].
  package static func calibration(layer: String) -> String { "calibration.\(layer)" }

  /// A dense layer: weight [out, in] and bias [out].
  package static func layer(_ network: String, _ index: Int) -> (weight: String, bias: String) {
    ("\(network).\(index).weight", "\(network).\(index).bias")
  }
}
