import Foundation
import Testing

/// The floors of the house, seen from the outside: who may import whom.
@Suite struct FloorTests {
  static let floors: [String: Int] = [
    "CZlib": 0, "CNGHTTP2": 0, "COpenSSL": 0, "CLinux": 0, "CSIMD": 0,
    "SystemIO": 1, "ByteCoding": 1, "Telemetry": 1, "Kernels": 1,
    "HTTPCore": 2, "Checkpoints": 2, "TLS": 2,
    "Embeddings": 3, "Transport": 3,
    "Ranking": 4,
    "Serving": 5, "Training": 5,
    "quotient": 6, "quotient-bench": 6,
  ]

  /// Modules of the system and of packages: the rooms that may import them.
  static let outsiders: [String: Set<String>] = [
    "Glibc": ["SystemIO", "quotient-bench"],
    "Logging": ["Telemetry", "quotient"],
    "ArgumentParser": ["quotient", "quotient-bench"],
  ]

  static func importedModule(_ line: String) -> String? {
    guard line.contains("import ") else { return nil }
    return line.firstMatch(
      of: /^\s*(?:@\w+ )*(?:public |package |internal |private )?import (?:\w+ )?(\w+)/
    ).map { String($0.1) }
  }

  @Test func `every room has a floor`() throws {
    for room in try rooms(under: "Sources") {
      #expect(Self.floors[room] != nil, "\(room) has no floor in FloorTests.floors")
    }
  }

  @Test func `imports go down the floors, never level or up`() throws {
    for file in files(under: ["Sources"]) {
      let floor = try #require(Self.floors[file.room], "\(file.room) has no floor")
      for (index, line) in file.codeLines.enumerated() {
        guard let imported = Self.importedModule(line) else { continue }
        if let below = Self.floors[imported] {
          #expect(below < floor, "\(file.path):\(index + 1) imports \(imported)")
        } else if imported == "Synchronization" {
          continue  // Atomics and locks of the standard library: safe, and of no floor.
        } else if let allowed = Self.outsiders[imported] {
          #expect(allowed.contains(file.room), "\(file.path):\(index + 1) imports \(imported)")
        } else {
          Issue.record("\(file.path):\(index + 1) imports \(imported), which no rule allows")
        }
      }
    }
  }

  @Test func `a room imports only what Package.swift gives it`() throws {
    // What depends on a trait has a name in the manifest.
    let manifest = try textOfFile("Package.swift")
      .replacing("openSSL", with: "\"COpenSSL\"")
    let declarations =
      manifest.matches(of: /room\(\s*"(\w+)"(?:,\s*\[([^\]]*)\])?(?:,\s*requestPath)?\s*\)/).map {
        (String($0.1), $0.2.map(String.init) ?? "")
      }
    var declared: [String: String] = [:]
    for (room, dependencies) in declarations { declared[room] = dependencies }
    #expect(declared.count > 8, "Package.swift was not understood")
    for file in files(under: ["Sources"]) {
      guard let dependencies = declared[file.room] else { continue }
      for line in file.codeLines {
        guard let imported = Self.importedModule(line), Self.floors[imported] != nil else {
          continue
        }
        #expect(
          dependencies.contains("\"\(imported)\""), "\(file.path) imports \(imported) undeclared")
      }
    }
  }

  @Test func `every room has its tests`() throws {
    let testRooms = Set(try rooms(under: "Tests"))
    for room in try rooms(under: "Sources") {
      // C headers have no tests of their own, and programs are tested from the outside.
      let isTestedElsewhere =
        room.hasPrefix("C") && Self.floors[room] == 0
        || room.hasPrefix("quotient")
      if isTestedElsewhere { continue }
      #expect(testRooms.contains("\(room)Tests"), "Tests/\(room)Tests is missing")
    }
    #expect(testRooms.contains("EndToEndTests"))
  }
}
