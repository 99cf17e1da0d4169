import HTTPCore
import TestSupport
import Testing

/// Clients that cost more than they are worth.
@Suite struct HTTP2FloodTests {
  typealias Frame = HTTP2Frame
  static let enhanceYourCalm: UInt32 = 11

  struct Flood: Sendable, CustomStringConvertible {
    let name: String
    let failure: HTTP2Failure
    /// Frames before the flood, and the one that is repeated; its stream counts up if it opens one.
    let opening: [Frame]
    let repeated: @Sendable (UInt32) -> [Frame]
    var description: String { name }
  }

  static let floods: [Flood] = [
    Flood(name: "rapid reset", failure: .resetFlood, opening: []) {
      [.headers(1 + 2 * $0, Frame.request("POST"), ends: false), .reset(1 + 2 * $0)]
    },
    Flood(name: "streams that we must reset", failure: .resetFlood, opening: []) {
      [.headers(1 + 2 * $0, Frame.request("GET", ""))]
    },
    Flood(name: "settings", failure: .controlFlood, opening: []) { _ in [.settings()] },
    Flood(name: "pings", failure: .controlFlood, opening: []) { _ in [.ping()] },
    Flood(name: "priorities", failure: .controlFlood, opening: []) {
      [Frame(.priority, stream: 1 + 2 * $0, [0, 0, 0, 0, 15])]
    },
    Flood(name: "windows", failure: .controlFlood, opening: []) { _ in [.windowUpdate(0, 1)] },
    Flood(
      name: "empty data", failure: .controlFlood,
      opening: [.headers(1, Frame.request("POST"), ends: false)]
    ) { _ in [.data(1, [], ends: false)] },
    Flood(
      name: "continuations", failure: .headFlood,
      opening: [Frame(.headers, stream: 1, Frame.block(Frame.request()))]
    ) { [Frame(.continuation, stream: 1, Frame.block([("x\($0)", "y")]))] },
    Flood(
      name: "empty continuations", failure: .headFlood,
      opening: [Frame(.headers, stream: 1, Frame.block(Frame.request()))]
    ) { _ in [Frame(.continuation, stream: 1)] },
  ]

  @Test(arguments: floods)
  func `a flood ends its connection, and only the flood`(_ flood: Flood) {
    let talk = HTTP2Conversation()
    talk.send(flood.opening.flatMap(\.bytes))
    var count: UInt32 = 0
    while talk.session.failure == nil, count < 10_000 {
      talk.send(flood.repeated(count).flatMap(\.bytes))
      count += 1
    }
    #expect(talk.session.failure == flood.failure)
    #expect(talk.goAwayCode == Self.enhanceYourCalm && talk.session.isFinished)

    // The same at a pace that nobody minds.
    guard flood.failure != .headFlood else { return }
    let patient = HTTP2Conversation()
    patient.send(flood.opening.flatMap(\.bytes))
    for number in 0..<3_000 {
      patient.now += 50_000_000
      patient.send(flood.repeated(UInt32(number)).flatMap(\.bytes))
    }
    #expect(patient.session.failure == nil && !patient.session.isFinished)
  }

  @Test func `a header section of small bytes and large fields is refused, not stored`() {
    // 4,000 bytes enter the table once, and then stand for themselves in one byte each.
    let talk = HTTP2Conversation()
    let large = [UInt8](repeating: 97, count: 3_900)
    let literal: [UInt8] = [0x40, 1, 120, 0x7F, 0xBD, 0x1D] + large
    let bomb = Frame.block(Frame.request()) + literal + [UInt8](repeating: 0xBE, count: 10_000)
    talk.send(Frame(.headers, flags: 5, stream: 1, bomb))
    #expect(talk.reader.answers[1]?.status == 431)
    talk.send(.headers(3))
    #expect(talk.text(3) == "GET / []")
  }

  @Test func `answers pay for the frames that they cause`() {
    let talk = HTTP2Conversation()
    // 10,000 requests with a window update and a ping each, all in one moment.
    for number: UInt32 in 0..<10_000 {
      talk.send(.headers(1 + 2 * number), .windowUpdate(0, 16), .ping())
    }
    #expect(talk.session.failure == nil && talk.served.count == 10_000)
  }

  @Test func `a stalled window holds little, whoever opens streams behind it`() {
    var bounds = HTTP2Limits()
    bounds.streamCountMax = 1_000
    let talk = HTTP2Conversation(bounds: bounds)
    talk.send(.settings([(4, 0)]))
    for number: UInt32 in 0..<1_000 {
      talk.send(.headers(1 + 2 * number, Frame.request("GET", "/big?1000000")))
    }
    // Five answers of a megabyte exceed the four that may wait.
    #expect(talk.served.count == 5)
    #expect(talk.session.openStreamCount == 1_000)
  }
}
