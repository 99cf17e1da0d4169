import Embeddings
import Kernels

extension RankingNetwork {
  /// Computes what the candidates of a request share, once.
  package func sharedState(
    of inputs: borrowing ScoreInputs, plan: SharingPlan, workspace: inout ScoreWorkspace
  ) throws(ScoreError) -> SharedState {
    guard plan.sharedCount > 0 else { return .nothing }
    let shared = plan.sharedOrder
    try fillVectors(shared, inputs, rows: 0..<1, firstOffset: 0, isShared: true, &workspace)
    fillInput(
      shared, firstRow: 0, rowCount: 1, inputCount: plan.sharedInputCount, &workspace)
    workspace.shared.biases.removeAll(keepingCapacity: true)
    for layer in plan.sharedLayers { add(layer, workspace.input, to: &workspace.shared.biases) }
    let vectorFloats = shared.reduce(0) { $0 + input.vectors[$1].width }
    workspace.shared.vectors.removeAll(keepingCapacity: true)
    workspace.shared.vectors.append(contentsOf: workspace.vectors[..<vectorFloats])
    return workspace.shared
  }

  /// Appends what a first layer makes of the shared inputs, as long as its padded bias.
  private func add(_ layer: DenseLayer, _ input: [Float], to biases: inout [Float]) {
    let start = biases.count
    biases.append(contentsOf: repeatElement(0, count: layer.paddedOutputCount))
    var all = biases.mutableSpan
    var bias = all._mutatingExtracting(start..<start + layer.paddedOutputCount)
    layer.forward(
      input.span, inputStride: layer.inputCount, rowCount: 1, into: &bias,
      outputStride: layer.outputCount)
  }

  /// The logits of some of a request's candidates.
  ///
  /// - Parameters:
  ///   - rows: at most ``ScoreWorkspace/chunkRowCountMax`` candidates.
  ///   - logits: shape [rows.count]; overwritten.
  package func logits(
    of inputs: borrowing ScoreInputs, rows: Range<Int>, plan: SharingPlan, shared: SharedState,
    workspace: inout ScoreWorkspace, into logits: inout MutableSpan<Float>
  ) throws(ScoreError) {
    precondition(
      rows.count <= ScoreWorkspace.chunkRowCountMax && logits.count == rows.count,
      "a chunk has at most chunkRowCountMax rows and a logit for each")
    guard !rows.isEmpty else { return }
    placeShared(plan, shared, &workspace)
    try fillVectors(
      plan.varyingOrder, inputs, rows: rows, firstOffset: shared.vectors.count, isShared: false,
      &workspace)
    fillInput(
      plan.order, firstRow: plan.sharedCount, rowCount: rows.count,
      inputCount: plan.varyingInputCount, &workspace)
    runHead(plan, shared, rowCount: rows.count, &workspace, &logits)
  }

  /// Scores from logits, in place: sigmoid, then the clamp of `loss_threshold`.
  package func scores(fromLogits values: inout MutableSpan<Float>) {
    sigmoid(&values)
    guard lossThreshold > 0 else { return }
    for i in values.indices {
      values[i] = min(max(values[i], lossThreshold), 1 - lossThreshold)
    }
  }

  private func placeShared(
    _ plan: SharingPlan, _ shared: SharedState, _ workspace: inout ScoreWorkspace
  ) {
    workspace.locations.removeAll(keepingCapacity: true)
    ScoreWorkspace.ensure(&workspace.vectors, shared.vectors.count)
    for i in shared.vectors.indices { workspace.vectors[i] = shared.vectors[i] }
    var offset = 0
    for position in plan.order[..<plan.sharedCount] {
      workspace.locations.append(StridedVector(offset: offset, stride: 0))
      offset += input.vectors[position].width
    }
  }

  /// Looks up or computes vectors and notes where they lie: one block per feature.
  private func fillVectors(
    _ positions: [Int], _ inputs: borrowing ScoreInputs, rows: Range<Int>, firstOffset: Int,
    isShared: Bool, _ workspace: inout ScoreWorkspace
  ) throws(ScoreError) {
    if isShared { workspace.locations.removeAll(keepingCapacity: true) }
    var offset = firstOffset
    for position in positions {
      let vector = input.vectors[position]
      switch vector.source {
      case .dense:
        ScoreWorkspace.ensure(&workspace.vectors, offset + rows.count * vector.width)
        fillDense(inputs, rows: rows, offset: offset, &workspace)
        workspace.locations.append(StridedVector(offset: offset, stride: vector.width))
        offset += rows.count * vector.width
      case .feature(let index, let part):
        let table = features[index]
        let rowWidth = table.vectorWidth
        // The parts of a `separate` feature lie in one row, looked up with the first part.
        if part == 0 {
          ScoreWorkspace.ensure(&workspace.vectors, offset + rows.count * rowWidth)
          try lookUp(inputs, table, index, rows: rows, offset: offset, &workspace)
          offset += rows.count * rowWidth
        }
        workspace.locations.append(
          StridedVector(
            offset: offset - rows.count * rowWidth + part * vector.width, stride: rowWidth))
      }
    }
  }

