import Glibc

/// Bytes that arrive one after the other: a file, a pipe, the standard input.
package struct ByteSource: ~Copyable {
  private let file: OwnedDescriptor?
  private let number: CInt
  private let subject: String

  /// - Parameter path: nil or `-`: the standard input.
  package init(path: String?) throws(SystemError) {
    guard let path, path != "-" else {
      file = nil
      number = 0
      subject = "the standard input"
      return
    }
    // SAFETY: open only reads the path during the call.
    let opened = try systemCall("open", on: path) {
      unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
    }
    file = OwnedDescriptor(adopting: opened)
    number = opened
    subject = path
  }

  /// Appends up to `byteCountMax` bytes; waits until there are any. 0: the input has ended.
  package func read(into bytes: inout [UInt8], atMost byteCountMax: Int) throws(SystemError) -> Int
  {
    precondition(byteCountMax > 0, "something is read")
    let start = bytes.count
    bytes.append(contentsOf: repeatElement(0, count: byteCountMax))
    var received = 0
    var target = bytes.mutableSpan
    var tail = target._mutatingExtracting(start..<start + byteCountMax)
    let number = number
    // SAFETY: read writes at most byteCountMax bytes, the tail's size.
    received = unsafe try tail.withUnsafeMutableBytes { (tail) throws(SystemError) -> Int in
      try systemCall("read", on: subject) {
        unsafe Glibc.read(number, tail.baseAddress!, tail.count)
      }
    }
    bytes.removeLast(byteCountMax - received)
    return received
  }

  /// True if a read would not wait: bytes or the end are there.
  package func isReady() -> Bool {
    var request = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
    // SAFETY: poll reads and writes one pollfd during the call.
    return unsafe poll(&request, 1, 0) != 0
  }
}
