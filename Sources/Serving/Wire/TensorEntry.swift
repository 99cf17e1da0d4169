import ByteCoding

/// One entry of a safetensors header: `{"dtype":"I64","shape":[2],"data_offsets":[0,16]}`.
struct TensorEntry {
  private(set) var dtype: RequestTensor.Dtype?
  private var shape: [Int64] = []
  private var offsets: [Int64] = []
  private var hasShape = false

  mutating func read(_ reader: inout BodyReader, _ field: String) throws(ServiceError) {
    try reader.beginObject(field)
    while let member = try reader.nextMember() {
      if reader.json.name(member, equals: "dtype") {
        dtype = try reader.readWord("\(field).dtype", as: RequestTensor.Dtype.self)
      } else if reader.json.name(member, equals: "shape") {
        guard !hasShape else { throw .standsTwice("\(field).shape") }
        hasShape = true
        try Self.readList(&reader, "\(field).shape", countMax: 8, into: &shape)
      } else if reader.json.name(member, equals: "data_offsets") {
        guard offsets.isEmpty else { throw .standsTwice("\(field).data_offsets") }
        try Self.readList(&reader, "\(field).data_offsets", countMax: 2, into: &offsets)
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
    _ field: String, role: RequestTensor.Role
  ) throws(ServiceError) -> (count: Int, range: Range<Int>) {
    guard let dtype, hasShape, offsets.count == 2 else {
      throw .noSafetensors("tensor '\(field)' lacks `dtype`, `shape` or `data_offsets`")
    }
    guard shape.count == 1 else {
      throw ServiceError(
        .shapeMismatch, field: field,
        "tensor '\(field)' has \(shape.count) dimensions; it needs one"
          + (role == .ids ? ", and `\(field).lengths` for bags" : ""))
    }
    let (count, start, end) = (shape[0], offsets[0], offsets[1])
    let (byteCount, overflows) = count.multipliedReportingOverflow(by: Int64(dtype.byteCount))
    guard count >= 0, start >= 0, end >= start, !overflows, end - start == byteCount else {
      throw .noSafetensors("tensor '\(field)' has another size than its shape")
    }
    return (Int(count), Int(start)..<Int(end))
  }
}
