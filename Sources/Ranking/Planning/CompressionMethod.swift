package import Embeddings

/// A way to store one feature's vectors: the paper's methods, by their names on the command line.
package enum CompressionMethod: String, Sendable, CaseIterable {
  /// One row per category.
  case full
  /// One table of ceil(n / c) rows by x mod ceil(n / c): the hashing trick.
  case hash
  /// Quotient table of ceil(n / c) rows by x / c, remainder table of c rows by x mod c.
  case qrMultiply = "qr-multiply"
  case qrAdd = "qr-add"
  /// As above; the two tables share the width.
  case qrConcatenate = "qr-concatenate"
  /// K tables: moduli c, ..., c, ceil(n / c^(K-1)), multiplied.
  case mixedRadix = "mixed-radix"
  /// K tables: pairwise coprime moduli from c, the last one so large that the product covers n.
  case crt
  /// Feature generation: the two rows enter the network as vectors of their own.
  case separate
  /// Quotient table, and one small MLP per remainder.
  case path

  /// What the methods are told besides the cardinality.
  package struct Options: Sendable, Equatable {
    package var dimension = 16
    package var collisions = 4
    /// Features with n <= threshold keep a full table.
    package var threshold = 0
    /// Tables of `mixed-radix` and `crt`.
    package var partitions = 2
    /// Hidden width of `path`.
    package var hidden = 64
    package init() {}
  }

  /// The specification of one feature under this method.
  package func specification(
    name: String, cardinality: Int, options: Options
  ) -> FeatureSpecification {
    let isFull = self == .full || cardinality <= options.threshold
    let kinds = isFull ? [.identity] : partitionKinds(cardinality: cardinality, options: options)
    return FeatureSpecification(
      name: name, cardinality: cardinality, dimension: options.dimension,
      composition: isFull ? .single : composition,
      partitions: kinds.enumerated().map { position, kind in
        PartitionSpecification(
          kind: kind, table: TensorNames.table(feature: name, partition: position),
          hiddenWidth: !isFull && self == .path && position > 0 ? options.hidden : nil)
      })
  }

  private var composition: Composition {
    switch self {
    case .full, .hash: .single
    case .qrMultiply, .mixedRadix, .crt: .multiply
    case .qrAdd: .add
    case .qrConcatenate: .concatenate
    case .separate: .separate
    case .path: .path
    }
  }

  private func partitionKinds(cardinality: Int, options: Options) -> [PartitionKind] {
    let collisions = options.collisions
    switch self {
    case .full: return [.identity]
    case .hash: return [.remainder(modulus: ceilingQuotient(cardinality, collisions))]
    case .qrMultiply, .qrAdd, .qrConcatenate, .separate, .path:
      return [.quotient(divisor: collisions), .remainder(modulus: collisions)]
    case .mixedRadix: return mixedRadix(cardinality: cardinality, options: options)
    case .crt:
      return coprimeModuli(
        covering: cardinality, from: collisions, count: options.partitions
      ).map { .remainder(modulus: $0) }
    }
  }

  private func mixedRadix(cardinality: Int, options: Options) -> [PartitionKind] {
    var divisor = 1
    var kinds: [PartitionKind] = []
    for position in 0..<options.partitions {
      let isLast = position == options.partitions - 1
      let modulus = isLast ? ceilingQuotient(cardinality, divisor) : options.collisions
      kinds.append(.mixedRadix(divisor: divisor, modulus: modulus))
      let (product, overflows) = divisor.multipliedReportingOverflow(by: modulus)
      divisor = overflows ? Int.max : product
    }
    return kinds
  }
}

/// `count` pairwise coprime moduli whose product is at least `cardinality`: the first ones are the
/// least from `smallest`, the last one is the least that covers the rest.
package func coprimeModuli(covering cardinality: Int, from smallest: Int, count: Int) -> [Int] {
  var moduli: [Int] = []
  var product = 1
  while moduli.count < count {
    let isLast = moduli.count == count - 1
    var candidate = isLast ? ceilingQuotient(cardinality, product) : max(smallest, 2)
    while moduli.contains(where: { greatestCommonDivisor($0, candidate) != 1 }) { candidate += 1 }
    moduli.append(max(candidate, 1))
    let (next, overflows) = product.multipliedReportingOverflow(by: moduli[moduli.count - 1])
    product = overflows ? Int.max : next
  }
  return moduli
}

func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
  var (a, b) = (a, b)
  while b != 0 { (a, b) = (b, a % b) }
  return a
}

/// n / d, rounded up.
func ceilingQuotient(_ n: Int, _ d: Int) -> Int { n / d + (n % d == 0 ? 0 : 1) }
