import Foundation
import FuzzTargets

// The program behind deploy/fuzz.sh: libFuzzer around one of the registered targets.
//
//     quotient-fuzz --list                 names of the targets
//     quotient-fuzz --seeds NAME FOLDER    writes the target's seeds as files
//     QUOTIENT_FUZZ_TARGET=NAME quotient-fuzz [libFuzzer's arguments]

/// The package manager's name for `main` of this program, so that libFuzzer's own is not linked.
@c(quotient_fuzz_main)
public func quotientFuzzMain(
  _ argumentCount: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> CInt {
  let words = CommandLine.arguments
  if words.count > 1, words[1] == "--list" {
    for target in fuzzTargets { print(target.name) }
    return 0
  }
  if words.count > 3, words[1] == "--seeds" { return writeSeeds(of: words[2], to: words[3]) }
  guard chosenTarget != nil else {
    FileHandle.standardError.write(Data("set QUOTIENT_FUZZ_TARGET to a name of --list\n".utf8))
    return 2
  }
  var count = argumentCount
  var values = unsafe arguments
  // SAFETY: the arguments of main; libFuzzer keeps and replaces them as its documentation says.
  return unsafe runDriver(&count, &values, testOneInput)
}

private let chosenTarget: FuzzTarget? = {
  let name = ProcessInfo.processInfo.environment["QUOTIENT_FUZZ_TARGET"]
  return fuzzTargets.first { $0.name == name }
}()

private func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  // SAFETY: libFuzzer lends `count` bytes for the call.
  let input = unsafe Array(UnsafeBufferPointer(start: bytes, count: count))
  do {
    try chosenTarget?.run(input)
  } catch {
    FileHandle.standardError.write(Data("finding: \(error)\n".utf8))
    abort()
  }
  return 0
}

private func writeSeeds(of name: String, to folder: String) -> CInt {
  guard let target = fuzzTargets.first(where: { $0.name == name }) else { return 2 }
  for (index, seed) in target.seeds.enumerated() {
    let file = URL(filePath: folder).appending(path: "seed-\(index)")
    do {
      try Data(seed).write(to: file)
    } catch {
      FileHandle.standardError.write(Data("\(file.path()): \(error)\n".utf8))
      return 1
    }
  }
  return 0
}

private typealias TestOneInput = @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ argumentCount: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
  _ test: TestOneInput
) -> CInt
