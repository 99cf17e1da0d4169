/// One micro-benchmark: what is measured, by name, and how to run it.
struct BenchmarkCase {
  /// `room/what/shape`.
  let name: String
  /// What one item is: a row, a float, a request.
  let unit: String
  /// Items that one call of the body handles.
  let itemCount: Int
  /// Bytes that one call reads or writes; 0: rates in bytes say nothing here.
  private let measureBytes: () -> Int
  /// Arithmetic operations that one call does; 0: rates in them say nothing here.
  let operationCount: Int
  /// Builds the data and returns the call to be timed. The call's result keeps work alive.
  let prepare: () throws -> () -> Int

  /// - Parameter byteCount: asked for after ``prepare``, for data that are made only when used.
  init(
    name: String, unit: String, itemCount: Int, byteCount: @autoclosure @escaping () -> Int,
    operationCount: Int = 0, prepare: @escaping () throws -> () -> Int
  ) {
    (self.name, self.unit, self.itemCount) = (name, unit, itemCount)
    (measureBytes, self.operationCount, self.prepare) = (byteCount, operationCount, prepare)
  }

  var byteCount: Int { measureBytes() }

  static var all: [BenchmarkCase] {
    kernelCases + scoreCases + lookupCases + jsonCases + textCases + httpCases
      + trainingCases
  }
}
