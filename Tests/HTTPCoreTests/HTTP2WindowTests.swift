import HTTPCore
import TestSupport
import Testing

/// Flow control, of which the library sees only a part: small content passes it by.
@Suite struct HTTP2WindowTests {
  typealias Frame = HTTP2Frame

  /// A client that opens its windows little by little and notes what comes.
  private final class Client {
    let talk = HTTP2Conversation()
    var random: SeededGenerator
    var connectionWindow = 65_535
    var initialWindow = 65_535
    /// By stream: what it may still send, and how long its answer is.
    var windows: [UInt32: Int] = [:]
    var sizes: [UInt32: Int] = [:]
    var next: UInt32 = 1
    private var readCount = 0

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    /// Asks for up to four answers at once.
    func ask() {
      var frames: [UInt8] = []
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let size = [0, 1, 10, 1_000, 5_000, 16_384, 16_385, 40_000].randomElement(using: &random)!
        sizes[next] = size
        windows[next] = initialWindow
        let fields = Frame.request("POST", "/big?\(size)")
        let content = [UInt8](repeating: 65, count: Int.random(in: 0...50, using: &random))
        let hasContent = Bool.random(using: &random)
        frames += Frame.headers(next, fields, ends: !hasContent).bytes
        if hasContent { frames += Frame.data(next, content).bytes }
        next += 2
      }
      talk.send(frames)
    }

    func open(_ stream: UInt32, by count: Int) {
      if stream == 0 { connectionWindow += count } else { windows[stream]! += count }
      talk.send(.windowUpdate(stream, UInt32(count)))
    }

    func setInitialWindow(to count: Int) {
      for stream in windows.keys { windows[stream]! += count - initialWindow }
      initialWindow = count
      talk.send(.settings([(4, UInt32(count))]))
    }

    func reset(_ stream: UInt32) {
      sizes[stream] = nil
      talk.send(.reset(stream))
    }

    /// Counts what came. What was sent before a window was made smaller is no mistake.
    func check(mayOverdraw: Bool = false) {
      let frames = talk.reader.frames
      for frame in frames[readCount...] where frame.kind == .data {
        connectionWindow -= frame.payload.count
        windows[frame.stream]! -= frame.payload.count
        guard !frame.payload.isEmpty else { continue }
        #expect(connectionWindow >= 0, "\(frame)")
        #expect(windows[frame.stream]! >= 0 || mayOverdraw, "\(frame)")
      }
      readCount = frames.count
    }
  }

  @Test(arguments: 0..<12)
  func `answers stay within every window, and arrive whole`(seed: UInt64) {
    let client = Client(seed: seed)
    client.talk.outputByteCountMax = [500, 17_000, 1 << 20][Int(seed % 3)]
    client.setInitialWindow(to: [0, 700, 20_000, 65_535][Int(seed % 4)])
    for _ in 0..<120 {
      let stream = client.sizes.keys.sorted().randomElement(using: &client.random)
      switch Int.random(in: 0...9, using: &client.random) {
      case 0...3: client.ask()
      case 4...5: client.open(0, by: Int.random(in: 1...30_000, using: &client.random))
      case 6...7:
        if let stream { client.open(stream, by: Int.random(in: 1...9_000, using: &client.random)) }
      case 8:
        client.setInitialWindow(to: Int.random(in: 0...30_000, using: &client.random))
      default: if let stream { client.reset(stream) }
      }
      client.check()
    }
    client.open(0, by: 100_000_000)
    for stream in client.sizes.keys { client.open(stream, by: 1_000_000) }
    client.check()
    for (stream, size) in client.sizes {
      let answer = client.talk.reader.answers[stream]
      let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0) }
      #expect(answer?.body == bytes && answer?.ended == true, "\(stream): \(size)")
    }
    #expect(client.talk.session.heldByteCount == 0 && client.talk.goAwayCode == nil)
  }

  @Test func `content that comes with its head is given back`() {
    let talk = HTTP2Conversation()
    var window = 65_535
    let content = [UInt8](repeating: 65, count: 4_000)
    var heard = 0
    for number: UInt32 in 0..<300 {
      window -= content.count
      #expect(window >= 0)
      talk.send(
        .headers(1 + 2 * number, Frame.request("POST", "/big?1"), ends: false),
        .data(1 + 2 * number, content))
      window += talk.reader.increments(of: 0) - heard
      heard = talk.reader.increments(of: 0)
      talk.send(.windowUpdate(0, 1))
    }
    #expect(talk.served.count == 300)
    // Ours is larger than the one that every connection begins with.
    #expect(window > 65_535 && window <= 4 * HTTP2Limits().windowBytes)
    #expect((1..<60).contains(talk.reader.frames.filter { $0.kind == .windowUpdate }.count))
  }

  @Test func `a window is never opened beyond 2^31 - 1, whoever has sent what`() {
    for count in [0, 100] {
      let talk = HTTP2Conversation()
      if count > 0 { talk.send(.headers(1, Frame.request("GET", "/big?\(count)"))) }
      talk.send(.windowUpdate(0, UInt32(0x7FFF_FFFF - 65_535 + count)))
      #expect(talk.goAwayCode == nil)
      talk.send(.windowUpdate(0, 1))
      #expect(talk.goAwayCode == 3 && talk.session.isFinished)
    }
    let talk = HTTP2Conversation()
    talk.send(.headers(1, Frame.request("GET", "/big?100")), .windowUpdate(0, 0))
    #expect(talk.goAwayCode == 1 && talk.session.isFinished)
  }

  /// A window update that is cut in pieces is one, too.
  @Test func `frames that are cut anywhere mean the same`() {
    var frames: [UInt8] = []
    for number: UInt32 in 0..<4 {
      let stream = 1 + 2 * number
      frames += Frame.headers(stream, Frame.request("POST", "/big?30000"), ends: false).bytes
      frames += Frame.data(stream, [65, 66]).bytes + Frame.windowUpdate(0, 20_000).bytes
      frames += Frame.headers(stream + 100, Frame.request("GET", "/big?9")).bytes
      frames += Frame.windowUpdate(0, 20_000).bytes
    }
    let whole = HTTP2Conversation()
    whole.send(frames)
    for size in [1, 2, 3, 5, 8, 9, 10, 13, 14, 21, 50] {
      let talk = HTTP2Conversation()
      for start in stride(from: 0, to: frames.count, by: size) {
        talk.send(Array(frames[start..<min(start + size, frames.count)]))
      }
      #expect(talk.reader.answers == whole.reader.answers && !talk.reader.answers.isEmpty)
      #expect(talk.goAwayCode == nil && talk.session.heldByteCount == 0)
    }
  }
}
