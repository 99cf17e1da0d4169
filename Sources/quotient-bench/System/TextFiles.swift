import Glibc

/// The bytes of a file; nil if it cannot be read. Also reads /proc, whose files have no size.
func contentsOfFile(_ path: String) -> [UInt8]? {
  // SAFETY: open only reads the terminated path.
  let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { return nil }
  defer { close(descriptor) }
  var content: [UInt8] = []
  var block = [UInt8](repeating: 0, count: 65_536)
  while true {
    // SAFETY: at most the block's count is written.
    let count = unsafe block.withUnsafeMutableBytes { pointer in
      unsafe read(descriptor, pointer.baseAddress!, pointer.count)
    }
    if count < 0, errno == EINTR { continue }
    if count < 0 { return nil }
    if count == 0 { return content }
    content.append(contentsOf: block[..<count])
  }
}

func textOfFile(_ path: String) -> String? {
  contentsOfFile(path).map { String(decoding: $0, as: UTF8.self) }
}

/// Writes a small file, replacing what was there.
func writeFile(_ path: String, _ text: String) throws {
  // SAFETY: open only reads the terminated path.
  let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
  guard descriptor >= 0 else { throw BenchError.system("create", path) }
  defer { close(descriptor) }
  let bytes = Array(text.utf8)
  // SAFETY: the array is borrowed for the call.
  let written = unsafe bytes.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress!, $0.count) }
  guard written == bytes.count else { throw BenchError.system("write", path) }
}

/// The names in a folder; empty if it cannot be read.
func namesInFolder(_ path: String) -> [String] {
  // SAFETY: the directory stream is ours until closedir.
  guard let folder = unsafe opendir(path) else { return [] }
  defer { unsafe closedir(folder) }
  var names: [String] = []
  // SAFETY: readdir's entry is valid until the next call; its name is terminated.
  while let entry = unsafe readdir(folder) {
    let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
      unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) {
        unsafe String(cString: $0)
      }
    }
    if name != "." && name != ".." { names.append(name) }
  }
  return names
}

func fileExists(_ path: String) -> Bool {
  // SAFETY: access only reads the terminated path.
  unsafe access(path, R_OK) == 0
}

func makeFolder(_ path: String) throws {
  // SAFETY: mkdir only reads the terminated path.
  if unsafe mkdir(path, 0o755) != 0, errno != EEXIST {
    throw BenchError.system("create folder", path)
  }
}

/// Where `program` lies in PATH; nil if it is not installed.
func programInPath(_ program: String) -> String? {
  // Programs of the administrator are often missing from a user's PATH.
  let folders = (environmentValue("PATH") ?? "") + ":/usr/sbin:/usr/local/sbin"
  return folders.split(separator: ":").map { "\($0)/\(program)" }.first {
    // SAFETY: access only reads the terminated path.
    unsafe access($0, X_OK) == 0
  }
}

func environmentValue(_ name: String) -> String? {
  // SAFETY: nothing here changes the environment while the value is copied.
  unsafe getenv(name).map { unsafe String(cString: $0) }
}
