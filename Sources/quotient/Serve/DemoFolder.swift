import SystemIO

/// Where the demo model is kept.
enum DemoFolder {
  /// `$XDG_CACHE_HOME/quotient`, or `~/.cache/quotient`.
  static func path() throws(CommandFailure) -> String {
    // The XDG base directory specification: a relative path is to be ignored.
    if let cache = ProcessEnvironment.variable("XDG_CACHE_HOME"), cache.hasPrefix("/") {
      return joinPath(cache, "quotient")
    }
    guard let home = ProcessEnvironment.variable("HOME"), !home.isEmpty else {
      throw CommandFailure(
        "there is no folder for the demo model: set HOME or XDG_CACHE_HOME, or name a checkpoint "
          + "with --model")
    }
    return joinPath(joinPath(home, ".cache"), "quotient")
  }
}
