package import HTTPCore
import Synchronization
package import SystemIO
package import Telemetry

/// Serves HTTP/1.1 at its addresses, with several workers that share nothing.
///
///     let server = try Server(configuration: configuration, counters: counters) { worker in
///       service.makeHandler(worker: worker)
///     }
///     try server.run(onDrain: { service.beginDrain() })
package final class Server: Sendable {
  /// Where the server listens, `127.0.0.1:41234` or `unix:/run/quotient.sock`; with real ports.
  package let boundAddresses: [String]

  private let configuration: TransportConfiguration
  private let counters: [TransportCounters]
  private let makeHandler: @Sendable (Int) -> any RequestHandler
  private let control: ServerControl
  /// What each worker will listen at; taken by ``run(handlesSignals:onDrain:onReload:)``.
  private let listeners: Mutex<[[Worker.Listener]]>
  /// The listening sockets, for a process that takes this one's place.
  package let sockets: [InheritedSocket]
  private let isReplaced = Atomic<Bool>(false)
  private let hasRun = Atomic<Bool>(false)

  /// Binds every address, so that clients can connect from now on; they are served once the server
  /// runs.
  ///
  /// - Parameters:
  ///   - counters: one a worker.
  ///   - makeHandler: called once a worker, on the worker's own thread.
  package init(
    configuration: TransportConfiguration, counters: [TransportCounters],
    makeHandler: @escaping @Sendable (Int) -> any RequestHandler
  ) throws(TransportError) {
    if let defect = configuration.defect { throw .configuration(defect) }
    precondition(counters.count == configuration.workerCount, "each worker has its counters")
    self.configuration = configuration
    self.counters = counters
    self.makeHandler = makeHandler
    do throws(SystemError) {
      control = try ServerControl(workerCount: configuration.workerCount)
    } catch {
      throw .system(error)
    }
    let (listeners, addresses) = try bindListeners(configuration)
    var seen: Set<CInt> = []
    sockets = listeners.joined().filter { seen.insert($0.socket.number).inserted }.map {
      InheritedSocket(number: $0.socket.number, isAdmin: $0.isAdmin)
    }
    self.listeners = Mutex(listeners)
    boundAddresses = addresses
  }

  /// Serves until SIGTERM, SIGINT or ``shutdown(immediately:)``, and until the requests that were
  /// open then are answered or ``TransportConfiguration/drainTimeout`` is over. A second signal
  /// ends it at once. May be called once.
  ///
  /// - Parameters:
  ///   - handlesSignals: false leaves the process's signals alone.
  ///   - onDrain: called when the end begins, before the listeners close.
  ///   - onReload: called on SIGHUP.
  ///   - onReplace: called on SIGUSR2.
  package func run(
    handlesSignals: Bool = true, onDrain: () -> Void = {}, onReload: () -> Void = {},
    onReplace: () -> Void = {}
  ) throws(TransportError) {
    let hasRunBefore = hasRun.exchange(true, ordering: .acquiringAndReleasing)
    precondition(!hasRunBefore, "a server runs once")
    SignalDescriptor.ignoreBrokenPipe()
    defer {
      if !isReplaced.load(ordering: .acquiring), configuration.inheritedSockets.isEmpty {
        for address in boundAddresses { SocketAddress(address)?.removePath() }
      }
    }
    var threads: [WorkerThread] = []
    do throws(SystemError) {
      var watch = try ShutdownWatch(control, handlesSignals: handlesSignals)
      for number in 0..<configuration.workerCount {
        threads.append(try startWorker(number))
      }
      watch.wait(
        configuration, onDrain: onDrain, onReload: onReload, onReplace: onReplace)
    } catch {
      control.workerFailed(error)
      control.advance(to: .stopping)
    }
    for thread in threads { thread.join() }
    if let error = control.workerFailure { throw .system(error) }
  }

  /// Begins the end, from any thread; ``run(handlesSignals:onDrain:onReload:)`` returns when it is
  /// reached.
  ///
  /// - Parameter immediately: do not wait for open requests.
  package func shutdown(immediately: Bool = false) {
    control.requestShutdown(immediately: immediately)
  }

  /// Another process listens at our sockets from now on: ends like ``shutdown(immediately:)``, but
  /// leaves listening paths alone.
  package func giveWay() {
    isReplaced.store(true, ordering: .releasing)
    control.requestShutdown(immediately: false)
  }

  private func startWorker(
    _ number: Int
  ) throws(SystemError) -> WorkerThread {
    control.runningWorkerCount.add(1, ordering: .acquiringAndReleasing)
    do throws(SystemError) {
      return try WorkerThread(name: "worker-\(number)") {
        defer { self.control.workerEnded() }
        do throws(SystemError) {
          try self.makeWorker(number).run()
        } catch {
          self.control.workerFailed(error)
        }
      }
    } catch {
      control.workerEnded()
      throw error
    }
  }

  /// Only the worker holds its listeners from now on: they close when it drops them.
  private func makeWorker(_ number: Int) throws(SystemError) -> Worker {
    let ownListeners = listeners.withLock { listeners in
      defer { listeners[number] = [] }
      return listeners[number]
    }
    return try Worker(
      number: number, configuration: configuration, control: control, counters: counters[number],
      listeners: ownListeners, handler: makeHandler(number))
  }
}
