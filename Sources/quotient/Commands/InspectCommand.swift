import ArgumentParser
import ByteCoding
import Embeddings
import Ranking

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Show what a checkpoint holds.",
    discussion: """
      One line per categorical feature: its categories, how its vectors are composed, the rows of \
      its tables, their bytes, and what a full table of one float32 row per category would take. \
      Nothing but the header is read.

      Example:
        quotient inspect models/criteo
      """)

  @Argument(help: ArgumentHelp("The checkpoint's folder.", valueName: "checkpoint"))
  var checkpoint: String

  @Flag(help: "Write JSON instead of a table.")
  var json = false

  func run() throws {
    let model = try failing { try ModelLoader.load(path: checkpoint) }
    let description = ModelDescription(model)
    if json {
      try Console.output(JSONValue.object(description.json).serialized(indentation: 2) + [0x0A])
    } else {
      for line in description.lines { try Console.write(line) }
    }
  }
}
