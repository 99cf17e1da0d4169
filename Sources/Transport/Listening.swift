import SystemIO

/// Binds the configured addresses. Each worker gets a socket of its own for each TCP address, and
/// the kernel spreads connections over them; a path's one socket is given to all.
func bindListeners(
  _ configuration: TransportConfiguration
) throws(TransportError) -> (listeners: [[Worker.Listener]], addresses: [String]) {
  var listeners = [[Worker.Listener]](repeating: [], count: configuration.workerCount)
  var addresses: [String] = []
  for text in configuration.listenAddresses {
    addresses.append(try bind(text, configuration, isAdmin: false, into: &listeners))
  }
  for text in configuration.adminListenAddresses {
    addresses.append(try bind(text, configuration, isAdmin: true, into: &listeners))
  }
  return (listeners, addresses)
}

private func bind(
  _ text: String, _ configuration: TransportConfiguration, isAdmin: Bool,
  into listeners: inout [[Worker.Listener]]
) throws(TransportError) -> String {
  guard let address = SocketAddress(text) else { throw .address(text) }
  do throws(SystemError) {
    return try bind(address, configuration, isAdmin: isAdmin, into: &listeners).description
  } catch {
    throw .system(error)
  }
}

private func bind(
  _ address: SocketAddress, _ configuration: TransportConfiguration, isAdmin: Bool,
  into listeners: inout [[Worker.Listener]]
) throws(SystemError) -> SocketAddress {
  let backlog = configuration.backlog
  var sharesPort = configuration.workerCount > 1
  if case .unix = address { sharesPort = false }
  if sharesPort, address.port != 0 { try ListeningSocket.checkIsFree(address) }

  let first = Worker.Listener(
    try ListeningSocket(
      at: address, sharesPort: sharesPort, backlog: backlog, mode: configuration.socketMode),
    isAdmin: isAdmin)
  // Port 0 was asked for: the others join the first at the port that it got.
  let boundAddress = first.socket.address
  listeners[0].append(first)
  for worker in listeners.indices.dropFirst() {
    guard sharesPort else {
      listeners[worker].append(first)
      continue
    }
    listeners[worker].append(
      Worker.Listener(
        try ListeningSocket(at: boundAddress, sharesPort: true, backlog: backlog),
        isAdmin: isAdmin))
  }
  return boundAddress
}
