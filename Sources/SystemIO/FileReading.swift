import Glibc

/// Bytes asked for per `read`: Linux transfers at most 0x7ffff000 at once anyway.
private let readByteCountMax = 1 << 30

/// Fills `destination` with the bytes of an open file from `offset` on.
///
/// Throws `EIO` "file ended early" if the file is shorter, for example because it was truncated.
package func readFully(
  _ descriptor: borrowing OwnedDescriptor, path: String, offset: Int,
  into destination: inout MutableSpan<UInt8>
) throws(SystemError) {
  let number = descriptor.number
  var filled = 0
  while filled < destination.count {
    let wanted = min(readByteCountMax, destination.count - filled)
    let position = offset + filled
    // SAFETY: `wanted` bytes from `filled` on lie in the destination, which is ours for the call.
    let received = unsafe try destination.withUnsafeMutableBytes {
      (target) throws(SystemError) -> Int in
      let address = unsafe target.baseAddress! + filled
      return try systemCall("pread", on: path) {
        unsafe pread(number, address, wanted, off_t(position))
      }
    }
    guard received > 0 else {
      throw SystemError("pread", on: "\(path), which ended early", code: EIO)
    }
    filled += received
  }
}

/// The content of a small file, also of one in `/proc` that does not know its size.
///
/// Throws `EFBIG` if there are more than `byteCountMax` bytes.
package func readWholeFile(
  _ path: String, byteCountMax: Int
) throws(SystemError) -> [UInt8] {
  let descriptor = try OwnedDescriptor.openRegularFile(path)
  let status = try FileStatus(of: descriptor, path: path)
  guard status.byteCount <= byteCountMax else {
    throw SystemError("read", on: "\(path), more than \(byteCountMax) bytes", code: EFBIG)
  }
  let number = descriptor.number
  var content: [UInt8] = []
  content.reserveCapacity(status.byteCount)
  var block = [UInt8](repeating: 0, count: min(65_536, max(4_096, status.byteCount + 1)))
  while true {
    var target = block.mutableSpan
    // SAFETY: read writes at most `count` bytes, the block's size.
    let received = unsafe try target.withUnsafeMutableBytes { (target) throws(SystemError) -> Int in
      try systemCall("read", on: path) {
        unsafe read(number, target.baseAddress!, target.count)
      }
    }
    if received == 0 { return content }
    guard content.count + received <= byteCountMax else {
      throw SystemError("read", on: "\(path), more than \(byteCountMax) bytes", code: EFBIG)
    }
    content.append(contentsOf: block[..<received])
  }
}
