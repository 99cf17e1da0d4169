import Kernels
import Ranking
import Serving
import Synchronization
import SystemIO
import TLS
import Telemetry
import Transport

/// One run of the server: binds, loads, answers, drains. Here Transport meets Serving.
struct ServeRun {
  private let settings: ServeSettings
  private let log: ServerLog

  init(_ settings: ServeSettings) {
    self.settings = settings
    log = ServerLog(settings)
  }

  func run() throws(CommandFailure) {
    try chooseKernels()
    MappingDamage.catchBusErrors()
    let models = try ServedModels(settings)
    let counters = (0..<settings.transport.workerCount).map { _ in TransportCounters() }
    let access = try accessControl()
    let settings = try adoptingSockets(try withIdentity())
    let service = Service(
      serviceConfiguration(access, settings.transport.identity), modelNames: models.names,
      transport: counters)
    service.beginStart()
    let server: Server
    do {
      server = try Server(configuration: settings.transport, counters: counters) {
        service.makeHandler(worker: $0)
      }
    } catch {
      throw CommandFailure(error)
    }
    try serve(service, server, models, settings.transport.identity)
  }

  private func serve(
    _ service: Service, _ server: Server, _ models: ServedModels, _ identity: TLSIdentity?
  ) throws(CommandFailure) {
    let log = log
    // Who takes another's place accepts no client before its models are ready: until then those who
    // knock are the predecessor's.
    let waitsForModels = Supervisor.hasPredecessor
    let outcome: LoadOutcome
    do {
      outcome = try LoadOutcome()
      // While models are loaded, /livez and /readyz are answered already.
      let loader = try WorkerThread(name: "loader") {
        do throws(CommandFailure) {
          try load(models, into: service, server, outcome)
        } catch {
          outcome.failure.withLock { $0 = error }
          server.shutdown(immediately: true)
          outcome.settled.wake()
        }
      }
      // A long load does not hold up the end of the server.
      loader.detach()
      if waitsForModels { try outcome.waitUntilSettled() }
      try server.run(
        onDrain: {
          service.beginDrain()
          Supervisor.notify("STOPPING=1")
          log.note("draining: open requests finish, then the server ends")
        },
        onReload: {
          log.note("SIGHUP: looking for new versions")
          service.modelControl?.lookAgain()
          reloadTokens(service)
          reload(identity)
        }, onReplace: { replace(server) })
    } catch {
      throw CommandFailure(error)
    }
    if let failure = outcome.failure.withLock({ $0 }) { throw failure }
    log.note("stopped")
  }

  /// The settings with the certificate that they name.
  private func withIdentity() throws(CommandFailure) -> ServeSettings {
    var settings = settings
    guard let certificate = settings.tlsCertificatePath else { return settings }
    do throws(TLSError) {
      let identity = try TLSIdentity(
        TLSFiles(
          certificate: certificate, key: settings.tlsKeyPath ?? certificate,
          clientAuthorities: settings.tlsClientAuthoritiesPath))
      settings.transport.identity = identity
      note(identity)
    } catch {
      throw CommandFailure(error)
    }
    return settings
  }

  private func note(_ identity: TLSIdentity) {
    let days = identity.secondsLeft / 86_400
    if identity.secondsLeft < 0 {
      log.warn("the certificate has expired; clients will refuse it", [("days", "\(-days)")])
    } else {
      log.note("the certificate was read", [("days_left", "\(days)")])
    }
  }

  private func reload(_ identity: TLSIdentity?) {
    guard let identity else { return }
    do throws(TLSError) {
      try identity.reload()
      note(identity)
    } catch {
      log.warn("the certificate stays as it was", [("reason", error.description)])
    }
  }

  /// Sockets that systemd or a predecessor opened take the place of the default address.
  private func adoptingSockets(
    _ settings: ServeSettings
  ) throws(CommandFailure) -> ServeSettings {
    var settings = settings
    do throws(SystemError) {
      settings.transport.inheritedSockets = try Supervisor.inheritedSockets()
    } catch {
      throw CommandFailure(error)
    }
    guard !settings.transport.inheritedSockets.isEmpty else { return settings }
    // A predecessor's sockets are those that the same arguments ask for.
    if !settings.listensExplicitly || Supervisor.hasPredecessor {
      settings.transport.listenAddresses = []
    }
    if Supervisor.hasPredecessor { settings.transport.adminListenAddresses = [] }
    return settings
  }

  /// Starts the binary that is now where this one was, and ends once it answers.
  private func replace(_ server: Server) {
    let log = log
    log.note("SIGUSR2: starting a successor")
    let seconds = Self.successorSecondsMax
    do throws(SystemError) {
      let thread = try WorkerThread(name: "successor") {
        do throws(SystemError) {
          let successor = try Successor.start(
            arguments: CommandLine.arguments, sockets: server.sockets)
          let identifier = successor.identifier
          if successor.waitUntilReady(seconds: seconds) {
            log.note("the successor answers", [("pid", "\(identifier)")])
            return server.giveWay()
          }
          log.warn("the successor did not come up; this process goes on")
        } catch {
          log.warn("there is no successor; this process goes on", [("reason", "\(error)")])
        }
      }
      thread.detach()
    } catch {
      log.warn("there is no successor; this process goes on", [("reason", "\(error)")])
    }
  }

