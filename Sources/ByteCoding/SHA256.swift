/// SHA-256 (FIPS 180-4 section 6.2), for short inputs such as access tokens: simple rather than
/// fast, about half a microsecond a block of 64 bytes.
package enum SHA256 {
  /// 32 bytes.
  package typealias Digest = InlineArray<32, UInt8>

  package static func digest(of bytes: Span<UInt8>) -> Digest {
    var state = initialState
    var block = InlineArray<64, UInt8>(repeating: 0)
    let tailCount = bytes.count % 64
    for start in stride(from: 0, to: bytes.count - tailCount, by: 64) {
      for offset in 0..<64 { block[offset] = bytes[start + offset] }
      compress(block, into: &state)
    }
    // The rest, a one bit, zeros, and the length in bits.
    block = InlineArray(repeating: 0)
    for offset in 0..<tailCount { block[offset] = bytes[bytes.count - tailCount + offset] }
    block[tailCount] = 0x80
    if tailCount >= 56 {
      compress(block, into: &state)
      block = InlineArray(repeating: 0)
    }
    let bitCount = UInt64(bytes.count) * 8
    for offset in 0..<8 {
      block[56 + offset] = UInt8(truncatingIfNeeded: bitCount >> UInt64(56 - 8 * offset))
    }
    compress(block, into: &state)
    var digest = Digest(repeating: 0)
    for offset in 0..<32 {
      digest[offset] = UInt8(truncatingIfNeeded: state[offset / 4] >> UInt32(24 - offset % 4 * 8))
    }
    return digest
  }

  private static func compress(
    _ block: InlineArray<64, UInt8>, into state: inout InlineArray<8, UInt32>
  ) {
    var words = InlineArray<64, UInt32>(repeating: 0)
    for t in 0..<16 {
      words[t] =
        UInt32(block[4 * t]) << 24 | UInt32(block[4 * t + 1]) << 16
        | UInt32(block[4 * t + 2]) << 8 | UInt32(block[4 * t + 3])
    }
    for t in 16..<64 {
      let before = words[t - 15]
      let last = words[t - 2]
      let small0 = rotate(before, 7) ^ rotate(before, 18) ^ before >> 3
      let small1 = rotate(last, 17) ^ rotate(last, 19) ^ last >> 10
      words[t] = words[t - 16] &+ small0 &+ words[t - 7] &+ small1
    }
    var v = state
    for t in 0..<64 {
      let large1 = rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25)
      let choice = v[4] & v[5] ^ ~v[4] & v[6]
      let first = v[7] &+ large1 &+ choice &+ roundConstants[t] &+ words[t]
      let large0 = rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22)
      let majority = v[0] & v[1] ^ v[0] & v[2] ^ v[1] & v[2]
      for position in stride(from: 7, to: 0, by: -1) { v[position] = v[position - 1] }
      v[4] = v[4] &+ first
      v[0] = first &+ large0 &+ majority
    }
    for position in 0..<8 { state[position] = state[position] &+ v[position] }
  }

  private static func rotate(_ word: UInt32, _ count: UInt32) -> UInt32 {
    word >> count | word << (32 - count)
  }

  /// The fractional parts of the square roots of the first eight primes.
  private static let initialState: InlineArray<8, UInt32> = [
    0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A, 0x510E_527F, 0x9B05_688C, 0x1F83_D9AB,
    0x5BE0_CD19,
  ]

  /// The fractional parts of the cube roots of the first 64 primes.
  private static let roundConstants: InlineArray<64, UInt32> = [
    0x428A_2F98, 0x7137_4491, 0xB5C0_FBCF, 0xE9B5_DBA5, 0x3956_C25B, 0x59F1_11F1, 0x923F_82A4,
    0xAB1C_5ED5, 0xD807_AA98, 0x1283_5B01, 0x2431_85BE, 0x550C_7DC3, 0x72BE_5D74, 0x80DE_B1FE,
    0x9BDC_06A7, 0xC19B_F174, 0xE49B_69C1, 0xEFBE_4786, 0x0FC1_9DC6, 0x240C_A1CC, 0x2DE9_2C6F,
    0x4A74_84AA, 0x5CB0_A9DC, 0x76F9_88DA, 0x983E_5152, 0xA831_C66D, 0xB003_27C8, 0xBF59_7FC7,
    0xC6E0_0BF3, 0xD5A7_9147, 0x06CA_6351, 0x1429_2967, 0x27B7_0A85, 0x2E1B_2138, 0x4D2C_6DFC,
    0x5338_0D13, 0x650A_7354, 0x766A_0ABB, 0x81C2_C92E, 0x9272_2C85, 0xA2BF_E8A1, 0xA81A_664B,
    0xC24B_8B70, 0xC76C_51A3, 0xD192_E819, 0xD699_0624, 0xF40E_3585, 0x106A_A070, 0x19A4_C116,
    0x1E37_6C08, 0x2748_774C, 0x34B0_BCB5, 0x391C_0CB3, 0x4ED8_AA4A, 0x5B9C_CA4F, 0x682E_6FF3,
    0x748F_82EE, 0x78A5_636F, 0x84C8_7814, 0x8CC7_0208, 0x90BE_FFFA, 0xA450_6CEB, 0xBEF9_A3F7,
    0xC671_78F2,
  ]
}
