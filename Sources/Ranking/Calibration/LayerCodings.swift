import Kernels

/// Decides how each dense layer of a network is represented.
struct LayerCodings {
  /// Layers of fewer weights stay float32: they take no time, and narrow ones no less.
  static let weightCountMin = 2048
  static let inputCountMin = 32
  static let outputCountMin = 16

  let precision: DensePrecision
  /// nil: float32 computes everything.
  let kernels: NarrowKernels?
  let calibration: NetworkCalibration?

  static let float32 = LayerCodings(precision: .f32, kernels: nil, calibration: nil)

  /// - Throws: int8 is asked for and the ranges of activations are not known.
  init(
    precision: DensePrecision, kernels: NarrowKernels?, calibration: NetworkCalibration?,
    isCalibrationNeeded: Bool
  ) throws(ModelError) {
    if precision == .int8, isCalibrationNeeded, calibration == nil {
      throw ModelError(
        "precision int8 needs the ranges of activations; make a checkpoint that has them with "
          + "`quotient quantize CHECKPOINT --calibrate DATA --output FOLDER`")
    }
    self.init(precision: precision, kernels: kernels, calibration: calibration)
  }

  private init(
    precision: DensePrecision, kernels: NarrowKernels?, calibration: NetworkCalibration?
  ) {
    self.precision = precision
    self.kernels = kernels
    self.calibration = calibration
  }

  /// - Parameter meetsDenseValues: some of its inputs are dense features themselves, whose
  ///   magnitudes may be far apart.
  func coding(of matrix: WeightMatrix, layer: String, meetsDenseValues: Bool = false)
    -> DenseCoding
  {
    guard let kernels, matrix.inputCount >= Self.inputCountMin,
      matrix.inputCount <= NarrowKernels.inputCountMax,
      matrix.outputCount >= Self.outputCountMin,
      matrix.inputCount * matrix.outputCount >= Self.weightCountMin
    else { return .float32 }
    switch precision {
    case .f32: return .float32
    case .bf16: return meetsDenseValues ? .float32 : .rounded(kernels)
    case .int8:
      guard let ranges = calibration?.layers[layer] else { return .float32 }
      return .int8(
        kernels,
        Int8Coding(weights: matrix.weights, outputCount: matrix.outputCount, ranges: ranges))
    }
  }
}
