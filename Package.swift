// swift-tools-version: 6.2
import PackageDescription

// House settings. Every Swift target gets them: Swift 6 mode, explicit existentials, imports that
// do not leak, and strict memory safety so that each unsafe use must say `unsafe`.
let house: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableExperimentalFeature("Lifetimes"),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
]

// The request path's state lies in objects that one thread owns. Debug builds, and so all tests,
// check each access for exclusivity; released, that would be a tenth of a small request.
let requestPath: [SwiftSetting] =
  house + [.unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))]

func room(
  _ name: String, _ below: [Target.Dependency] = [], _ settings: [SwiftSetting] = house
) -> Target {
  .target(name: name, dependencies: below, swiftSettings: settings)
}

func tests(
  for name: String, _ extra: [Target.Dependency] = [], exclude: [String] = []
) -> Target {
  .testTarget(
    name: name + "Tests",
    dependencies: [.target(name: name), "TestSupport"] + extra,
    exclude: exclude, swiftSettings: house)
}

let argumentParser: Target.Dependency = .product(
  name: "ArgumentParser", package: "swift-argument-parser")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
/// Only `swift build --traits TLS` needs the system's OpenSSL.
let openSSL: Target.Dependency = .target(name: "COpenSSL", condition: .when(traits: ["TLS"]))

let package = Package(
  name: "quotient",
  products: [
    .executable(name: "quotient", targets: ["quotient"]),
    .executable(name: "quotient-bench", targets: ["quotient-bench"]),
  ],
  traits: [
    .trait(name: "TLS", description: "HTTPS with OpenSSL: needs libssl-dev")
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
  ],
  targets: [
    // Floor 0: C. Nothing here imports Swift.
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(
      name: "CNGHTTP2", pkgConfig: "libnghttp2", providers: [.apt(["libnghttp2-dev"])]),
    .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
    .target(name: "CLinux", cSettings: [.define("_GNU_SOURCE")]),
    .target(name: "CSIMD", cSettings: [.unsafeFlags(["-O3", "-ffp-contract=off"])]),

    // Floor 1: leaves. No domain words.
    room("SystemIO", ["CLinux"], requestPath),
    room("ByteCoding", ["CZlib", "CSIMD"]),
    room("Telemetry", [logging], requestPath),
    room("Kernels", ["CSIMD"]),

    // Floor 2: formats and protocols. No sockets, no threads.
    room("HTTPCore", ["ByteCoding", "CNGHTTP2"], requestPath),
    room("Checkpoints", ["SystemIO", "ByteCoding"]),
    room("TLS", ["SystemIO", "Telemetry", openSSL]),

    // Floor 3: tables on one side, connections on the other.
    room("Embeddings", ["Kernels", "Checkpoints"]),
    room(
      "Transport", ["SystemIO", "ByteCoding", "HTTPCore", "Telemetry", "TLS"], requestPath),

    // Floor 4: models.
    room("Ranking", ["Embeddings", "Kernels", "Checkpoints", "ByteCoding", "SystemIO"]),

    // Floor 5: requests to responses.
    room(
      "Serving",
      [
        "Ranking", "Embeddings", "Checkpoints", "HTTPCore", "SystemIO", "ByteCoding", "Telemetry",
      ], requestPath),

    // Floor 5 too: batches to checkpoints.
    room(
      "Training",
      [
        "Ranking", "Embeddings", "Kernels", "Checkpoints", "SystemIO", "ByteCoding", "Telemetry",
      ]),

    // Floor 6: the only place where Transport meets Serving.
    .executableTarget(
      name: "quotient",
      dependencies: [
        "HTTPCore", "Transport", "TLS", "Serving", "Training", "Ranking", "Embeddings", "Kernels",
        "Checkpoints", "Telemetry", "ByteCoding", "SystemIO", argumentParser, logging,
      ],
      swiftSettings: house),
    .executableTarget(
      name: "quotient-bench",
      dependencies: [
        "HTTPCore", "Embeddings", "Kernels", "Checkpoints", "ByteCoding", "SystemIO", "Ranking",
        "Training", argumentParser,
      ],
      swiftSettings: house),

    .target(
      name: "TestSupport", dependencies: ["SystemIO", "CNGHTTP2"], path: "Tests/TestSupport",
      swiftSettings: house),
    tests(for: "SystemIO"),
    tests(for: "ByteCoding", exclude: ["Golden"]),
    tests(for: "Telemetry", [logging]),
    tests(for: "Kernels"),
    tests(for: "HTTPCore", ["ByteCoding"]),
    tests(for: "Checkpoints", ["ByteCoding", "SystemIO"]),
    tests(for: "Embeddings", ["Checkpoints", "Kernels"], exclude: ["Golden"]),
    tests(for: "TLS"),
    tests(for: "Transport", ["HTTPCore", "SystemIO", "ByteCoding", "Telemetry"]),
    tests(
      for: "Ranking", ["Embeddings", "Checkpoints", "ByteCoding", "SystemIO"],
      exclude: ["Golden"]),
    tests(
      for: "Training",
      ["Ranking", "Embeddings", "Kernels", "Checkpoints", "ByteCoding", "SystemIO"],
      exclude: ["Golden"]),
    tests(
      for: "Serving",
      ["Ranking", "Embeddings", "Checkpoints", "HTTPCore", "ByteCoding", "SystemIO", "Telemetry"],
      exclude: ["Golden"]),
    .target(
      name: "FuzzTargets",
      dependencies: [
        "TestSupport", "ByteCoding", "HTTPCore", "Checkpoints", "Ranking", "Serving", "Training",
      ],
      path: "Tests/FuzzTests/Targets", swiftSettings: house),
    .testTarget(
      name: "QuotientTests",
      dependencies: [
        "quotient", "TestSupport", "Ranking", "Embeddings", "Telemetry", "Transport", "HTTPCore",
        "Serving", "Kernels", argumentParser,
      ],
      swiftSettings: house),
    .testTarget(
      name: "FuzzTests", dependencies: ["FuzzTargets", "TestSupport"],
      exclude: ["Targets", "Driver"],
      swiftSettings: house),
    .testTarget(
      name: "EndToEndTests",
      dependencies: ["TestSupport", "SystemIO", "ByteCoding", "Checkpoints"],
      exclude: ["java", "preload", "python"], swiftSettings: house),
    .testTarget(
      name: "BenchTests", dependencies: ["quotient-bench"], swiftSettings: house),
    .testTarget(name: "TidyTests", dependencies: [], swiftSettings: house),
  ],
  cLanguageStandard: .gnu17
)

// `deploy/fuzz.sh` sets this: every room is instrumented, and libFuzzer's driver becomes a product.
if Context.environment["QUOTIENT_FUZZ"] != nil {
  for target in package.targets where target.type == .regular {
    target.swiftSettings =
      (target.swiftSettings ?? []) + [.unsafeFlags(["-sanitize=fuzzer,address"])]
    target.cSettings =
      (target.cSettings ?? []) + [.unsafeFlags(["-fsanitize=fuzzer-no-link,address"])]
  }
  package.targets.append(
    .executableTarget(
      name: "quotient-fuzz", dependencies: ["FuzzTargets"], path: "Tests/FuzzTests/Driver",
      swiftSettings: house + [.unsafeFlags(["-sanitize=fuzzer,address", "-parse-as-library"])],
      linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address", "-use-ld=lld"])]))
}
