import Foundation
import Glibc
import Testing

/// A checkpoint that is larger than memory should hold is mapped, not read.
@Suite struct OpeningTests {
  private static let width = 64
  private static let rowCount = 40 * 1024 * 1024

  /// A checkpoint of 10 GiB that takes no room on the disk: its rows are a hole, all zeros.
  private static func writeSparseCheckpoint(_ folder: String) throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let byteCount = rowCount * width * 4
    var header = Array(
      ("{\"embeddings.C1.0\":{\"dtype\":\"F32\",\"shape\":[\(rowCount),\(width)],"
        + "\"data_offsets\":[0,\(byteCount)]}}").utf8)
    while (header.count + 8) % 64 != 0 { header.append(32) }
    let path = "\(folder)/model.safetensors"
    try Data(Bytes.littleEndian(Int64(header.count), byteCount: 8) + header)
      .write(to: URL(filePath: path))
    // SAFETY: truncate only reads the terminated path.
    let code = unsafe truncate(path, off_t(8 + header.count + byteCount))
    #expect(code == 0)
    let configuration = """
      {"format": "quotient", "format_version": 1, "name": "huge", "architecture": "embeddings",
       "dense_features": [], "categorical_features": [
        {"name": "C1", "cardinality": \(rowCount), "dimension": \(width), "composition": "single",
         "bag_order": "compose_then_pool", "pooling": "sum", "missing": "error",
         "partitions": [{"kind": "identity", "table": "embeddings.C1.0"}],
         "input": {"kind": "index"}}]}
      """
    try Data(configuration.utf8).write(to: URL(filePath: "\(folder)/config.json"))
  }

  @Test func `ten gigabytes are ready at once, and only what is touched is resident`() throws {
    let folder = TemporaryFolder()
    try Self.writeSparseCheckpoint(folder.path("huge"))
    let start = Date()
    let server = try RunningServer("--model", folder.path("huge"), "--workers", "1")
    #expect(try server.send("GET", "/readyz").status == 200)
    let seconds = Date().timeIntervalSince(start)
    print("10 GiB were ready \(Int(seconds * 1000)) ms after the program was started")
    // The target is 100 ms on a quiet machine; this one may be busy, but it may not read the file.
    #expect(seconds < 2)
    let ids = stride(from: 0, to: Self.rowCount, by: Self.rowCount / 100).map(String.init)
    let answer = try server.post(
      "/v1/models/huge:lookup", "{\"features\":{\"C1\":[\(ids.joined(separator: ","))]}}")
    #expect(answer.status == 200, "\(answer.text.prefix(300))")
    let resident = try Self.residentMebibytes(server.program.identifier)
    print("\(resident) MiB are resident after 100 lookups")
    // Each touched row may bring a huge page of the page cache into the mapping.
    #expect(resident < 32 + 100 * 2)
  }

  private static func residentMebibytes(_ process: Int32) throws -> Int {
    let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
    let kibibytes = try #require(status.firstMatch(of: /VmRSS:\s+(\d+) kB/).flatMap { Int($0.1) })
    return kibibytes / 1024
  }
}
