internal import CSIMD

/// How parameters follow their gradients in one step; the formulas are in `csimd_training.h`.
package enum ParameterUpdate: Hashable, Sendable {
  case sgd(rate: Float)
  case adagrad(rate: Float, epsilon: Float)
  /// One accumulator a row. For single numbers it is Adagrad.
  case rowwiseAdagrad(rate: Float, epsilon: Float)
  /// - Parameter step: how often the optimiser has stepped, this time included: from 1.
  case amsgrad(rate: Float, beta1: Float, beta2: Float, epsilon: Float, step: Int)

  /// Numbers that the optimiser keeps for each parameter, besides the parameter.
  package var stateCount: Int {
    switch self {
    case .sgd: 0
    case .adagrad, .rowwiseAdagrad: 1
    case .amsgrad: 3
    }
  }

  var rule: csimd_update {
    var update = csimd_update()
    switch self {
    case .sgd(let rate):
      update.rule = CSIMD_SGD.rawValue
      update.rate = rate
    case .adagrad(let rate, let epsilon):
      update.rule = CSIMD_ADAGRAD.rawValue
      (update.rate, update.epsilon) = (rate, epsilon)
    case .rowwiseAdagrad(let rate, let epsilon):
      update.rule = CSIMD_ROWWISE.rawValue
      (update.rate, update.epsilon) = (rate, epsilon)
    case .amsgrad(let rate, let beta1, let beta2, let epsilon, let step):
      update.rule = CSIMD_AMSGRAD.rawValue
      (update.rate, update.epsilon) = (rate, epsilon)
      (update.beta1, update.beta2) = (beta1, beta2)
      update.step = Float(Double(rate) / (1 - power(Double(beta1), step)))
      update.root = Float((1 - power(Double(beta2), step)).squareRoot())
    }
    return update
  }

  /// The rule of single numbers, which are no rows.
  var elementRule: csimd_update {
    var rule = rule
    if case .rowwiseAdagrad = self { rule.rule = CSIMD_ADAGRAD.rawValue }
    return rule
  }

  /// value^exponent by repeated squaring.
  private func power(_ value: Double, _ exponent: Int) -> Double {
    var (result, factor, left) = (1.0, value, exponent)
    while left > 0 {
      if left & 1 == 1 { result *= factor }
      factor *= factor
      left >>= 1
    }
    return result
  }
}

/// What an optimiser keeps beside parameters: the accumulator of Adagrad; the means of gradients
/// and of their squares, and the largest of the latter, of AMSGrad.
package struct UpdateState: ~Copyable, ~Escapable {
  package var first: MutableSpan<Float>
  package var second: MutableSpan<Float>
  package var third: MutableSpan<Float>

  @_lifetime(copy first, copy second, copy third)
  package init(
    _ first: consuming MutableSpan<Float>, _ second: consuming MutableSpan<Float>,
    _ third: consuming MutableSpan<Float>
  ) {
    self.first = first
    self.second = second
    self.third = third
  }

  @unsafe
  mutating func withParameters(
    _ values: inout MutableSpan<Float>, _ body: (csimd_parameters) -> Void
  ) {
    // SAFETY: the pointers are used during the call only.
    unsafe values.withUnsafeMutableBufferPointer { values in
      unsafe first.withUnsafeMutableBufferPointer { first in
        unsafe second.withUnsafeMutableBufferPointer { second in
          unsafe third.withUnsafeMutableBufferPointer { third in
            unsafe body(
              csimd_parameters(
                values: values.baseAddress, first: first.isEmpty ? nil : first.baseAddress,
                second: second.isEmpty ? nil : second.baseAddress,
                third: third.isEmpty ? nil : third.baseAddress))
          }
        }
      }
    }
  }

  /// - Precondition: each of the numbers that `update` keeps is there `count` times.
  func check(_ update: ParameterUpdate, count: Int) {
    let kept = update.stateCount
    precondition(kept < 1 || first.count == count, "the first number of each parameter")
    precondition(kept < 2 || second.count == count, "the second number of each parameter")
    precondition(kept < 3 || third.count == count, "the third number of each parameter")
  }
}

extension TrainingKernels {
  /// Moves `values` one step, element by element.
  package func update(
    _ values: inout MutableSpan<Float>, by update: ParameterUpdate,
    state: inout UpdateState, gradient: Span<Float>
  ) {
    precondition(gradient.count == values.count, "a gradient for each parameter")
    state.check(update, count: values.count)
    guard values.count > 0 else { return }
    var rule = update.elementRule
    // SAFETY: the counts were checked above.
    unsafe gradient.withUnsafeBufferPointer { gradient in
      unsafe state.withParameters(&values) { parameters in
        unsafe functions.pointee.update(&rule, parameters, gradient.baseAddress!, gradient.count)
      }
    }
  }

  /// Moves the rows of a table that have a gradient; the others stay as they are.
  ///
  /// - Parameters:
  ///   - table: shape [rows, width].
  ///   - state: shaped as the table; for ``ParameterUpdate/rowwiseAdagrad(rate:epsilon:)`` [rows].
  ///   - rows: shape [count]; each in the table (checked: precondition), none twice.
  ///   - gradient: shape [count, width].
  package func updateRows(
    of table: inout MutableSpan<Float>, width: Int, by update: ParameterUpdate,
    state: inout UpdateState, rows: Span<Int64>, gradient: Span<Float>
  ) {
    precondition(width > 0 && table.count % width == 0, "a table is [rows, width]")
    precondition(gradient.count == rows.count * width, "a gradient for each row")
    let rowCount = table.count / width
    precondition(
      RowKernels.best.areInRange(rows, below: rowCount), "a row outside of its table")
    if case .rowwiseAdagrad = update {
      state.check(update, count: rowCount)
    } else {
      state.check(update, count: table.count)
    }
    guard rows.count > 0 else { return }
    var rule = update.rule
    // SAFETY: rows and counts were checked above.
    unsafe rows.withUnsafeBufferPointer { rows in
      unsafe gradient.withUnsafeBufferPointer { gradient in
        unsafe state.withParameters(&table) { parameters in
          unsafe functions.pointee.update_rows(
            &rule, parameters, width, rows.baseAddress!, rows.count, gradient.baseAddress!)
        }
      }
    }
  }
}
