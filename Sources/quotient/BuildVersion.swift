/// The version of this build: `--version`, `quotient_build_info`, the server's metadata.
enum BuildVersion {
  static let text = "0.1.0"
}
