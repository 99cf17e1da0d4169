import ByteCoding
import HTTPCore

/// A large answer that is being compressed, piece by piece between the turns of its worker.
final class CompressionTask: PostponedAnswer {
  private let coding: AnswerCoding
  private var answer: ResponseWriter
  private var deflater: Deflater
  private var compressed = ByteBuffer()

  /// - Parameter answer: complete but for the fields that every answer gets.
  init(_ answer: consuming ResponseWriter, _ coding: AnswerCoding, _ exchange: Exchange) {
    self.answer = answer
    self.coding = coding
    deflater = Deflater(container: coding.container)
    compressed.removeAll(headRoom: ResponseWriter.headRoom)
    super.init(exchange)
  }

  override var isComplete: Bool { deflater.isFinished }

  /// Compresses the next piece: less than a millisecond's work.
  func work() { Self.work(at: answer, &deflater, &compressed) }

  private static func work(
    at answer: borrowing ResponseWriter, _ deflater: inout Deflater,
    _ compressed: inout ByteBuffer
  ) {
    deflater.deflate(answer.body.bytes, into: &compressed)
  }

  /// Hands the answer over, compressed if that made it smaller.
  func take(into response: inout ResponseWriter) {
    swap(&answer, &response)
    guard compressed.count < response.body.count else { return }
    swap(&compressed, &response.body)
    response.addField("Content-Encoding", coding.name)
  }
}

extension ServiceHandler {
  /// Puts an answer off until it is compressed.
  func beginCompression(
    _ coding: AnswerCoding, _ exchange: Exchange, _ response: inout ResponseWriter
  ) {
    let task = CompressionTask(
      Swift.exchange(&response, with: ResponseWriter()), coding, exchange)
    compressions.append(task)
    response.deferred = task
  }

  /// A piece of one of the answers that are being compressed; they take turns.
  func compressSome() {
    let task = compressions.removeFirst()
    task.work()
    if !task.isComplete { compressions.append(task) }
  }

  func finish(_ task: CompressionTask, into response: inout ResponseWriter) {
    task.take(into: &response)
    var exchange = task.exchange
    complete(task.outline, &exchange, into: &response)
  }

  func cancel(_ task: CompressionTask) {
    compressions.removeAll { $0 === task }
    abandon(task.outline, task.exchange)
  }
}
