import ArgumentParser
import SystemIO

struct HealthcheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "healthcheck",
    abstract: "Ask a running server whether it is ready: exit code 0 or 1.",
    discussion: """
      For containers without curl. The URL is http://HOST:PORT/PATH; its path is /readyz if it has \
      none, and /livez asks only whether the process answers. A server that speaks HTTPS is asked \
      at a Unix socket beside it: serve --listen unix:PATH, healthcheck unix:PATH.

      Example:
        quotient healthcheck http://127.0.0.1:8080/livez
      """)

  @Argument(help: ArgumentHelp("What to ask.", valueName: "url"))
  var url = "http://127.0.0.1:8080/readyz"

  @Option(help: ArgumentHelp("How long to wait for the answer.", valueName: "seconds"))
  var timeout = 5.0

  func validate() throws {
    guard timeout > 0, timeout <= 3600 else {
      throw ValidationError("--timeout is \(timeout); it must be more than 0 and at most 3600")
    }
  }

  func run() throws {
    let target = try HealthTarget(url)
    let status = try HealthProbe.status(of: target, timeout: .seconds(timeout))
    guard status == 200 else {
      throw CommandFailure("\(url) answers \(status); it is not ready")
    }
    try Console.write("ok")
  }
}
