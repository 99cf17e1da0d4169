import CLinux
import Glibc

/// A thread of the operating system that runs one body and ends.
package final class WorkerThread: Sendable {
  private let handle: pthread_t

  private final class Start: Sendable {
    let name: String
    let body: @Sendable () -> Void
    init(name: String, body: @escaping @Sendable () -> Void) {
      self.name = name
      self.body = body
    }
  }

  /// Starts the thread.
  ///
  /// - Parameter name: shown by `ps -L` and `top -H`; the first 15 bytes.
  package init(
    name: String, body: @escaping @Sendable () -> Void
  ) throws(SystemError) {
    // SAFETY: the new thread takes over the reference that `start` holds; if there is no thread,
    // it is released here.
    let start = unsafe Unmanaged.passRetained(Start(name: name, body: body))
    var handle = pthread_t()
    let code = unsafe pthread_create(
      &handle, nil,
      { argument in
        let start = unsafe Unmanaged<Start>.fromOpaque(argument!).takeRetainedValue()
        unsafe clinux_name_thread(start.name)
        start.body()
        return nil
      }, start.toOpaque())
    guard code == 0 else {
      unsafe start.release()
      throw SystemError("pthread_create", on: name, code: code)
    }
    self.handle = handle
  }

  /// Lets the thread end by itself, or with the process. It cannot be joined any more.
  package func detach() {
    _ = pthread_detach(handle)
  }

  /// Waits until the body has returned. Every thread is joined or detached once.
  package func join() {
    _ = pthread_join(handle, nil)
  }

  /// Gives the calling thread a tenth of what other threads get while they want to run or to read
  /// disks. A system that forbids it leaves the thread as it is.
  package static func standBack() { _ = clinux_lower_priority() }
}
