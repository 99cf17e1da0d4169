package import Embeddings

/// `config.json`: what a checkpoint is.
package struct ModelConfiguration: Sendable, Equatable {
  package enum Architecture: String, Sendable, CaseIterable { case dlrm, dcn, embeddings }

  package struct DenseFeature: Sendable, Equatable {
    package enum Transform: String, Sendable, CaseIterable {
      /// The value as it is (the member `transform` is left out).
      case identity
      /// ln(1 + max(x, 0)).
      case log1p
    }
    package var name: String
    package var transform: Transform
    /// What a missing value gets; nil: it must be given.
    package var defaultValue: Float?

    package init(name: String, transform: Transform = .identity, defaultValue: Float? = nil) {
      self.name = name
      self.transform = transform
      self.defaultValue = defaultValue
    }
  }

  /// What raw values of a categorical feature are turned into ids by.
  package enum Input: Sendable, Equatable {
    case index
    /// An integer or a string of this radix (10 or 16), modulo the cardinality.
    case hash(radix: Int)
    /// Sorted UTF-8 keys: names of the tensors keys U8, offsets, indices.
    case vocabulary(keys: String, offsets: String, indices: String)
  }

  package struct CategoricalFeature: Sendable, Equatable {
    package var table: FeatureSpecification
    package var input: Input

    package init(table: FeatureSpecification, input: Input = .index) {
      self.table = table
      self.input = input
    }
  }

  package struct DLRM: Sendable, Equatable {
    package enum Interaction: String, Sendable, CaseIterable { case dot, cat }
    /// [inputs, hidden..., D].
    package var bottomMLP: [Int]
    /// [hidden..., 1]: the input width follows from the interaction.
    package var topMLP: [Int]
    package var interaction: Interaction
    package var interactionItself: Bool
    /// Scores are clamped to t ... 1 - t; 0: not at all.
    package var lossThreshold: Float

    package init(
      bottomMLP: [Int], topMLP: [Int], interaction: Interaction = .dot,
      interactionItself: Bool = false, lossThreshold: Float = 0
    ) {
      self.bottomMLP = bottomMLP
      self.topMLP = topMLP
      self.interaction = interaction
      self.interactionItself = interactionItself
      self.lossThreshold = lossThreshold
    }
  }

  package struct DCN: Sendable, Equatable {
    package var crossLayers: Int
    package var deep: [Int]

    package init(crossLayers: Int, deep: [Int]) {
      self.crossLayers = crossLayers
      self.deep = deep
    }
  }

  package var name: String
  package var architecture: Architecture
  package var denseFeatures: [DenseFeature]
  package var categoricalFeatures: [CategoricalFeature]
  package var dlrm: DLRM?
  package var dcn: DCN?
  /// Rows of data that the ranges of the network's activations were taken from; nil: the checkpoint
  /// has no such ranges. See ``NetworkCalibration``.
  package var calibrationRowCount: Int?

  package init(
    name: String, architecture: Architecture, denseFeatures: [DenseFeature] = [],
    categoricalFeatures: [CategoricalFeature], dlrm: DLRM? = nil, dcn: DCN? = nil
  ) {
    self.name = name
    self.architecture = architecture
    self.denseFeatures = denseFeatures
    self.categoricalFeatures = categoricalFeatures
    self.dlrm = dlrm
    self.dcn = dcn
  }
}
