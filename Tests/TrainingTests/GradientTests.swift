import Embeddings
import Kernels
import Testing

@testable import Training

/// Gradients against differences of the loss.
@Suite struct GradientTests {
  /// A step of SGD with this rate moves every number by exactly its gradient.
  static let wholeGradient = Optimizer(.sgd, learningRate: 1)

  @Test(arguments: FeatureCase.all)
  func `every composition's gradient is the difference of the loss`(_ feature: FeatureCase) throws {
    try expectGradients(.dot, feature)
  }

  @Test(arguments: SmallModel.Kind.allCases)
  func `every layer's gradient is the difference of the loss`(_ kind: SmallModel.Kind) throws {
    for pooling in [nil, Pooling.mean] {
      try expectGradients(
        kind,
        FeatureCase(
          name: "multiply", composition: .multiply, kinds: FeatureCase.quotientRemainder,
          pooling: pooling))
      try expectGradients(
        kind,
        FeatureCase(
          name: "separate", composition: .separate, kinds: FeatureCase.quotientRemainder,
          pooling: pooling))
    }
  }

  private func expectGradients(_ kind: SmallModel.Kind, _ feature: FeatureCase) throws {
    let model = try SmallModel(kind, feature, optimizer: Self.wholeGradient)
    let before = model.network.parameters.map { $0.tensorValues(of: $0.values) }
    model.team.step(model.batch, update: Self.wholeGradient.update(step: 1))
    let after = model.network.parameters.map { $0.tensorValues(of: $0.values) }
    for (parameters, floats) in zip(model.network.parameters, before) {
      parameters.setValues(floats.span, of: parameters.values)
    }
    var checkedCount = 0
    for (index, parameters) in model.network.parameters.enumerated() {
      for position in before[index].indices {
        let gradient = Double(before[index][position]) - Double(after[index][position])
        let slopes = slopes(model, parameters, before[index], position)
        // float32 losses carry 1e-7 of noise over a distance of 1/512.
        let tolerance = 3e-4 + 4e-3 * gradient.magnitude
        #expect(
          gradient >= slopes.lowerBound - tolerance && gradient <= slopes.upperBound + tolerance,
          "\(parameters.name)[\(position)]: gradient \(gradient), slopes \(slopes)")
        if gradient.magnitude > 1e-3 { checkedCount += 1 }
      }
    }
    #expect(checkedCount > 60, "too few gradients differ from zero")
  }

  /// The slopes of the loss to both sides: the same but for curvature, and for the kink of a ReLU
  /// that happens to lie between, where the gradient is one of the two.
  private func slopes(
    _ model: SmallModel, _ parameters: Parameters, _ floats: [Float], _ position: Int
  ) -> ClosedRange<Double> {
    let distance: Float = 1.0 / 512
    var moved = floats
    func loss(_ value: Float) -> Double {
      moved[position] = value
      parameters.setValues(moved.span, of: parameters.values)
      return model.loss()
    }
    let above = loss(floats[position] + distance)
    let below = loss(floats[position] - distance)
    let here = loss(floats[position])
    let slopes = ((above - here) / Double(distance), (here - below) / Double(distance))
    return min(slopes.0, slopes.1)...max(slopes.0, slopes.1)
  }

  @Test(arguments: TrainingKernels.available.map(\.name), FeatureCase.all)
  func `instruction sets and numbers of threads change no bit of a step`(
    name: String, feature: FeatureCase
  ) throws {
    let kernels = try #require(TrainingKernels.available.first { $0.name == name })
    for kind in [SmallModel.Kind.dot, .dcn] {
      for rule in [Optimizer.Rule.adagrad, .rowwiseAdagrad, .amsgrad] {
        let one = try SmallModel(kind, feature, optimizer: Optimizer(rule))
        let other = try SmallModel(
          kind, feature, optimizer: Optimizer(rule), threads: 3, kernels: kernels)
        for model in [one, other] {
          for step in 1...3 {
            model.team.step(model.batch, update: model.network.optimizer.update(step: step))
          }
        }
        for (a, b) in zip(one.network.parameters, other.network.parameters) {
          #expect(
            a.tensorValues(of: a.values) == b.tensorValues(of: b.values), "\(a.name) by \(rule)")
        }
      }
    }
  }
}
