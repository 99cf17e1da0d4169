package import Kernels

/// How a model follows its gradients: `--optimizer`, with PyTorch's hyper-parameters as defaults.
package struct Optimizer: Hashable, Sendable {
  package enum Rule: String, Sendable, CaseIterable {
    /// w -= rate * g.
    case sgd
    /// Duchi, Hazan, Singer 2011: each number by the sum of its squared gradients.
    case adagrad
    /// As Adagrad, but a row of a table has one sum, of the mean of its squared gradients: a state
    /// of 1/D of the table. Layers keep a sum for each number.
    case rowwiseAdagrad = "rowwise-adagrad"
    /// Reddi, Kale, Kumar 2018. Of a table only the rows that a batch touches move, and their means
    /// age only then; the bias correction counts all steps (as PyTorch's SparseAdam). With
    /// ``usesDenseGradients`` all rows move in every step.
    case amsgrad
  }

  package var rule: Rule
  package var learningRate: Float
  package var epsilon: Float
  package var beta1: Float = 0.9
  package var beta2: Float = 0.999
  /// Whether the gradient of a row that a batch does not touch counts as zero, as PyTorch's Adam
  /// does it, instead of as none. It is the same for all rules but AMSGrad, whose means age.
  package var usesDenseGradients = false

  /// - Parameter learningRate: nil: PyTorch's default, 0.01, and 0.001 for AMSGrad.
  package init(_ rule: Rule, learningRate: Float? = nil) {
    self.rule = rule
    self.learningRate = learningRate ?? (rule == .amsgrad ? 1e-3 : 1e-2)
    epsilon = rule == .amsgrad ? 1e-8 : 1e-10
  }

  /// Whether rows that no sample of a batch has move as well.
  var movesAllRows: Bool { usesDenseGradients && rule == .amsgrad }

  /// The rule, and whether it moves all rows.
  var name: String { rule.rawValue + (movesAllRows ? " with dense gradients" : "") }

  /// Names of the numbers kept for each parameter: how a training checkpoint calls them.
  package var stateNames: [String] {
    switch rule {
    case .sgd: []
    case .adagrad, .rowwiseAdagrad: ["sum"]
    case .amsgrad: ["mean", "square", "square_max"]
    }
  }

  /// The update of one step, counted from 1.
  package func update(step: Int) -> ParameterUpdate {
    switch rule {
    case .sgd: .sgd(rate: learningRate)
    case .adagrad: .adagrad(rate: learningRate, epsilon: epsilon)
    case .rowwiseAdagrad: .rowwiseAdagrad(rate: learningRate, epsilon: epsilon)
    case .amsgrad:
      .amsgrad(rate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon, step: step)
    }
  }
}
