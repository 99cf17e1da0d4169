import ArgumentParser
import Ranking

struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Prove a checkpoint.",
    discussion: """
      Checks the files' structure, every tensor's shape, checksums, that all values are finite, \
      and that every feature's partitions are complementary: that no two categories share all \
      their buckets. Where they are not, two such categories are named. With --golden the vectors \
      are compared with those of another implementation. Exit code 1 if anything fails.

      Example:
        quotient verify models/criteo --golden golden.npz
      """)

  @Argument(help: ArgumentHelp("The checkpoint's folder.", valueName: "checkpoint"))
  var checkpoint: String

  @Option(
    help: ArgumentHelp(
      "Ids and vectors to compare with: ids_single, vec_single_f32, bag_ids, bag_offsets, ...",
      valueName: "file.npz"))
  var golden: String?

  @Flag(help: "Partitions that are not complementary (the hashing trick) are no failure.")
  var allowCollisions = false

  func run() throws {
    var failures: [String] = []
    var output: CommandFailure?
    _ = CheckpointVerification.run(path: checkpoint, golden: golden) { check in
      let isCollision = check.isCollision && allowCollisions
      let mark = check.hasPassed ? "ok    " : isCollision ? "note  " : "FAILED"
      do throws(CommandFailure) {
        try Console.write("\(mark)  \(check.name): \(check.detail)")
      } catch {
        output = error
      }
      if !check.hasPassed, !isCollision { failures.append("\(check.name): \(check.detail)") }
    }
    if let output { throw output }
    if let first = failures.first {
      let others = failures.count > 1 ? " (and \(failures.count - 1) more failures)" : ""
      throw CommandFailure("\(first)\(others)")
    }
  }
}