  /// How long a successor may take to open its models.
  private static let successorSecondsMax = 600

  private func reloadTokens(_ service: Service) {
    do throws(AccessError) {
      if let count = try service.configuration.access?.reload() {
        log.note("access tokens were read", [("count", "\(count)")])
      }
    } catch {
      log.warn("access tokens stay as they were", [("reason", error.description)])
    }
  }

  /// The loader's thread: loads what was named, says where the server listens, then follows changes
  /// of the models' folders for as long as the process lives.
  private func load(
    _ models: ServedModels, into service: Service, _ server: Server, _ outcome: LoadOutcome
  ) throws(CommandFailure) {
    var configuration = RepositoryConfiguration(sources: try models.resolve())
    configuration.loadMode = settings.loadMode
    configuration.precisions = settings.precisions
    configuration.policy = settings.versionPolicy
    configuration.pollInterval = settings.pollInterval == .zero ? nil : settings.pollInterval
    configuration.prefaultBytesMax = settings.prefaultBytesMax
    let (log, loadMode) = (log, settings.loadMode)
    let scheme = settings.tlsCertificatePath == nil ? "http://" : "https://"
    do {
      let repository = try ModelRepository(configuration, for: service) {
        log.note($0, loadMode: loadMode)
      }
      try repository.run {
        for address in server.boundAddresses {
          log.note("listening on \(address.hasPrefix("unix:") ? address : scheme + address)")
        }
        outcome.settled.wake()
        Supervisor.relievePredecessor()
        Supervisor.notify("MAINPID=\(ProcessEnvironment.identifier)\nREADY=1")
      }
    } catch {
      throw CommandFailure(error)
    }
  }

  /// How loading ended, told by the loader's thread.
  private final class LoadOutcome: Sendable {
    let failure = Mutex<CommandFailure?>(nil)
    /// Woken once the models are loaded, or loading failed.
    let settled: WakeupDescriptor

    init() throws(SystemError) { settled = try WakeupDescriptor() }

    func waitUntilSettled() throws(SystemError) {
      var poll = try EventPoll(capacity: 1)
      try poll.add(settled.number, for: .readable, token: 0)
      while poll.wait(milliseconds: -1) == 0 {}
    }
  }

  private func chooseKernels() throws(CommandFailure) {
    guard let name = settings.kernels else { return }
    guard RowKernels.choose(named: name) else {
      let names = RowKernels.available.map(\.name).joined(separator: ", ")
      throw CommandFailure(
        "--kernels \(name) is not available on this processor; there are \(names)")
    }
  }

  private func accessControl() throws(CommandFailure) -> AccessControl {
    do throws(AccessError) {
      return try AccessControl(
        tokensPath: settings.tokensPath,
        hasAdminListener: !settings.transport.adminListenAddresses.isEmpty)
    } catch {
      throw CommandFailure(error)
    }
  }

  private func serviceConfiguration(
    _ access: AccessControl, _ identity: TLSIdentity?
  ) -> ServiceConfiguration {
    var configuration = ServiceConfiguration(
      workerCount: settings.transport.workerCount, version: BuildVersion.text,
      logSink: ServerLog.sink, monotonicClock: MonotonicClock.nanoseconds,
      wallClock: ServerLog.wallClock)
    configuration.access = access
    configuration.limits = settings.limits
    configuration.compressesAnswers = settings.compression == .on
    configuration.accessLog = settings.accessLog
    configuration.accessLogRate = settings.accessLogRate
    configuration.accessLogSeverityMin = settings.logLevel.requestSeverityMin
    if settings.slowRequest > .zero {
      configuration.slowRequestNanoseconds = Int(settings.slowRequest / .nanoseconds(1))
    }
    configuration.logFormat = settings.logFormat
    configuration.processStatistics = {
      var statistics = ProcessStatistics(ProcessUsage.current())
      statistics.certificateEndSeconds = identity.map { identity in
        identity.secondsLeft + Int(WallClock.nanoseconds() / 1_000_000_000)
      }
      return statistics
    }
    return configuration
  }
}

extension ProcessStatistics {
  fileprivate init(_ usage: ProcessUsage) {
    self.init()
    cpuSeconds = usage.cpuSeconds
    openDescriptors = usage.openDescriptorCount
    descriptorsMax = usage.descriptorCountMax
    virtualBytes = usage.virtualByteCount
    residentBytes = usage.residentByteCount
    startTimeSeconds = usage.startTime
    threads = usage.threadCount
    majorPageFaults = usage.majorFaultCount
  }
}
