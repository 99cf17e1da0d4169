import SystemIO

/// How far long work is: a bar that redraws itself on a terminal, a line every tenth elsewhere.
final class ProgressBar {
  private let title: String
  private let total: Int
  private let isTerminal: Bool
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant
  private var lastDrawn: ContinuousClock.Instant
  private var lastTenth = 0
  private var hasDrawn = false

  /// Work that is done sooner than this says nothing.
  private static let silence = Duration.milliseconds(500)
  private static let redraw = Duration.milliseconds(100)
  private static let barWidth = 30

  init(_ title: String, total: Int) {
    self.title = title
    self.total = max(total, 1)
    isTerminal = StandardStream.error.isTerminal
    start = clock.now
    lastDrawn = start
  }

  /// So much of the total is done.
  func update(_ done: Int) {
    let now = clock.now
    guard now - start > Self.silence else { return }
    let fraction = min(1, Double(done) / Double(total))
    if isTerminal {
      guard now - lastDrawn > Self.redraw else { return }
      lastDrawn = now
      draw(fraction, now)
    } else if Int(fraction * 10) > lastTenth {
      lastTenth = Int(fraction * 10)
      Console.remark("\(title): \(lastTenth * 10) %")
    }
  }

  /// Ends the bar's line.
  func finish() {
    guard isTerminal, hasDrawn else { return }
    draw(1, clock.now)
    try? StandardStream.error.write("\n")
  }

  private func draw(_ fraction: Double, _ now: ContinuousClock.Instant) {
    hasDrawn = true
    let filled = Int(fraction * Double(Self.barWidth))
    let bar =
      String(repeating: "#", count: filled)
      + String(repeating: ".", count: Self.barWidth - filled)
    let seconds = Int((now - start) / .seconds(1))
    try? StandardStream.error.write(
      "\r\(title) [\(bar)] \(Int(fraction * 100)) % \(seconds) s\u{1B}[K")
  }
}
