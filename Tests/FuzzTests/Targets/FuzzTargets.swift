/// One way to feed hostile bytes to this code. `swift test` runs a short seeded mutation of the
/// seeds, `deploy/fuzz.sh` the same closure under libFuzzer.
package struct FuzzTarget: Sendable, CustomStringConvertible {
  package let name: String
  /// Inputs worth mutating: at least one that is accepted.
  package let seeds: [[UInt8]]
  /// Throws a ``FuzzFinding`` when the code breaks a promise; a crash is a finding by itself.
  package let run: @Sendable ([UInt8]) throws -> Void

  package init(
    name: String, seeds: [[UInt8]], run: @escaping @Sendable ([UInt8]) throws -> Void
  ) {
    self.name = name
    self.seeds = seeds
    self.run = run
  }

  package var description: String { name }
}

/// What was promised and did not hold.
package struct FuzzFinding: Error, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }
}

/// Throws a finding unless the promise holds.
package func promise(_ holds: Bool, _ sentence: @autoclosure () -> String) throws(FuzzFinding) {
  if !holds { throw FuzzFinding(sentence()) }
}

/// Every target. One file each in this folder; add yours here.
package let fuzzTargets: [FuzzTarget] = [
  floatTextTarget,
  httpTarget,
  http2Target,
  inferCallTarget,
  inferenceTarget,
  jsonReaderTarget,
  jsonValueTarget,
  lookupTarget,
  numpyTarget,
  protobufTarget,
  recordTarget,
  safetensorsTarget,
  scoreTarget,
  torchTarget,
]
