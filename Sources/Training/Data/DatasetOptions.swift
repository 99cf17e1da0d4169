import ByteCoding

/// How a data set is read.
package struct DatasetOptions: Sendable, Equatable {
  package enum Input: Sendable, Equatable {
    /// Keys get ids in order of their first appearance; a missing value is a key.
    case vocabulary
    /// Hexadecimal keys modulo `range`, as the released DLRM code's `--max-ind-range`.
    case hash(range: Int)
    /// Fields are ids; a missing one is refused.
    case index
  }

  /// Dense values behind the label; what follows is categories.
  package var denseCount = 13
  package var input = Input.vocabulary
  /// Keys that are seen less often than this share one category, the last id.
  package var occurrencesMin = 1
  package var skipsBadLines = false
  package var threadCount = 1

  package init() {}

  /// What changes the bytes of the cache: the threshold does not, since it is applied when the
  /// cache is opened.
  var cacheKey: JSONObject {
    var object = JSONObject()
    object["dense"] = .integer(Int64(denseCount))
    switch input {
    case .vocabulary: object["input"] = "vocabulary"
    case .index: object["input"] = "index"
    case .hash(let range):
      object["input"] = "hash"
      object["range"] = .integer(Int64(range))
    }
    object["skip_bad_lines"] = .bool(skipsBadLines)
    return object
  }

  var coding: FieldCoding {
    switch input {
    case .vocabulary: .key
    case .hash(let range): .hash(radix: Self.hashRadix, range: range)
    case .index: .index
    }
  }

  static let hashRadix = 16
}
