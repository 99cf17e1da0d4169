import ByteCoding
import HTTPCore
import Synchronization
import SystemIO

/// Who may ask what: shared by all workers, replaced as a whole when the file of tokens is read
/// again.
package final class AccessControl: Sendable {
  private let path: String?
  /// True if admin requests are answered at the admin listeners alone.
  private let hasAdminListener: Bool
  private let tokens: Lock<AccessTokens?>
  private let generation = Atomic<Int>(0)

  /// - Parameters:
  ///   - tokensPath: nil: everybody may read, and peers on this host may do the rest.
  ///   - hasAdminListener: `--admin-listen` was given.
  /// - Throws: if the file cannot be used.
  package init(tokensPath: String? = nil, hasAdminListener: Bool = false) throws(AccessError) {
    path = tokensPath
    self.hasAdminListener = hasAdminListener
    tokens = Lock(try tokensPath.map { path throws(AccessError) in try Self.read(path) })
  }

  private static func read(_ path: String) throws(AccessError) -> AccessTokens {
    do {
      return try AccessTokens(
        parsing: readWholeFile(path, byteCountMax: AccessTokens.fileByteCountMax))
    } catch let error as AccessError {
      throw AccessError("--tokens \(path): \(error)")
    } catch {
      throw AccessError("--tokens \(path): \(error)")
    }
  }

  /// Reads the file of tokens again; one that cannot be used changes nothing.
  ///
  /// - Returns: how many tokens there are; nil without a file.
  package func reload() throws(AccessError) -> Int? {
    guard let path else { return nil }
    let fresh = try Self.read(path)
    tokens.withLock { $0 = fresh }
    generation.add(1, ordering: .releasing)
    return fresh.count
  }

  /// One worker's view: it looks at the shared one only when that has changed.
  struct View {
    private let control: AccessControl
    private var tokens: AccessTokens?
    private var generation: Int

    init(_ control: AccessControl) {
      self.control = control
      generation = control.generation.load(ordering: .acquiring)
      tokens = control.tokens.withLock { $0 }
    }

    /// Lets a request pass, or says why not.
    ///
    /// - Throws: 401 without a token that is known, 403 if it allows too little.
    mutating func check(
      _ request: borrowing RequestView, _ needed: AccessScope
    ) throws(ServiceError) {
      if needed == .open { return }
      let current = control.generation.load(ordering: .acquiring)
      if current != generation {
        generation = current
        tokens = control.tokens.withLock { $0 }
      }
      if needed == .admin, control.hasAdminListener, !request.connection.isAdmin {
        throw ServiceError(
          .forbidden, "models are loaded and unloaded at the address of --admin-listen")
      }
      guard let tokens else {
        let isNear = request.connection.isLoopback || request.connection.isAdmin
        guard needed == .admin, !isNear else { return }
        throw ServiceError(
          .forbidden,
          "models are loaded and unloaded from the server's own host; elsewhere it needs a token "
            + "(--tokens) or an address of its own (--admin-listen)")
      }
      guard let header = request.header(.authorization) else {
        throw ServiceError(.unauthorized, "a token is needed: `Authorization: Bearer TOKEN`")
      }
      guard let token = Self.bearer(header), let scope = tokens.scope(of: token) else {
        throw ServiceError(.unauthorized, "the token is unknown; ask for another one")
      }
      guard scope >= needed else {
        throw ServiceError(
          .forbidden, "the token may read only; this needs one that may administer")
      }
    }

    /// What follows `Bearer ` (RFC 6750 section 2.1; the scheme's case does not matter).
    @_lifetime(copy header)
    private static func bearer(_ header: Span<UInt8>) -> Span<UInt8>? {
      guard header.count > 7, header[6] == UInt8(ascii: " ") else { return nil }
      guard header.extracting(0..<6).equalsIgnoringCase("bearer") else { return nil }
      return header.extracting(7..<header.count).trimmed
    }
  }
}

extension Endpoint {
  /// What a token must allow for this route.
  package var scope: AccessScope { Self.scopes[rawValue] }

  private static let scopes: [AccessScope] = allCases.map { endpoint in
    switch endpoint {
    case .livez, .readyz, .callServerLive, .callServerReady, .callHealthCheck: return .open
    case .callRepositoryLoad, .callRepositoryUnload: return .admin
    default: break
    }
    if endpoint.template.hasPrefix("/v2/health/") { return .open }
    let isControl =
      endpoint.template.hasPrefix("/v2/repository/models/") && endpoint.template.hasSuffix("load")
    return isControl ? .admin : .read
  }
}
