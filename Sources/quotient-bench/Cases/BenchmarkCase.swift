/// One micro-benchmark: what is measured, by name, and how to run it.
struct BenchmarkCase {
  /// `room/what/shape`.
  let name: String
  /// What one item is: a row, a float, a request.
  let unit: String
  /// Items that one call of the body handles.
  let itemCount: Int
  /// Bytes that one call reads or writes; 0: rates in bytes say nothing here.
  let byteCount: Int
  /// Arithmetic operations that one call does; 0: rates in them say nothing here.
  var operationCount = 0
  /// Builds the data and returns the call to be timed. The call's result keeps work alive.
  let prepare: () throws -> () -> Int

  static var all: [BenchmarkCase] {
    kernelCases + scoreCases + lookupCases + jsonCases + textCases + httpCases
      + trainingCases
  }
}
