import Checkpoints
import Kernels

/// Where a NaN or an infinity was found.
package struct NonFiniteValue: Sendable, Equatable {
  package let tensor: String
  /// The row; of an MLP's tensor the row among all of its buckets' rows, of others the element.
  package let row: Int
}

extension FeatureTable {
  /// The first NaN or infinity in the feature's tensors, or nil. Reads every byte once.
  package func firstNonFiniteValue() -> NonFiniteValue? {
    for partition in partitions {
      if let path = partition.path {
        for tensor in path.tensors {
          if let found = firstNonFiniteValue(in: tensor) { return found }
        }
      } else {
        let table = partition.table
        let rows = RowTable(table, partition.layout)
        if let row = kernels.firstNonFiniteRow(of: rows, in: 0..<partition.layout.rowCount) {
          return NonFiniteValue(tensor: partition.tensor.name, row: row)
        }
      }
    }
    for tensor in [projectionTensor, categoryWeights?.tensor].compactMap({ $0 }) {
      if let found = firstNonFiniteValue(in: tensor) { return found }
    }
    return nil
  }

  private func firstNonFiniteValue(in tensor: Tensor) -> NonFiniteValue? {
    let width = tensor.shape.count > 1 ? tensor.shape[tensor.shape.count - 1] : 1
    guard let element = RowElement(tensor.elementType), tensor.elementCount > 0 else { return nil }
    let layout = RowLayout(
      element: element, width: width, rowCount: tensor.elementCount / width)
    let table = RowTable(tensor.bytes, layout: layout)
    guard let row = kernels.firstNonFiniteRow(of: table, in: 0..<layout.rowCount) else {
      return nil
    }
    return NonFiniteValue(tensor: tensor.name, row: row)
  }
}
