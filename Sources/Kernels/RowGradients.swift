internal import CSIMD

/// The different rows among a batch's row indices, found by hashing. Keeps its memory.
package struct DistinctRows: Sendable {
  /// The different rows in the order of their first appearance.
  package private(set) var rows: [Int64] = []
  /// Of each index its row's position in ``rows``.
  package private(set) var slots: [UInt32] = []
  private var table: [UInt32] = []

  package init() {}

  package mutating func find(in indices: Span<Int64>) {
    let count = indices.count
    var size = 16
    while size < 4 * count { size *= 2 }
    if table.count < size { table = [UInt32](repeating: 0, count: size) }
    rows.removeAll(keepingCapacity: true)
    rows.append(contentsOf: repeatElement(0, count: count))
    slots.removeAll(keepingCapacity: true)
    slots.append(contentsOf: repeatElement(0, count: count))
    guard count > 0 else { return }
    // SAFETY: rows and slots have `count` elements, the table a power of two that is larger.
    let found = unsafe indices.withUnsafeBufferPointer { indices in
      unsafe rows.withUnsafeMutableBufferPointer { rows in
        unsafe slots.withUnsafeMutableBufferPointer { slots in
          unsafe table.withUnsafeMutableBufferPointer { table in
            unsafe csimd_unique_rows(
              indices.baseAddress!, count, rows.baseAddress!, slots.baseAddress!,
              table.baseAddress!, size)
          }
        }
      }
    }
    rows.removeLast(count - found)
  }
}

/// The gradients of pooled vectors, and which of them an id contributed to.
package struct UpstreamGradient: ~Escapable {
  /// Vectors, `stride` floats apart.
  package let vectors: Span<Float>
  package let stride: Int
  /// Of each id its vector; empty: id i has vector i.
  package let bags: Span<UInt32>
  /// A factor for each vector (1 / count for means), or empty.
  package let scales: Span<Float>

  @_lifetime(copy vectors, copy bags, copy scales)
  package init(vectors: Span<Float>, stride: Int, bags: Span<UInt32>, scales: Span<Float>) {
    self.vectors = vectors
    self.stride = stride
    self.bags = bags
    self.scales = scales
  }

  /// - Precondition: every one of `count` ids has a vector of `width` floats, and a scale.
  fileprivate func check(count: Int, width: Int) {
    precondition(bags.isEmpty || bags.count == count, "a bag for each id")
    var vectorCount = bags.isEmpty ? count : 0
    for i in bags.indices { vectorCount = max(vectorCount, Int(bags[i]) + 1) }
    RowPlacement.check(vectors.count, rowCount: vectorCount, stride: stride, width: width)
    precondition(scales.isEmpty || scales.count >= vectorCount, "a scale for each vector")
  }

  @unsafe
  fileprivate func withPointers(_ body: (csimd_upstream) -> Void) {
    // SAFETY: the pointers are used during the call only.
    unsafe vectors.withUnsafeBufferPointer { vectors in
      unsafe bags.withUnsafeBufferPointer { bags in
        unsafe scales.withUnsafeBufferPointer { scales in
          unsafe body(
            csimd_upstream(
              vectors: vectors.baseAddress!, stride: stride,
              bag: bags.isEmpty ? nil : bags.baseAddress,
              scales: scales.isEmpty ? nil : scales.baseAddress))
        }
      }
    }
  }
}

extension TrainingKernels {
  /// Adds each id's gradient to the sum of its row:
  ///
  ///     sums[slots[i]] += scale * upstream[i] * factors[i]
  ///
  /// - Parameters:
  ///   - factors: [ids, width], what the rows were multiplied with; or empty.
  ///   - slots: [ids], each below sums.count / width (checked: precondition).
  ///   - sums: [slots, width].
  package func scatterAdd(
    _ upstream: UpstreamGradient, factors: Span<Float>, slots: Span<UInt32>, width: Int,
    into sums: inout MutableSpan<Float>
  ) {
    let count = slots.count
    precondition(width > 0 && sums.count % width == 0, "sums are [slots, width]")
    precondition(
      factors.isEmpty || factors.count == count * width, "factors are [ids, width], or none")
    for i in slots.indices {
      precondition(Int(slots[i]) < sums.count / width, "a slot outside of the sums")
    }
    upstream.check(count: count, width: width)
    guard count > 0 else { return }
    // SAFETY: ids, slots and factors were checked above.
    unsafe upstream.withPointers { upstream in
      unsafe slots.withUnsafeBufferPointer { slots in
        unsafe sums.withUnsafeMutableBufferPointer { sums in
          unsafe factors.withUnsafeBufferPointer { factors in
            unsafe functions.pointee.scatter_add(
              upstream, factors.isEmpty ? nil : factors.baseAddress, slots.baseAddress!, count,
              width, sums.baseAddress!)
          }
        }
      }
    }
  }
}
