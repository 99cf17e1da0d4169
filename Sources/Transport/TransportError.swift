package import SystemIO

/// Why a server could not start.
package enum TransportError: Error, Equatable, CustomStringConvertible {
  /// A setting cannot work; the sentence names its flag.
  case configuration(String)
  /// An address has none of the forms, or its host is unknown.
  case address(String)
  /// A system call failed.
  case system(SystemError)

  package var description: String {
    switch self {
    case .configuration(let sentence): sentence
    case .address(let text):
      "--listen '\(text)' is not HOST:PORT, [ADDRESS]:PORT or unix:PATH, or its host is unknown"
    case .system(let error): "\(error); give another --listen address, or stop what uses it"
    }
  }
}
