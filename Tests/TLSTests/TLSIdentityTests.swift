import TLS
import Testing

@Suite struct TLSIdentityTests {
  #if TLS
    @Test func `files that are missing are named with their flag`() {
      let path = "/nowhere/certificate.pem"
      #expect(
        throws: TLSError.file(
          flag: "--tls-certificate", path: path, reason: "No such file or directory")
      ) { try TLSIdentity(TLSFiles(certificate: path, key: path)) }
    }
  #else
    @Test func `a build without TLS says how to make one with it`() {
      #expect(throws: TLSError.notBuilt) {
        try TLSIdentity(TLSFiles(certificate: "a", key: "b"))
      }
      #expect("\(TLSError.notBuilt)".contains("swift build -c release --traits TLS"))
    }
  #endif
}
