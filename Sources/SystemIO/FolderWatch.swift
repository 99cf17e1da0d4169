import CLinux
import Glibc

/// Tells when something changes in folders (inotify(7)): names that come and go, files written.
///
/// What exactly changed is not told: whoever watches looks again. Network file systems tell only of
/// changes that this host makes, so looking now and then is still needed there.
package struct FolderWatch: ~Copyable, Sendable {
  private let descriptor: OwnedDescriptor
  private var numbers: [String: CInt] = [:]

  package init() throws(SystemError) {
    descriptor = OwnedDescriptor(
      adopting: try systemCall("inotify_init1", on: "a new watch") { clinux_watch_open() })
  }

  /// For ``EventPoll``: readable once something changed.
  package var number: CInt { descriptor.number }

  /// Watches exactly these folders from now on.
  ///
  /// - Returns: the first error, for example `ENOSPC` beyond `fs.inotify.max_user_watches`; the
  ///   other folders are watched nevertheless. A folder that is gone is no error.
  package mutating func watch(only folders: Set<String>) -> SystemError? {
    let watch = descriptor.number
    var kept: [String: CInt] = [:]
    var failure: SystemError?
    for folder in folders {
      do throws(SystemError) {
        // Adding again gives the number of the folder that has this name now, old or new.
        kept[folder] = try systemCall("inotify_add_watch", on: folder) {
          // SAFETY: the kernel reads the path during the call.
          unsafe clinux_watch_add(watch, folder)
        }
      } catch {
        if !error.isMissingName { failure = failure ?? error }
      }
    }
    let wanted = Set(kept.values)
    for number in numbers.values where !wanted.contains(number) {
      // Fails for a folder that was removed: its watch went with it.
      _ = clinux_watch_remove(watch, number)
    }
    numbers = kept
    return failure
  }

  /// Forgets the changes told so far. True if there were any.
  package func clear() -> Bool {
    var events = [UInt8](repeating: 0, count: 16_384)
    var hasChanged = false
    // SAFETY: the kernel writes at most the buffer's size.
    while unsafe read(descriptor.number, &events, events.count) > 0 { hasChanged = true }
    return hasChanged
  }
}
