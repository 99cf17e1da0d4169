import Testing
import Training

struct MinibatchTests {
  @Test func `an emptied minibatch keeps its features and forgets its samples`() {
    var minibatch = Minibatch(categoricalFeatureCount: 2)
    minibatch.labels = [1, 0]
    minibatch.dense = [0.5, 0.25]
    minibatch.ids = [[3, 4], [5, 6, 7]]
    minibatch.offsets = [[], [0, 1, 3]]
    #expect(minibatch.count == 2)
    minibatch.removeAll()
    #expect(minibatch == Minibatch(categoricalFeatureCount: 2))
  }
}
