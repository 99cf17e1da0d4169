import ArgumentParser

/// One run of the program, from its arguments to its exit code.
enum CommandLineRun {
  /// Runs the command that `arguments` (the program's name first) ask for.
  nonisolated static func outcome(_ arguments: [String]) -> ExitCode {
    let given = relevant(Array(arguments.dropFirst()))
    do {
      var command = try Quotient.parseAsRoot(given)
      try command.run()
      return .success
    } catch let failure as CommandFailure {
      Console.fail(failure.description)
      return .failure
    } catch let code as ExitCode {
      return code
    } catch {
      return explain(error)
    }
  }

  /// Help and version are results; anything else is wrong usage.
  private static func explain(_ error: any Error) -> ExitCode {
    let code = Quotient.exitCode(for: error)
    guard code != .success else {
      // Nobody reads the help if the output is closed.
      try? Console.write(Quotient.fullMessage(for: error))
      return code
    }
    Console.fail("\(Quotient.message(for: error)); run with --help to see what is understood")
    return code
  }

  /// `import dlrm` understands a whole pasted training command: flags of the training script that
  /// say nothing about the model are dropped.
  static func relevant(_ arguments: [String]) -> [String] {
    arguments.starts(with: ["import", "dlrm"])
      ? DLRMCommandLine.relevant(arguments) : arguments
  }
}
