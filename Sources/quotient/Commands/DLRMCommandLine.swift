import Ranking

/// What is left of a pasted training command.
enum DLRMCommandLine {
  static func relevant(_ arguments: [String]) -> [String] {
    DLRMTrainingFlags.relevant(arguments)
  }
}