  private func fillDense(
    _ inputs: borrowing ScoreInputs, rows: Range<Int>, offset: Int,
    _ workspace: inout ScoreWorkspace
  ) {
    let count = denseFeatures.count
    let rowCount = rows.count
    ScoreWorkspace.ensure(&workspace.dense, rowCount * count)
    let start = inputs.isDenseShared ? 0 : rows.lowerBound * count
    for i in 0..<rowCount * count { workspace.dense[i] = inputs.dense[start + i] }
    var dense = workspace.dense.mutableSpan
    if isDenseLogarithmic {
      logOnePlusPositive(&dense, offset: 0, stride: 1, count: rowCount * count)
    } else {
      for column in 0..<count where denseFeatures[column].transform == .log1p {
        logOnePlusPositive(&dense, offset: column, stride: count, count: rowCount)
      }
    }
    guard let bottom else {
      for i in 0..<rowCount * count { workspace.vectors[offset + i] = workspace.dense[i] }
      return
    }
    run(
      bottom, on: &workspace.dense, inputStride: count, rowCount: rowCount, &workspace.first,
      &workspace.second, into: &workspace.vectors, at: offset)
  }

  /// Runs an MLP between arrays; the arguments are apart so that each is borrowed on its own.
  private func run(
    _ network: MultilayerPerceptron, on input: inout [Float], inputStride: Int, rowCount: Int,
    _ first: inout [Float], _ second: inout [Float], into output: inout [Float], at offset: Int
  ) {
    ScoreWorkspace.ensure(&first, rowCount * network.widthMax)
    ScoreWorkspace.ensure(&second, rowCount * network.widthMax)
    var all = output.mutableSpan
    var part = all._mutatingExtracting(offset..<offset + rowCount * network.outputCount)
    network.forward(
      input.span, inputStride: inputStride, rowCount: rowCount, buffers: &first, &second,
      into: &part)
  }

  private func lookUp(
    _ inputs: borrowing ScoreInputs, _ table: FeatureTable, _ index: Int, rows: Range<Int>,
    offset: Int, _ workspace: inout ScoreWorkspace
  ) throws(ScoreError) {
    let width = rows.count * table.vectorWidth
    try lookUp(
      inputs, table, index, rows: rows, &workspace.offsets, &workspace.lookup,
      into: &workspace.vectors, at: offset..<offset + width)
    workspace.count(missing: workspace.lookup.missingPositions.count, feature: index)
  }

  private func lookUp(
    _ inputs: borrowing ScoreInputs, _ table: FeatureTable, _ index: Int, rows: Range<Int>,
    _ offsets: inout [Int], _ scratch: inout LookupScratch, into vectors: inout [Float],
    at place: Range<Int>
  ) throws(ScoreError) {
    let missing = inputs.missing ?? table.missing
    var all = vectors.mutableSpan
    var output = all._mutatingExtracting(place)
    do {
      if inputs.columns[index].offsets.isEmpty {
        // Not the whole column: each of its lists would be counted when it is copied.
        let ids = inputs.columns[index].ids
        try table.vectors(
          of: ids.span.extracting(rows), missing: missing, scratch: &scratch, into: &output)
      } else {
        try inputs.columns[index].pooledVectors(
          of: rows, table, missing: missing, pooling: inputs.pooling, &offsets, &scratch,
          into: &output)
      }
    } catch {
      guard case .categoryOutOfRange(let id, let position, let cardinality) = error else {
        throw ScoreError(feature: index, error: error)
      }
      let offsets = inputs.columns[index].offsets
      let first = offsets.isEmpty ? rows.lowerBound : offsets[rows.lowerBound]
      throw ScoreError(
        feature: index,
        error: .categoryOutOfRange(
          id: id, position: first + position, cardinality: cardinality))
    }
  }

  /// Joins the vectors at `workspace.locations` into the first layers' inputs.
  private func fillInput(
    _ order: [Int], firstRow: Int, rowCount: Int, inputCount: Int,
    _ workspace: inout ScoreWorkspace
  ) {
    ScoreWorkspace.ensure(&workspace.input, rowCount * inputCount)
    let parts = InputParts(
      order: order, firstRow: firstRow, rowCount: rowCount, inputCount: inputCount)
    switch input.joining {
    case .concatenate:
      concatenate(parts, &workspace.vectors, &workspace.locations, into: &workspace.input)
    case .dot(let itself):
      ScoreWorkspace.ensure(
        &workspace.interaction,
        dotInteractionScratchCount(vectorCount: order.count, dimension: input.vectors[0].width))
      interact(
        parts, itself: itself, &workspace.vectors, &workspace.locations, &workspace.interaction,
        into: &workspace.input)
    }
  }

