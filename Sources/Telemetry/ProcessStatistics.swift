/// What the system says about this process: the values of `process_*`, from whoever may ask it, and
/// what else is only known at the moment of asking.
package struct ProcessStatistics: Sendable, Equatable {
  package var cpuSeconds = 0.0
  package var openDescriptors = 0
  package var descriptorsMax = 0
  package var virtualBytes = 0
  /// nil: unknown, or no limit.
  package var virtualBytesMax: Int?
  package var residentBytes = 0
  /// Seconds since 1970.
  package var startTimeSeconds = 0.0
  package var threads = 0
  package var majorPageFaults = 0
  /// When the server's TLS certificate ends, in seconds since 1970; nil: it has none.
  package var certificateEndSeconds: Int?

  package init() {}
}
