import Synchronization
import TestSupport
import Testing

@testable import Kernels

/// Memory of a test: counts how many of its kind live.
@safe
private final class CountedMemory: WeightMemory, @unchecked Sendable {
  static let living = Atomic<Int>(0)
  let count: Int
  private let base: UnsafeMutablePointer<Float>

  init(count: Int) {
    self.count = count
    // SAFETY: as many floats as asked for, initialized at once, freed in deinit.
    let memory = UnsafeMutableRawPointer.allocate(byteCount: count * 4, alignment: 64)
    unsafe base = memory.bindMemory(to: Float.self, capacity: count)
    unsafe base.initialize(repeating: .nan, count: count)
    Self.living.add(1, ordering: .relaxed)
  }

  deinit {
    unsafe base.deallocate()
    Self.living.subtract(1, ordering: .relaxed)
  }

  @_lifetime(borrow self)
  func mutableFloats(_ range: Range<Int>) -> MutableSpan<Float> {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "a range of the memory")
    // SAFETY: the range lies in the memory, which lives as long as self.
    let span = unsafe MutableSpan(_unsafeStart: base + range.lowerBound, count: range.count)
    return unsafe _overrideLifetime(span, borrowing: self)
  }
}

@Suite(.serialized) struct WeightArenaTests {
  private func layers(
    _ coding: DenseCoding, in arena: WeightArena?
  ) -> [DenseLayer] {
    var generator = SeededGenerator(seed: 11)
    return [(13, 70), (70, 33), (33, 1)].map { inputs, outputs in
      let weights = (0..<inputs * outputs).map { _ in Float.random(in: -1...1, using: &generator) }
      let bias = (0..<outputs).map { _ in Float.random(in: -1...1, using: &generator) }
      return DenseLayer(
        weights: weights.span, bias: bias.span, inputCount: inputs, outputCount: outputs,
        appliesReLU: true, coding: outputs == 1 ? .float32 : coding, arena: arena)
    }
  }

  private func outputs(_ layers: [DenseLayer]) -> [Float] {
    layers.flatMap { layer in
      let input = (0..<3 * layer.inputCount).map { Float($0 % 7) - 3 }
      var output = [Float](repeating: .nan, count: 3 * layer.outputCount)
      var span = output.mutableSpan
      layer.forward(
        input.span, inputStride: layer.inputCount, rowCount: 3, into: &span,
        outputStride: layer.outputCount)
      return output
    }
  }

  private static let codings: [DenseCoding] =
    [.float32] + NarrowKernels.available.filter { $0.format != .int8 }.map { .rounded($0) }

  /// No room, room for some layers, room for all.
  @Test(arguments: [0, 15, 16, 1000, 1041, 4096, 100_000])
  func `layers in an arena give the bits of layers alone`(_ count: Int) {
    for coding in Self.codings {
      let alone = outputs(layers(coding, in: nil))
      let placed = outputs(layers(coding, in: WeightArena(CountedMemory(count: count))))
      #expect(placed.map(\.bitPattern) == alone.map(\.bitPattern), "\(count) floats")
    }
    #expect(CountedMemory.living.load(ordering: .relaxed) == 0)
  }

  @Test func `places begin on cache lines, do not overlap, and end with the memory`() {
    let arena = WeightArena(CountedMemory(count: 48))
    let places = [1, 64, 65, 64, 1].map { arena.place(byteCount: $0) }
    #expect(places.map { $0 == nil } == [false, false, true, false, true])
    let addresses = places.compactMap { place in
      // SAFETY: the address alone is looked at.
      place.map { unsafe UInt(bitPattern: $0.base) }
    }
    #expect(addresses.map { $0 - addresses[0] } == [0, 64, 128])
    #expect(addresses[0] % 64 == 0)
  }

  @Test func `the memory lives as long as a layer in it`() {
    var layer: DenseLayer? = layers(.float32, in: WeightArena(CountedMemory(count: 100_000)))[1]
    #expect(CountedMemory.living.load(ordering: .relaxed) == 1)
    #expect(layer?.outputCount == 33)
    layer = nil
    #expect(CountedMemory.living.load(ordering: .relaxed) == 0)
  }
}
