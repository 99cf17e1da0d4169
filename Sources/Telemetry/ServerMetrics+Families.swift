/// The declarations: name, kind, unit and help of every metric.
extension ServerMetrics {
  static let requests = MetricFamily(
    "quotient_http_requests", .counter, help: "Requests answered.")
  static let requestDuration = MetricFamily(
    "quotient_http_request_duration_seconds", .histogram, unit: "seconds",
    help: "Time from the last byte of a request read to its answer written into the buffer.")
  static let stageDuration = MetricFamily(
    "quotient_http_stage_duration_seconds", .histogram, unit: "seconds",
    help: "Time that requests spent in each stage.")
  static let requestsInFlight = MetricFamily(
    "quotient_http_requests_in_flight", .gauge, help: "Requests being answered now.")
  static let rejected = MetricFamily(
    "quotient_http_rejected", .counter,
    help: "Connections and requests refused before they had an endpoint.")
  static let connections = MetricFamily(
    "quotient_http_connections", .gauge, help: "Connections open now.")
  static let http2Floods = MetricFamily(
    "quotient_http2_floods", .counter,
    help: "Connections ended because their frames exceeded a flood limit.")
  static let tlsHandshakes = MetricFamily(
    "quotient_tls_handshakes", .counter, help: "TLS handshakes, by how they ended.")
  static let certificateEnd = MetricFamily(
    "quotient_tls_certificate_expiry_timestamp_seconds", .gauge, unit: "seconds",
    help: "When the TLS certificate that is served ends, in seconds since 1970.")
  static let connectionsAccepted = MetricFamily(
    "quotient_http_connections_accepted", .counter, help: "Connections accepted.")
  static let requestBytes = MetricFamily(
    "quotient_http_request_bytes", .counter, unit: "bytes", help: "Bytes read from connections.")
  static let responseBytes = MetricFamily(
    "quotient_http_response_bytes", .counter, unit: "bytes",
    help: "Bytes written to connections.")
  static let lookupVectors = MetricFamily(
    "quotient_lookup_vectors", .counter, help: "Vectors answered, one per id or bag.")
  static let scores = MetricFamily(
    "quotient_scores", .counter, help: "Candidates scored.")
  static let missingIDs = MetricFamily(
    "quotient_missing_ids", .counter,
    help: "Ids outside of a feature's range that the missing policy filled or refused.")
  static let modelReady = MetricFamily(
    "quotient_model_ready", .gauge, help: "1 if this version answers requests.")
  static let modelMappedBytes = MetricFamily(
    "quotient_model_mapped_bytes", .gauge, unit: "bytes",
    help: "Bytes of the checkpoint's files mapped or held.")
  static let modelResidentBytes = MetricFamily(
    "quotient_model_resident_bytes", .gauge, unit: "bytes",
    help: "Bytes of those that are in memory now.")
  static let modelLoadSeconds = MetricFamily(
    "quotient_model_load_seconds", .gauge, unit: "seconds",
    help: "Time that the newest version took to open.")
  static let modelReloads = MetricFamily(
    "quotient_model_reloads", .counter, help: "Attempts to load a version.")
  static let buildInfo = MetricFamily(
    "quotient_build", .info, help: "The build that runs.")

  static let processCPU = MetricFamily(
    "process_cpu_seconds", .counter, unit: "seconds",
    help: "Total user and system CPU time spent in seconds.")
  static let processOpenDescriptors = MetricFamily(
    "process_open_fds", .gauge, help: "Number of open file descriptors.")
  static let processDescriptorsMax = MetricFamily(
    "process_max_fds", .gauge, help: "Maximum number of open file descriptors.")
  static let processVirtualBytes = MetricFamily(
    "process_virtual_memory_bytes", .gauge, unit: "bytes",
    help: "Virtual memory size in bytes.")
  static let processVirtualBytesMax = MetricFamily(
    "process_virtual_memory_max_bytes", .gauge, unit: "bytes",
    help: "Maximum amount of virtual memory available in bytes.")
  static let processResidentBytes = MetricFamily(
    "process_resident_memory_bytes", .gauge, unit: "bytes",
    help: "Resident memory size in bytes.")
  static let processStartTime = MetricFamily(
    "process_start_time_seconds", .gauge, unit: "seconds",
    help: "Start time of the process since unix epoch in seconds.")
  static let processThreads = MetricFamily(
    "process_threads", .gauge, help: "Number of OS threads in the process.")
  static let processMajorPageFaults = MetricFamily(
    "process_major_page_faults", .counter,
    help: "Page faults that read from a disk: tables that were not in memory.")
}
