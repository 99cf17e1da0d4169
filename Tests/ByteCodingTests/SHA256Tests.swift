import ByteCoding
import Testing

/// Digests from FIPS 180-4's examples and from sha256sum (GNU coreutils).
@Suite struct SHA256Tests {
  static let vectors: [(String, String)] = [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    (
      "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqr"
        + "lmnopqrsmnopqrstnopqrstu",
      "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
    ),
  ]

  @Test(arguments: vectors)
  func `a digest is the one of the standard`(text: String, expected: String) {
    #expect(hexadecimal(Array(text.utf8)) == expected)
  }

  /// Digests of 0 ..< 200 bytes 'a', one after the other, as a digest: every length of the padding.
  @Test func `every length around the blocks is padded as it should be`() {
    var digests: [UInt8] = []
    for count in 0..<200 {
      digests += Array(hexadecimal([UInt8](repeating: UInt8(ascii: "a"), count: count)).utf8)
    }
    #expect(
      hexadecimal(digests) == "019f2b9f1af27a53a1f046da7e98af2c179f431e4b5bebb000e74040917a4123")
  }

  private func hexadecimal(_ bytes: [UInt8]) -> String {
    let digest = SHA256.digest(of: bytes.span)
    return digest.indices.map { position in
      let text = String(digest[position], radix: 16)
      return text.count == 1 ? "0" + text : text
    }.joined()
  }
}
