/// Why a command failed: one line that says what, where and what to do. Exit code 1.
struct CommandFailure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }

  /// Any error of a lower room: its own sentence.
  init(_ cause: any Error) { description = "\(cause)" }
}

/// Runs `body` and turns what it throws into the command's failure.
func failing<Result: ~Copyable>(
  _ body: () throws -> Result
) throws(CommandFailure) -> Result {
  do {
    return try body()
  } catch let failure as CommandFailure {
    throw failure
  } catch {
    throw CommandFailure(error)
  }
}
