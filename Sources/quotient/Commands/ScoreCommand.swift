import ArgumentParser
import ByteCoding
import Embeddings
import Kernels
import Ranking
import Synchronization
import SystemIO

struct ScoreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "score",
    abstract: "Print a click-through rate for each line of features.",
    discussion: """
      A filter: lines in, a score a line out, in order. A line is tab-separated as in Criteo's \
      data (the dense values, then the categories, with or without a label in front; empty: \
      missing), or a JSON object {"I1": 1.5, "C1": 12, "C9": [3, 4]}. It also runs under the pipe \
      of Spark or Hadoop.

      Examples:
        quotient score models/criteo day_6.tsv > scores.txt
        zcat day_6.tsv.gz | quotient score models/criteo --threads 4
      """)

  enum Output: String, CaseIterable, ExpressibleByArgument { case score, logit }

  @Argument(help: ArgumentHelp("The checkpoint's folder.", valueName: "checkpoint"))
  var checkpoint: String

  @Argument(help: ArgumentHelp("The lines; by default, or -, the input.", valueName: "file"))
  var file: String?

  @Option(help: ArgumentHelp("Threads that compute.", valueName: "n"))
  var threads = ProcessEnvironment.processorCount

  @Option(help: "score, or logit: before the sigmoid.")
  var output: Output = .score

  @Option(
    help: "What an unknown id gets: error, zero or default. By default as the checkpoint says.")
  var missing: MissingPolicy?

  @Option(help: "How the dense layers compute: f32, bf16 or int8.")
  var precision = DensePrecision.f32

  func validate() throws {
    guard 1...1024 ~= threads else { throw ValidationError("--threads is 1 to 1024") }
  }

  func run() throws {
    let model = try failing { try ModelLoader.load(path: checkpoint, precision: precision) }
    if let remark = model.precisionRemark { Console.remark(remark) }
    let scorer = try failing {
      try LineScorer(model: model, answersLogits: output == .logit, missing: missing)
    }
    let source = try failing { try ByteSource(path: file) }
    try LineFilter(scorer: scorer, threadCount: threads).run(source)
  }
}

/// Reads lines, has blocks of them scored by several threads at once, writes the answers in order.
struct LineFilter {
  let scorer: LineScorer
  let threadCount: Int

  /// Bytes of lines that one thread scores at a time: a few hundred lines.
  private static let blockByteCount = 128 * 1024
  /// The longest line.
  private static let lineByteCountMax = 16 * 1_048_576

  /// One block on its way through a thread.
  private final class Block: Sendable {
    let lines: [UInt8]
    let firstLine: Int
    private let outcome = Mutex<Result<[UInt8], LineError>?>(nil)

    init(lines: [UInt8], firstLine: Int) {
      self.lines = lines
      self.firstLine = firstLine
    }

    func score(by scorer: LineScorer) {
      let lines = lines
      var workspace = ScoreWorkspace()
      var text = ByteBuffer(capacity: 4096)
      let result: Result<[UInt8], LineError>
      do throws(LineError) {
        _ = try scorer.score(
          lines.span, firstLine: firstLine, workspace: &workspace, into: &text)
        result = .success([UInt8](text.bytes))
      } catch {
        result = .failure(error)
      }
      outcome.withLock { $0 = result }
    }

    func answer() throws -> [UInt8] {
      guard let result = outcome.withLock({ $0 }) else {
        preconditionFailure("a block is scored before it is asked for")
      }
      return try result.get()
    }
  }

  func run(_ source: borrowing ByteSource) throws {
    var pending: [UInt8] = []
    var nextLine = 1
    var hasEnded = false
    while !hasEnded {
      hasEnded = try fill(&pending, from: source)
      if hasEnded, let last = pending.last, last != UInt8(ascii: "\n") {
        pending.append(UInt8(ascii: "\n"))
      }
      let blocks = cut(&pending, &nextLine)
      try failing { try score(blocks) }
      for block in blocks {
        let text = try failing { try block.answer() }
        try Console.output(text)
      }
      guard pending.count <= Self.lineByteCountMax else {
        throw CommandFailure(
          "line \(nextLine) is longer than \(Self.lineByteCountMax) bytes; is this a text file?")
      }
    }
  }

  /// Reads until there is work for all threads, or nothing more to be had without waiting. True at
  /// the end of the input.
  private func fill(_ pending: inout [UInt8], from source: borrowing ByteSource) throws -> Bool {
    while true {
      let count: Int
      do {
        count = try source.read(into: &pending, atMost: Self.blockByteCount)
      } catch {
        throw CommandFailure(error)
      }
      if count == 0 { return true }
      if pending.count >= Self.blockByteCount * threadCount || !source.isReady() { return false }
    }
  }

  /// Takes the complete lines out of `pending`, in blocks.
  private func cut(_ pending: inout [UInt8], _ nextLine: inout Int) -> [Block] {
    var blocks: [Block] = []
    var start = 0
    var end = 0
    var lineCount = 0
    for offset in pending.indices where pending[offset] == UInt8(ascii: "\n") {
      end = offset + 1
      lineCount += 1
      if end - start >= Self.blockByteCount {
        blocks.append(Block(lines: Array(pending[start..<end]), firstLine: nextLine))
        nextLine += lineCount
        (start, lineCount) = (end, 0)
      }
    }
    if end > start {
      blocks.append(Block(lines: Array(pending[start..<end]), firstLine: nextLine))
      nextLine += lineCount
    }
    pending.removeFirst(end)
    return blocks
  }

  private func score(_ blocks: [Block]) throws(SystemError) {
    let scorer = scorer
    guard blocks.count > 1, threadCount > 1 else {
      for block in blocks { block.score(by: scorer) }
      return
    }
    let next = NextBlock()
    var workers: [WorkerThread] = []
    for number in 0..<min(threadCount, blocks.count) {
      workers.append(
        try WorkerThread(name: "score-\(number)") {
          while let position = next.take(below: blocks.count) {
            blocks[position].score(by: scorer)
          }
        })
    }
    for worker in workers { worker.join() }
  }

  /// Which block is scored next.
  private final class NextBlock: Sendable {
    private let position = Atomic<Int>(0)
    func take(below count: Int) -> Int? {
      let taken = position.add(1, ordering: .relaxed).oldValue
      return taken < count ? taken : nil
    }
  }
}
