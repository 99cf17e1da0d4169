import ArgumentParser
import Kernels
import Ranking

extension DensePrecision: ExpressibleByArgument {}

extension Model {
  /// What to tell whoever asked for a precision that this processor does not have.
  var precisionRemark: String? {
    guard let ranking, ranking.isComputedInFloat32 else { return nil }
    return "this processor, or --kernels, has no kernels for \(ranking.precision.rawValue); "
      + "float32 computes the dense layers"
  }
}
