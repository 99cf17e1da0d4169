/// A server started here on a core of its own, with everything it writes in one folder.
struct MeasuredServer: ~Copyable {
  let name: String
  let port: UInt16
  private let process: ChildProcess

  var processIdentifier: Int32 { process.identifier }

  private init(
    name: String, port: UInt16, arguments: [String], cores: [Int], folder: String,
    isOurs: Bool = true
  ) throws {
    let log = "\(folder)/\(name).log"
    let list = cores.map { "\($0)" }.joined(separator: ",")
    let started = try ChildProcess(["taskset", "-c", list] + arguments, logPath: log)
    try started.waitUntilListening(port: port, logPath: log)
    if isOurs { try started.waitUntilReady(port: port, logPath: log) }
    self.name = name
    self.port = port
    process = started
  }

  /// nginx that reads each request's body, drops it, and answers 200 with two bytes: what HTTP
  /// alone costs in the hands of people who cared.
  static func nginx(core: Int, folder: String) throws -> MeasuredServer {
    guard let nginx = programInPath("nginx") else { throw BenchError("nginx is not installed") }
    let port = try LoopbackSocket.freePort()
    let configuration = """
      daemon off;
      master_process off;
      worker_processes 1;
      pid \(folder)/nginx.pid;
      error_log \(folder)/nginx-error.log;
      events { worker_connections 4096; }
      http {
        access_log off;
        client_body_temp_path \(folder)/nginx-body;
        proxy_temp_path \(folder)/nginx-proxy;
        fastcgi_temp_path \(folder)/nginx-fastcgi;
        uwsgi_temp_path \(folder)/nginx-uwsgi;
        scgi_temp_path \(folder)/nginx-scgi;
        client_max_body_size 64m;
        keepalive_requests 1000000000;
        keepalive_timeout 600s;
        server {
          listen 127.0.0.1:\(port);
          default_type text/plain;
          location / { return 200 "ok"; }
        }
      }
      """
    let path = "\(folder)/nginx.conf"
    try writeFile(path, configuration)
    return try MeasuredServer(
      name: "nginx", port: port,
      arguments: [nginx, "-c", path, "-p", folder, "-e", "\(folder)/nginx-error.log"],
      cores: [core], folder: folder, isOurs: false)
  }

  /// The released binary with one worker and the benchmark's two models.
  ///
  /// - Parameter load: how the checkpoints come into memory. Not `mmap`, where answers would wait
  ///   for the disk: what is measured is the server's own work.
  static func quotient(
    binary: String, core: Int, load: String, folder: String
  ) throws -> MeasuredServer {
    let port = try LoopbackSocket.freePort()
    let models = BenchmarkModel.all.flatMap { ["--model", "\($0.name)=\(folder)/\($0.name)"] }
    return try MeasuredServer(
      name: "quotient", port: port,
      arguments: [
        binary, "serve", "--workers", "1", "--load", load, "--access-log", "off", "--listen",
        "127.0.0.1:\(port)",
      ] + models,
      cores: [core], folder: folder)
  }

  /// The released binary with its demo model, trained first if it is not cached yet, and a worker
  /// for each of `cores`.
  static func demo(
    binary: String, cores: [Int], precision: String, folder: String
  ) throws -> MeasuredServer {
    let port = try LoopbackSocket.freePort()
    return try MeasuredServer(
      name: "quotient-\(cores.count)", port: port,
      arguments: [
        binary, "serve", "--workers", "\(cores.count)", "--precision", precision,
        "--log-level", "warning", "--listen", "127.0.0.1:\(port)",
      ], cores: cores, folder: folder)
  }
}
