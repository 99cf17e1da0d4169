/// Upper bounds on what a `config.json` may ask for. Every array sized by it ends at one of these.
package enum ConfigurationLimits {
  /// Names start with a letter, a digit or `_`, and go on with those or `-`.
  package static let nameBytesMax = 64
  package static let featureCountMax = 10_000
  package static let partitionCountMax = 64
  /// Categories of one feature: far above any table that fits a disk, far below overflow.
  package static let cardinalityMax = 1 << 48
  /// Width of a vector or of a layer.
  package static let widthMax = 1 << 20
  package static let layerCountMax = 256

  /// Words that requests use for something else.
  package static let reservedNames: Set<String> = ["dense", "sparse", "score", "logit"]

  /// Why `name` cannot name a feature or a model; nil if it can.
  package static func problem(withName name: String, isModel: Bool = false) -> String? {
    if name.isEmpty { return "is empty" }
    if name.utf8.count > nameBytesMax { return "has more than \(nameBytesMax) bytes" }
    let isWellFormed = name.utf8.enumerated().allSatisfy { position, byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
        true
      case UInt8(ascii: "-"): position > 0
      default: false
      }
    }
    if !isWellFormed {
      return "has other characters than letters, digits, '_' and (not first) '-'"
    }
    if reservedNames.contains(name) || (isModel && name == "stats") { return "is reserved" }
    return nil
  }
}
