import ByteCoding
import Foundation
import TestSupport
import Testing
import Training

/// Text files of a test, and the cache beside them.
final class DataFixture {
  let folder: TemporaryFolder
  var cache: String { "\(folder.path)/data.cache" }

  init() throws { folder = try TemporaryFolder() }

  func file(_ name: String, _ text: String) throws -> String {
    try folder.file(name, Array(text.utf8))
  }

  func gzip(_ name: String, _ texts: [String]) throws -> String {
    var bytes = ByteBuffer()
    for text in texts { deflate(Array(text.utf8).span, container: .gzip, into: &bytes) }
    return try folder.file(name, [UInt8](bytes.bytes))
  }

  func open(_ paths: [String], _ options: DatasetOptions = .small) throws -> Dataset {
    try Dataset.open(paths, options: options, cache: cache)
  }
}

extension DatasetOptions {
  /// Two dense values.
  static var small: DatasetOptions {
    var options = DatasetOptions()
    options.denseCount = 2
    return options
  }
}

extension Dataset {
  /// All samples of some rows, read `count` at a time.
  func samples(_ rows: Range<Int>? = nil, batch count: Int = 1000) throws -> Minibatch {
    var source = source(rows ?? 0..<rowCount)
    var all = Minibatch(categoricalFeatureCount: description.categoricalFeatures.count)
    var minibatch = all
    while try source.next(count, into: &minibatch) {
      all.labels += minibatch.labels
      all.dense += minibatch.dense
      for feature in all.ids.indices { all.ids[feature] += minibatch.ids[feature] }
    }
    return all
  }
}

/// Compares arrays and tells only the first difference.
func expectSame<Element: Equatable>(
  _ actual: [Element], _ expected: [Element], _ comment: Comment? = nil,
  at location: SourceLocation = #_sourceLocation
) {
  #expect(actual.count == expected.count, comment, sourceLocation: location)
  guard let place = zip(actual, expected).enumerated().first(where: { $1.0 != $1.1 }) else {
    return
  }
  Issue.record(
    "element \(place.offset): \(place.element.0) is not \(place.element.1)",
    sourceLocation: location)
}
