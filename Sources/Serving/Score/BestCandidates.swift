/// The best candidates, best first, ties by lower index, into `order`: a heap of the best so far,
/// in place, so that a warm `order` allocates nothing and a few of many cost one pass.
///
/// - Parameters:
///   - values: one per candidate; fewer than 2^32.
///   - countMax: how many are wanted.
func rankBest(_ values: Span<Float>, countMax: Int, into order: inout [Int]) {
  order.removeAll(keepingCapacity: true)
  let count = min(countMax, values.count)
  guard count > 0 else { return }
  order.reserveCapacity(count)
  for index in 0..<count { order.append(rankingKey(values[index], index)) }
  var keys = order.mutableSpan
  for root in stride(from: count / 2 - 1, through: 0, by: -1) { siftDown(&keys, root, count) }
  for index in count..<max(count, values.count) {
    let key = rankingKey(values[index], index)
    guard key < keys[0] else { continue }
    keys[0] = key
    siftDown(&keys, 0, count)
  }
  for last in stride(from: count - 1, to: 0, by: -1) {
    keys.swapAt(0, last)
    siftDown(&keys, 0, last)
  }
  for position in 0..<count { keys[position] &= 0xFFFF_FFFF }
}

/// Smaller the better a candidate is: the value's bits in descending order, then the index.
private func rankingKey(_ value: Float, _ index: Int) -> Int {
  // Adding zero makes -0 equal to 0.
  let bits = Int32(bitPattern: (value + 0).bitPattern)
  // Negative floats ascend as their magnitudes descend.
  let ascending = bits >= 0 ? bits : bits ^ Int32.max
  return Int(~ascending) << 32 | index
}

/// Restores the heap of `keys[..<count]`, the largest first, below `root`.
private func siftDown(_ keys: inout MutableSpan<Int>, _ root: Int, _ count: Int) {
  var parent = root
  while true {
    var child = 2 * parent + 1
    guard child < count else { return }
    if child + 1 < count, keys[child + 1] > keys[child] { child += 1 }
    guard keys[child] > keys[parent] else { return }
    keys.swapAt(parent, child)
    parent = child
  }
}
