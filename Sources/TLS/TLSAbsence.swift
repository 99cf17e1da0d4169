// A build without the trait: neither of these is ever made, so nothing is asked of them.

#if !TLS
  package import SystemIO

  final class TLSContext: Sendable {
    init(_ files: TLSFiles) throws(TLSError) { throw .notBuilt }

    var secondsLeft: Int { neverMade() }
  }

  package final class TLSSession {
    init?(_ context: TLSContext, descriptor: CInt) { return nil }

    package var isDrained: Bool { neverMade() }
    package var wantsWrite: Bool { neverMade() }
    package var speaksHTTP2: Bool { neverMade() }

    package func shakeHands() -> HandshakeProgress { neverMade() }
    package func receive(into bytes: inout MutableSpan<UInt8>) -> TransferOutcome { neverMade() }
    package func send(_ bytes: Span<UInt8>) -> TransferOutcome { neverMade() }
    package func sayGoodbye() { neverMade() }
  }

  private func neverMade() -> Never {
    preconditionFailure("there is no TLS in this build, so no context and no session")
  }
#endif
