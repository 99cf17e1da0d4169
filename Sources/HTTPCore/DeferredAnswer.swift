/// An answer that is not ready when ``RequestHandler/respond(to:into:)`` returns: it is computed in
/// pieces between which the worker looks at its sockets, or together with others of the same turn.
///
/// A handler defers by setting ``ResponseWriter/deferred``, and copies what it needs of the
/// request. The worker calls ``RequestHandler/work()`` turn by turn, and then either
/// ``RequestHandler/finish(_:into:)``, once ``isComplete`` is true, or
/// ``RequestHandler/cancel(_:)``, all on its own thread. Finishing may put the answer off again.
package protocol DeferredAnswer: AnyObject {
  /// True once the answer can be written.
  var isComplete: Bool { get }

  /// True if it will take long enough that it is worth finding out whether the client is there.
  var isLong: Bool { get }
}

/// How the workers' handlers wake each other.
package protocol WorkerSignals: Sendable {
  /// Makes a worker call its handler's ``RequestHandler/work()`` soon.
  func wake(worker: Int)

  /// The same for up to `countMax` workers that wait for something to do.
  func wakeIdleWorkers(countMax: Int)
}

extension RequestHandler {
  package func attach(to signals: any WorkerSignals) {}

  package var hasWork: Bool { false }

  package func work() {}

  package func finish(_ answer: any DeferredAnswer, into response: inout ResponseWriter) {
    preconditionFailure("a handler that defers answers also finishes them")
  }

  package func cancel(_ answer: any DeferredAnswer) {}
}
