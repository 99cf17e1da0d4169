import Glibc

/// Pages asked about per `mincore` call: the answer takes one byte a page, so 64 KiB at a time.
private let pagesPerQuestion = 65_536

/// Bytes of a mapping that are in memory now. Takes bounded memory, whatever the mapping's size.
///
/// - Precondition: `base` is the page-aligned start of a mapping of at least `byteCount` bytes.
@unsafe
func residentByteCount(base: UnsafeRawPointer, byteCount: Int) -> Int {
  let pageByteCount = Int(sysconf(CInt(_SC_PAGESIZE)))
  let stretch = pagesPerQuestion * pageByteCount
  var states = [UInt8](
    repeating: 0,
    count: min(pagesPerQuestion, (byteCount + pageByteCount - 1) / pageByteCount))
  var resident = 0
  var offset = 0
  while offset < byteCount {
    let count = min(stretch, byteCount - offset)
    let address = unsafe UnsafeMutableRawPointer(mutating: base + offset)
    // SAFETY: `states` holds one byte for every page of offset ..< offset + count.
    let result = unsafe states.withUnsafeMutableBufferPointer {
      unsafe mincore(address, count, $0.baseAddress!)
    }
    if result == -1 { break }
    let pageCount = (count + pageByteCount - 1) / pageByteCount
    for page in 0..<pageCount where states[page] & 1 == 1 { resident += pageByteCount }
    offset += count
  }
  return min(resident, byteCount)
}

/// Bytes between `base` and `base + byteCount` that are mapped by huge pages, by
/// `/proc/self/smaps`; 0 where it cannot be read.
///
/// - Precondition: none; the addresses are only compared.
@unsafe
func hugePageByteCount(base: UnsafeRawPointer, byteCount: Int) -> Int {
  let start = UInt(bitPattern: base)
  guard let text = try? readWholeFile("/proc/self/smaps", byteCountMax: smapsByteCountMax) else {
    return 0
  }
  return hugePageByteCount(inMapsText: text, addresses: start..<start + UInt(max(byteCount, 1)))
}

/// `/proc/self/smaps` takes about 1 KiB a mapping, and a process may have 65,530 mappings.
private let smapsByteCountMax = 128 << 20

/// Sums the huge-page members of the mappings of `addresses` in the text of `/proc/PID/smaps`
/// (proc_pid_smaps(5)): a line `start-end perms ...` opens a mapping, `Name: N kB` lines follow.
package func hugePageByteCount(inMapsText text: [UInt8], addresses: Range<UInt>) -> Int {
  let members = ["AnonHugePages:", "FilePmdMapped:", "ShmemPmdMapped:"].map { Array($0.utf8) }
  var isInside = false
  var kibibytes = 0
  for line in text.split(separator: UInt8(ascii: "\n")) {
    if let range = addressRange(ofMapsLine: line) {
      isInside = range.overlaps(addresses)
    } else if isInside, members.contains(where: { line.starts(with: $0) }) {
      let digits = line.filter { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      kibibytes += digits.reduce(0) { $0 &* 10 &+ Int($1 - UInt8(ascii: "0")) }
    }
  }
  return kibibytes * 1024
}

/// The addresses of a line such as `7f00a000-7f00c000 r--p ...`; nil for every other line.
private func addressRange(ofMapsLine line: ArraySlice<UInt8>) -> Range<UInt>? {
  var bounds: [UInt] = [0]
  var digitCount = 0
  for byte in line {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"):
      bounds[bounds.count - 1] = bounds[bounds.count - 1] << 4 | UInt(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"):
      bounds[bounds.count - 1] =
        bounds[bounds.count - 1] << 4 | UInt(byte - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "-") where bounds.count == 1 && digitCount > 0:
      bounds.append(0)
      digitCount = 0
      continue
    case UInt8(ascii: " ") where bounds.count == 2 && digitCount > 0:
      return bounds[0] <= bounds[1] ? bounds[0]..<bounds[1] : nil
    default: return nil
    }
    digitCount += 1
    if digitCount > 16 { return nil }
  }
  return nil
}
