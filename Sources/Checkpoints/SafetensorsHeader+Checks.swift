extension SafetensorsHeader {
  /// No name stands twice, of tensors or of metadata. (The reference reader takes the last one; the
  /// format's text forbids it, and two readers must not see two different models.)
  mutating func checkNames() throws(CheckpointError) {
    names.removeAll(reserving: metadataRanges.count)
    for index in metadataRanges.indices {
      let name = metadataRanges[index].name
      let other = names.insert(index, name: name, in: text) { metadataRanges[$0].name }
      if other != nil {
        throw CheckpointError(
          .malformed, "`__metadata__` has the member \(quoted(name: name)) twice")
      }
    }
    entries.sort { left, right in
      (left.byteRange.lowerBound, left.byteRange.upperBound, left.nameRange.lowerBound)
        < (right.byteRange.lowerBound, right.byteRange.upperBound, right.nameRange.lowerBound)
    }
    names.removeAll(reserving: entries.count)
    for index in entries.indices {
      let name = entries[index].nameRange
      if names.insert(index, name: name, in: text, nameRange: { entries[$0].nameRange }) != nil {
        throw CheckpointError(.malformed, "tensor \(quoted(name: name)) stands twice in the header")
      }
    }
  }

  /// The tensors cover the data without holes and overlaps, in the sizes that their shapes say.
  ///
  /// - Precondition: ``entries`` are sorted by their offsets.
  func checkRanges(dataByteCount: Int) throws(CheckpointError) {
    var end = 0
    for entry in entries {
      let range = entry.byteRange
      let name = quoted(name: entry.nameRange)
      guard range.lowerBound == end else {
        let what = range.lowerBound < end ? "overlaps the tensor before it" : "follows a hole"
        throw CheckpointError(
          .malformed,
          "tensor \(name) \(what): it starts at \(range.lowerBound) of the data instead of \(end)")
      }
      guard let byteCount = entry.elementType.byteCount(ofShape: shape(of: entry)) else {
        throw CheckpointError(
          .malformed,
          "tensor \(name) has an impossible size: \(shapeArray(of: entry)) of "
            + entry.elementType.rawValue)
      }
      guard byteCount == range.count else {
        throw CheckpointError(
          .malformed,
          "tensor \(name) takes \(range.count) bytes, but \(shapeArray(of: entry)) of "
            + "\(entry.elementType.rawValue) are \(byteCount)")
      }
      end = range.upperBound
    }
    guard end <= dataByteCount else {
      throw CheckpointError(
        .truncated,
        "the tensors should take \(end) bytes, but only \(dataByteCount) follow the header; "
          + "copy the file again")
    }
    guard end == dataByteCount else {
      throw CheckpointError(
        .malformed, "\(dataByteCount - end) bytes behind the last tensor belong to none")
    }
  }

  private func quoted(name: Range<Int>) -> String {
    Checkpoints.quoted(String(decoding: text[name], as: UTF8.self))
  }
}
