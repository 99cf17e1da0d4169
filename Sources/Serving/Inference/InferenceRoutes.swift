/// The routes of the Open Inference Protocol v2, below `/v2`.
extension Router {
  /// The route of a path whose first segment is `v2`.
  func matchInference() -> Route? {
    if segmentCount == 1 { return Route(.serverMetadata) }
    if isSegment(1, "health"), segmentCount == 3 {
      if isSegment(2, "live") { return Route(.serverLive) }
      if isSegment(2, "ready") { return Route(.serverReady) }
      return nil
    }
    if isSegment(1, "repository") { return matchRepository() }
    guard isSegment(1, "models"), segmentCount >= 3 else { return nil }
    if segmentCount == 3 && isSegment(2, "stats") { return Route(.inferenceStatistics) }
    return matchInferenceModel()
  }

  /// What follows `/v2/models/`: a model, perhaps its version, perhaps a word.
  private func matchInferenceModel() -> Route? {
    var route = Route(.inferenceMetadata)
    route.model = segments[2]
    var next = 3
    if segmentCount >= 5 && isSegment(3, "versions") {
      route.version = segments[4]
      next = 5
    }
    if next == segmentCount { return named(route) }
    guard next + 1 == segmentCount else { return nil }
    if isSegment(next, "infer") {
      route.endpoint = .infer
    } else if isSegment(next, "ready") {
      route.endpoint = .inferenceReady
    } else if isSegment(next, "config") {
      route.endpoint = .inferenceConfiguration
    } else if isSegment(next, "stats") {
      route.endpoint = .modelInferenceStatistics
    } else {
      return nil
    }
    return named(route)
  }

  private func matchRepository() -> Route? {
    if segmentCount == 3 && isSegment(2, "index") { return Route(.repositoryIndex) }
    guard segmentCount == 5, isSegment(2, "models") else { return nil }
    var route = Route(.repositoryLoad)
    route.model = segments[3]
    if isSegment(4, "unload") {
      route.endpoint = .repositoryUnload
    } else if !isSegment(4, "load") {
      return nil
    }
    return named(route)
  }
}
