import SystemIO

/// Binds the configured addresses. Each worker gets a socket of its own for each TCP address, and
/// the kernel spreads connections over them; a path's one socket is given to all.
func bindListeners(
  _ configuration: TransportConfiguration
) throws(TransportError) -> (listeners: [[Worker.Listener]], addresses: [String]) {
  var listeners = [[Worker.Listener]](repeating: [], count: configuration.workerCount)
  var addresses: [String] = []
  do throws(SystemError) {
    addresses = try adoptSockets(configuration.inheritedSockets, into: &listeners)
  } catch {
    throw .system(error)
  }
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

/// Spreads sockets that listen already over the workers. Of several with one address each must be
/// served by somebody: the kernel spreads connections over all of them.
private func adoptSockets(
  _ sockets: [InheritedSocket], into listeners: inout [[Worker.Listener]]
) throws(SystemError) -> [String] {
  var groups: [(address: String, listeners: [Worker.Listener])] = []
  for socket in sockets {
    let listener = Worker.Listener(
      try ListeningSocket(inherited: socket), isAdmin: socket.isAdmin)
    let address = listener.socket.address.description
    if let known = groups.firstIndex(where: { $0.address == address }) {
      groups[known].listeners.append(listener)
    } else {
      groups.append((address, [listener]))
    }
  }
  for group in groups {
    for position in 0..<max(group.listeners.count, listeners.count) {
      listeners[position % listeners.count].append(
        group.listeners[position % group.listeners.count])
    }
  }
  return groups.map(\.address)
}
