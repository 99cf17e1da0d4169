/// The connections of one worker by slot. Slots are used again; a token also counts the uses, so
/// that an event of a connection that is gone is not taken for one of its successor.
struct ConnectionTable: ~Copyable {
  private var connections: [Connection?] = []
  private var uses: [UInt32] = []
  private var free: [Int32] = []
  private(set) var count = 0

  /// A slot for a new connection, and its token. Must be filled by ``insert(_:)``.
  mutating func reserve() -> (slot: Int, token: UInt64) {
    let slot: Int
    if let last = free.popLast() {
      slot = Int(last)
    } else {
      slot = connections.count
      connections.append(nil)
      uses.append(0)
    }
    uses[slot] = uses[slot] == .max ? 1 : uses[slot] + 1
    return (slot, UInt64(uses[slot]) << 32 | UInt64(slot))
  }

  mutating func insert(_ connection: Connection) {
    precondition(connections[connection.slot] == nil, "a slot is filled once")
    connections[connection.slot] = connection
    count += 1
  }

  /// Gives a slot back, filled or not.
  mutating func remove(_ slot: Int) {
    if connections[slot] != nil { count -= 1 }
    connections[slot] = nil
    free.append(Int32(slot))
  }

  /// The connection that a token was made for; nil if it is gone.
  func connection(token: UInt64) -> Connection? {
    let slot = Int(token & 0xFFFF_FFFF)
    guard slot < connections.count, uses[slot] == UInt32(token >> 32) else { return nil }
    return connections[slot]
  }

  func connection(slot: Int) -> Connection? { connections[slot] }

  /// Every connection there is now.
  var all: [Connection] { connections.compactMap { $0 } }
}
