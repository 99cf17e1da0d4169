import ArgumentParser
import SystemIO

struct ServeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Serve models over HTTP.",
    usage: "quotient serve [--model [NAME=]PATH] ... [OPTIONS]",
    discussion: """
      Answers lookups for the models that are named, or for a demo model that is trained on the \
      first run and kept in the cache folder ($XDG_CACHE_HOME/quotient or ~/.cache/quotient). \
      SIGTERM and SIGINT end it in order: /readyz fails, open requests finish, then exit code 0.

      Examples:
        quotient serve
        quotient serve --model criteo=models/criteo --listen 0.0.0.0:8080
        curl 127.0.0.1:8080/v1/models/criteo:lookup \\
          -d '{"features": {"C3": [17, 42]}}'

      Every option can also be given as an environment variable: --max-body-bytes is \
      QUOTIENT_MAX_BODY_BYTES; repeatable ones are separated by commas there.

      OPTIONS:
      \(ServeOptions.helpText)
      """)

  @Argument(parsing: .captureForPassthrough, help: .hidden)
  var arguments: [String] = []

  func run() throws {
    if arguments.contains(where: { $0 == "--help" || $0 == "-h" }) {
      return try Console.write(Quotient.helpMessage(for: ServeCommand.self))
    }
    let settings: ServeSettings
    do throws(UsageError) {
      settings = try ServeOptions.parse(
        arguments, processorCount: ProcessEnvironment.processorCount,
        environment: ProcessEnvironment.variable)
    } catch {
      throw ValidationError(error.description)
    }
    if let defect = settings.tlsDefect { throw ValidationError(defect) }
    try ServeRun(settings).run()
  }
}