  private struct InputParts {
    let order: [Int]
    let firstRow: Int
    let rowCount: Int
    let inputCount: Int
  }

  private func concatenate(
    _ parts: InputParts, _ vectors: inout [Float], _ locations: inout [StridedVector],
    into rows: inout [Float]
  ) {
    var output = rows.mutableSpan
    var column = 0
    for i in parts.firstRow..<parts.order.count {
      let width = input.vectors[parts.order[i]].width
      copyVectors(
        memory: vectors.span, vectors: locations.span.extracting(i..<i + 1), width: width,
        rowCount: parts.rowCount, into: &output, outputOffset: column,
        outputStride: parts.inputCount)
      column += width
    }
  }

  private func interact(
    _ parts: InputParts, itself: Bool, _ vectors: inout [Float],
    _ locations: inout [StridedVector], _ interaction: inout [Float], into rows: inout [Float]
  ) {
    let width = input.vectors[0].width
    var output = rows.mutableSpan
    var column = 0
    if let dense = parts.order[parts.firstRow...].firstIndex(of: 0) {
      copyVectors(
        memory: vectors.span, vectors: locations.span.extracting(dense..<dense + 1), width: width,
        rowCount: parts.rowCount, into: &output, outputOffset: 0, outputStride: parts.inputCount)
      column = width
    }
    var scratch = interaction.mutableSpan
    dotInteraction(
      memory: vectors.span, vectors: locations.span, dimension: width, firstRow: parts.firstRow,
      withItself: itself, rowCount: parts.rowCount, into: &output, outputOffset: column,
      outputStride: parts.inputCount, scratch: &scratch)
  }

  private func runHead(
    _ plan: SharingPlan, _ shared: SharedState, rowCount: Int, _ workspace: inout ScoreWorkspace,
    _ logits: inout MutableSpan<Float>
  ) {
    switch head {
    case .top:
      run(
        plan.networks[0], shared, shared.bias(0, plan), rowCount: rowCount, &workspace.input,
        &workspace.first, &workspace.second, into: &logits)
    case .crossAndDeep(let cross, _, _):
      let products = plan.networks[0]
      ScoreWorkspace.ensure(&workspace.side, rowCount * products.outputCount)
      run(
        products, shared, shared.bias(0, plan), rowCount: rowCount, &workspace.input,
        &workspace.first, &workspace.second, into: &workspace.side)
      run(
        plan.networks[1], shared, shared.bias(1, plan), rowCount: rowCount, &workspace.input,
        &workspace.first,
        &workspace.second, into: &logits)
      for row in 0..<rowCount {
        let start = row * products.outputCount
        logits[row] += cross.logit(
          workspace.side.span.extracting(start..<start + products.outputCount))
      }
    }
  }

  private func run(
    _ network: MultilayerPerceptron, _ shared: SharedState, _ bias: Range<Int>?, rowCount: Int,
    _ input: inout [Float], _ first: inout [Float], _ second: inout [Float],
    into output: inout [Float]
  ) {
    var span = output.mutableSpan
    run(network, shared, bias, rowCount: rowCount, &input, &first, &second, into: &span)
  }

  private func run(
    _ network: MultilayerPerceptron, _ shared: SharedState, _ bias: Range<Int>?, rowCount: Int,
    _ input: inout [Float], _ first: inout [Float], _ second: inout [Float],
    into output: inout MutableSpan<Float>
  ) {
    ScoreWorkspace.ensure(&first, rowCount * network.widthMax)
    ScoreWorkspace.ensure(&second, rowCount * network.widthMax)
    let inputStride = network.layers[0].inputCount
    if let bias {
      network.forward(
        input.span, inputStride: inputStride, rowCount: rowCount,
        sharedBias: shared.biases.span.extracting(bias),
        buffers: &first, &second, into: &output)
    } else {
      network.forward(
        input.span, inputStride: inputStride, rowCount: rowCount, buffers: &first, &second,
        into: &output)
    }
  }
}

extension ScoreInputs.Column {
  /// The pooled vectors of some rows' bags, [rows.count, vectorWidth].
  fileprivate func pooledVectors(
    of rows: Range<Int>, _ table: FeatureTable, missing: MissingPolicy, pooling: Pooling?,
    _ offsets: inout [Int], _ scratch: inout LookupScratch, into output: inout MutableSpan<Float>
  ) throws(LookupError) {
    let firstID = self.offsets[rows.lowerBound]
    let range = firstID..<self.offsets[rows.upperBound]
    offsets.removeAll(keepingCapacity: true)
    for row in rows.lowerBound...rows.upperBound { offsets.append(self.offsets[row] - firstID) }
    try table.pooledVectors(
      of: ids.span.extracting(range), offsets: offsets.span,
      weights: weights.isEmpty ? nil : weights.span.extracting(range),
      pooling: pooling ?? table.pooling, missing: missing, scratch: &scratch, into: &output)
  }
}
