package import Ranking
package import SystemIO

/// Keeps a service's models as their folders and the wishes of operators ask for. All the work is
/// done by one thread that stands back behind the workers: it looks, opens, checks, reads ahead and
/// warms up, publishes, retires, and unmaps.
///
///     folders change, time passes, SIGHUP, load/unload, damage
///         --> picture of the folders --> plan per model --> load --> publish --> retire --> unmap
package final class ModelRepository: ModelControl {
  /// What the thread is asked to do.
  enum Command: Sendable {
    case look
    case load(String, @Sendable (ServiceError?) -> Void)
    case unload(String, @Sendable (ServiceError?) -> Void)
    case damaged(String, Int)
    case stop
  }

  private let service: Service
  private let configuration: RepositoryConfiguration
  private let onEvent: @Sendable (RepositoryEvent) -> Void
  private let commands = Lock<[Command]>([])
  private let wakeup: WakeupDescriptor

  /// From now on the service's `/readyz` waits for the first look at the folders, and the service
  /// loads and unloads by this.
  ///
  /// - Parameter onEvent: called on the thread that runs ``run(onReady:)``.
  package init(
    _ configuration: RepositoryConfiguration, for service: Service,
    onEvent: @escaping @Sendable (RepositoryEvent) -> Void
  ) throws(SystemError) {
    self.service = service
    self.configuration = configuration
    self.onEvent = onEvent
    wakeup = try WakeupDescriptor()
    service.beginStart()
    service.modelControl = self
  }

  /// Loads what is there, then follows changes until ``stop()``. Call it on a thread of its own.
  ///
  /// - Parameter onReady: called once everything that is there was loaded or refused.
  /// - Throws: if a model that was named cannot be served at all, or nothing can be watched.
  package func run(onReady: () -> Void) throws(ModelError) {
    let keeper = ModelKeeper(configuration, service, onEvent)
    var poll = try makePoll()
    // Without a watch (`fs.inotify.max_user_instances`) the poll interval has to do.
    var watch = makeWatch(&poll)
    try keeper.start()
    service.endStart()
    onReady()
    WorkerThread.standBack()
    follow(keeper, &poll, &watch)
    service.modelControl = nil
  }

  private func makePoll() throws(ModelError) -> EventPoll {
    do throws(SystemError) {
      let poll = try EventPoll(capacity: 4)
      try poll.add(wakeup.number, for: .readable, token: 0)
      return poll
    } catch {
      throw ModelError("\(error)")
    }
  }

  private func makeWatch(_ poll: inout EventPoll) -> FolderWatch? {
    do throws(SystemError) {
      let watch = try FolderWatch()
      try poll.add(watch.number, for: .readable, token: 1)
      return watch
    } catch {
      onEvent(.problem("\(error); changes of folders are seen every --poll-interval only"))
      return nil
    }
  }

  private func follow(
    _ keeper: ModelKeeper, _ poll: inout EventPoll, _ watch: inout FolderWatch?
  ) {
    var watched: Set<String> = []
    while true {
      keeper.look()
      if keeper.folders != watched {
        watched = keeper.folders
        if let failure = watch?.watch(only: watched) {
          onEvent(.problem("\(failure); changes there are seen every --poll-interval only"))
        }
        // Something may have changed between the look and the watch.
        keeper.isDue = true
        continue
      }
      _ = poll.wait(milliseconds: keeper.waitMilliseconds)
      wakeup.clear()
      if watch?.clear() == true { keeper.isDue = true }
      for command in commands.withLock({ commands in
        defer { commands = [] }
        return commands
      }) {
        if case .stop = command { return }
        keeper.follow(command)
      }
    }
  }

  private func ask(_ command: Command) {
    commands.withLock { $0.append(command) }
    wakeup.wake()
  }

  package func load(model name: String, done: @escaping @Sendable (ServiceError?) -> Void) {
    ask(.load(name, done))
  }

  package func unload(model name: String, done: @escaping @Sendable (ServiceError?) -> Void) {
    ask(.unload(name, done))
  }

  package func lookAgain() { ask(.look) }

  package func reportDamage(model name: String, version: Int) { ask(.damaged(name, version)) }

  /// Ends ``run(onReady:)``; models that are served stay.
  package func stop() { ask(.stop) }
}
