import CSIMD

// Whole lists of numbers at once: most bytes of a request are such lists. A C reader takes what is
// written the usual way, eight digits at a time; the rest, element by element, goes through the
// same functions as single values, which also find the error and its place.

extension JSONReader {
  /// True if an array whose first element is a number is next, with no blank before that.
  package var beginsNumberList: Bool {
    guard bytes.count &- offset >= 2, bytes[offset] == UInt8(ascii: "[") else { return false }
    let byte = bytes[offset &+ 1]
    return byte &- UInt8(ascii: "0") < 10 || byte == UInt8(ascii: "-")
  }

  /// Reads a list of integers such as `[17, -42]` and appends them to `values`.
  ///
  /// An element that is no integer (`1.0`, `1e2`, `"1"`, null) is a wrong type, one that an Int64
  /// does not hold is out of range; the error's offset is that element's.
  ///
  /// - Parameter countMax: a longer list is an error at the list's offset. It holds for this list.
  @_lifetime(self: copy self)
  package mutating func readInt64List(
    into values: inout [Int64], countMax: Int
  ) throws(JSONError) {
    try expect(.array)
    let listOffset = offset
    let countLimit = values.count + countMax
    try beginArray()
    while try nextElement() {
      if readUsualInt64s(into: &values, countLimit: countLimit) { return }
      guard values.count < countLimit else {
        throw JSONError(offset: listOffset, reason: .tooMany(limit: countMax))
      }
      values.append(try readInt64())
    }
  }

  /// Reads a list of numbers such as `[0.5, 2, -1e-3]` and appends the nearest float32.
  ///
  /// - Parameter countMax: a longer list is an error at the list's offset. It holds for this list.
  @_lifetime(self: copy self)
  package mutating func readFloatList(
    into values: inout [Float], countMax: Int
  ) throws(JSONError) {
    try expect(.array)
    let listOffset = offset
    let countLimit = values.count + countMax
    try beginArray()
    while try nextElement() {
      if readUsualFloats(into: &values, countLimit: countLimit) { return }
      guard values.count < countLimit else {
        throw JSONError(offset: listOffset, reason: .tooMany(limit: countMax))
      }
      values.append(try readFloat())
    }
  }

  /// Elements that the C reader is lent room for at a time.
  private static var blockCount: Int { 128 }

  /// From the first byte of an element on; true: the list is over, and the reader behind it.
  /// Otherwise the reader stands on the first byte of an element again.
  @_lifetime(self: copy self)
  private mutating func readUsualInt64s(into values: inout [Int64], countLimit: Int) -> Bool {
    while true {
      let room = min(Self.blockCount, countLimit - values.count)
      // SAFETY: the C function reads offset..<count of the borrowed text and writes at most `room`
      // values, of which `count` are initialized when it returns.
      let list = unsafe withUnsafeTemporaryAllocation(of: Int64.self, capacity: Self.blockCount) {
        block in
        let list = unsafe bytes.withUnsafeBufferPointer { text in
          unsafe csimd_text_read_int64s(
            text.baseAddress, offset, text.count, block.baseAddress, room)
        }
        unsafe values.append(contentsOf: UnsafeBufferPointer(rebasing: block[..<list.count]))
        return list
      }
      if list.closed != 0 {
        leaveList(endingAt: list.offset)
        return true
      }
      offset = list.offset
      if list.count < room || room == 0 { return false }
    }
  }

  @_lifetime(self: copy self)
  private mutating func readUsualFloats(into values: inout [Float], countLimit: Int) -> Bool {
    while true {
      let room = min(Self.blockCount, countLimit - values.count)
      // SAFETY: as above.
      let list = unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: Self.blockCount) {
        block in
        let list = unsafe bytes.withUnsafeBufferPointer { text in
          unsafe csimd_text_read_floats(
            text.baseAddress, offset, text.count, block.baseAddress, room)
        }
        unsafe values.append(contentsOf: UnsafeBufferPointer(rebasing: block[..<list.count]))
        return list
      }
      if list.closed != 0 {
        leaveList(endingAt: list.offset)
        return true
      }
      offset = list.offset
      if list.count < room || room == 0 { return false }
    }
  }
}
