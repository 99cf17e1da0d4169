package import Checkpoints
package import Kernels

/// A partition's function, made ready for batches.
package enum BucketRule: Sendable {
  case identity
  case quotient(DivisionByConstant)
  /// The quotient as float32 arithmetic gives it.
  case floatQuotient(divisor: Int)
  case remainder(DivisionByConstant)
  case mixedRadix(DivisionByConstant, modulus: DivisionByConstant)
  /// A stored bucket per category: I32, or I64 if `isWide`.
  case stored(Tensor, isWide: Bool)

  /// The rule of an arithmetic partition; `explicit` needs its tensor.
  package init?(_ kind: PartitionKind, cardinality: Int, arithmetic: QuotientArithmetic) {
    switch kind {
    case .identity: self = .identity
    case .quotient(let divisor) where arithmetic == .float32:
      self = .floatQuotient(divisor: divisor)
    case .quotient(let divisor):
      self = .quotient(DivisionByConstant(divisor: divisor, dividendBound: cardinality))
    case .remainder(let modulus):
      self = .remainder(DivisionByConstant(divisor: modulus, dividendBound: cardinality))
    case .mixedRadix(let divisor, let modulus):
      self = .mixedRadix(
        DivisionByConstant(divisor: divisor, dividendBound: cardinality),
        modulus: DivisionByConstant(divisor: modulus, dividendBound: cardinality))
    case .explicit: return nil
    }
  }

  /// Whether a bucket may be one that the table does not have, so that it is checked at use.
  package var mayLeaveTable: Bool {
    switch self {
    case .floatQuotient, .stored: true
    case .identity, .quotient, .remainder, .mixedRadix: false
    }
  }

  /// The bucket of each id.
  ///
  /// - Parameters:
  ///   - ids: shape [count]; each in 0 ..< cardinality.
  ///   - buckets: shape [count]; overwritten.
  package func buckets(
    of ids: Span<Int64>, by kernels: RowKernels, into buckets: inout MutableSpan<Int64>
  ) {
    switch self {
    case .identity:
      for i in ids.indices { buckets[i] = ids[i] }
    case .quotient(let division):
      kernels.divide(ids, by: division, into: &buckets)
    case .floatQuotient(let divisor):
      kernels.divideInFloat32(ids, by: divisor, into: &buckets)
    case .remainder(let division):
      kernels.remainders(of: ids, by: division, into: &buckets)
    case .mixedRadix(let division, let modulus):
      kernels.divide(ids, by: division, into: &buckets)
      kernels.reduce(&buckets, modulo: modulus)
    case .stored(let tensor, let isWide):
      kernels.lookUp(ids, in: tensor.bytes, isWide: isWide, into: &buckets)
    }
  }
}

extension PartitionKind {
  /// Buckets that the categories 0 ..< cardinality fall into; nil: only the stored map knows.
  package func bucketCount(cardinality: Int) -> Int? {
    switch self {
    case .identity: cardinality
    case .quotient(let divisor): (cardinality - 1) / divisor + 1
    case .remainder(let modulus): min(modulus, cardinality)
    case .mixedRadix(let divisor, let modulus): min(modulus, (cardinality - 1) / divisor + 1)
    case .explicit: nil
    }
  }

  /// In the words of `config.json`.
  package var name: String {
    switch self {
    case .identity: "identity"
    case .quotient: "quotient"
    case .remainder: "remainder"
    case .mixedRadix: "mixed_radix"
    case .explicit: "explicit"
    }
  }

  /// Divisors and moduli of the function, checked before anything divides by them.
  var numbers: [(name: String, value: Int)] {
    switch self {
    case .identity, .explicit: []
    case .quotient(let divisor): [("divisor", divisor)]
    case .remainder(let modulus): [("modulus", modulus)]
    case .mixedRadix(let divisor, let modulus): [("divisor", divisor), ("modulus", modulus)]
    }
  }
}
