package import Kernels

/// Which precision each of several models is loaded in.
package struct PrecisionChoice: Sendable, Equatable {
  /// Of the models that are not named.
  package var standard = DensePrecision.f32
  package var byModel: [String: DensePrecision] = [:]

  package init() {}

  package func precision(of model: String) -> DensePrecision { byModel[model] ?? standard }
}
