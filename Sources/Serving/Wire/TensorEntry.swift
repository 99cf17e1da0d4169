import ByteCoding

/// One entry of a safetensors header: `{"dtype":"I64","shape":[2],"data_offsets":[0,16]}`.
struct TensorEntry {
  private(set) var dtype: RequestTensor.Dtype?
  private var shape: [Int64] = []
  private var offsets: [Int64] = []
  private var hasShape = false

  /// Another tensor's entry will be read; its arrays stay.
  mutating func reset() {
    dtype = nil
    hasShape = false
    shape.removeAll(keepingCapacity: true)
    offsets.removeAll(keepingCapacity: true)
  }

  /// Errors name the member alone: the caller, who knows the tensor, puts its name in front.
  mutating func read(_ reader: inout BodyReader) throws(ServiceError) {
    try reader.beginObject(nil)
    while let member = try reader.nextMember() {
      if reader.json.name(member, equals: "dtype") {
        dtype = try reader.readWord("dtype", as: RequestTensor.Dtype.self)
      } else if reader.json.name(member, equals: "shape") {
        guard !hasShape else { throw .standsTwice("shape") }
        hasShape = true
        try Self.readList(&reader, "shape", countMax: 8, into: &shape)
      } else if reader.json.name(member, equals: "data_offsets") {
        guard offsets.isEmpty else { throw .standsTwice("data_offsets") }
        try Self.readList(&reader, "data_offsets", countMax: 2, into: &offsets)
      } else {
        try reader.skipValue()
      }
    }
  }

  private static func readList(
    _ reader: inout BodyReader, _ field: String, countMax: Int, into list: inout [Int64]
  ) throws(ServiceError) {
    do {
      try reader.json.readInt64List(into: &list, countMax: countMax)
    } catch {
      switch error.reason {
      case .tooMany: throw .noSafetensors("`\(field)` has more than \(countMax) numbers")
      case .numberOutOfRange: throw .noSafetensors("`\(field)` has a number out of range")
      default: throw ServiceError(error, field: field)
      }
    }
  }

  /// The number of elements and the bytes, once everything about them was checked.
  func checked(
    _ name: @autoclosure () -> String, role: RequestTensor.Role
  ) throws(ServiceError) -> (count: Int, range: Range<Int>) {
    guard let dtype, hasShape, offsets.count == 2 else {
      throw .noSafetensors("tensor '\(name())' lacks `dtype`, `shape` or `data_offsets`")
    }
    guard shape.count == 1 else {
      throw ServiceError(
        .shapeMismatch, field: name(),
        "tensor '\(name())' has \(shape.count) dimensions; it needs one"
          + (role == .ids ? ", and `\(name()).lengths` for bags" : ""))
    }
    let (count, start, end) = (shape[0], offsets[0], offsets[1])
    let (byteCount, overflows) = count.multipliedReportingOverflow(by: Int64(dtype.byteCount))
    guard count >= 0, start >= 0, end >= start, !overflows, end - start == byteCount else {
      throw .noSafetensors("tensor '\(name())' has another size than its shape")
    }
    return (Int(count), Int(start)..<Int(end))
  }
}
