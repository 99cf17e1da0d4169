import CLinux

/// Files that shrink under their mapping, or whose disk fails.
///
/// Without care, reading such a page ends the process by SIGBUS. Once ``catchBusErrors()`` was
/// called, the page and all behind it read as zeros, and the mapping is marked: whoever read it
/// looks at ``MappedFile/isDamaged`` before he hands on what he made of the bytes.
package enum MappingDamage {
  /// From now on, in this process.
  package static func catchBusErrors() { clinux_catch_bus_errors() }

  /// How often a mapping was found damaged. While it is 0, none needs to be asked.
  package static var count: Int { Int(clinux_damage_count()) }
}
