/// The request methods that routes distinguish (RFC 9110 section 9).
package enum HTTPMethod: UInt8, Sendable, CaseIterable {
  case get, head, post, put, delete, options, patch, trace, connect
  /// Any other token: well-formed, but known to no route.
  case other

  /// The method named by `bytes[range]`. Method names are case-sensitive (RFC 9110 section 9.1).
  init(_ bytes: Span<UInt8>, _ range: Range<Int>) {
    guard range.count <= 7 else {
      self = .other
      return
    }
    var name: UInt64 = 0
    for offset in range { name = name &<< 8 | UInt64(bytes[offset]) }
    switch name {
    case 0x47_4554: self = .get
    case 0x504F_5354: self = .post
    case 0x4845_4144: self = .head
    case 0x50_5554: self = .put
    case 0x4445_4C45_5445: self = .delete
    case 0x4F_5054_494F_4E53: self = .options
    case 0x50_4154_4348: self = .patch
    case 0x54_5241_4345: self = .trace
    case 0x43_4F4E_4E45_4354: self = .connect
    default: self = .other
    }
  }
}
