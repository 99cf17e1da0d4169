extension PickleReader {
  /// Operations that make or fill containers. False: `operation` is none of them.
  mutating func runContainer(_ operation: UInt8) throws(CheckpointError) -> Bool {
    switch operation {
    case UInt8(ascii: "("): marks.append(stack.count)
    case UInt8(ascii: "1"): _ = try popToMark()
    case UInt8(ascii: ")"): pushNode(.tuple)
    case UInt8(ascii: "]"): pushNode(.list)
    case UInt8(ascii: "}"): pushNode(.dictionary)
    case 0x8F: pushNode(.set)
    case UInt8(ascii: "t"): pushNode(.tuple, try popToMark())
    case UInt8(ascii: "l"): pushNode(.list, try popToMark())
    case 0x91: pushNode(.set, try popToMark())
    case UInt8(ascii: "d"): pushNode(.dictionary, try pairs(try popToMark()))
    case 0x85: try pushTuple(1)
    case 0x86: try pushTuple(2)
    case 0x87: try pushTuple(3)
    case UInt8(ascii: "a"): try append([try pop()], to: .list)
    case UInt8(ascii: "e"): try append(try popToMark(), to: .list)
    case 0x90: try append(try popToMark(), to: .set)
    case UInt8(ascii: "s"):
      let value = try pop()
      try append([try pop(), value], to: .dictionary)
    case UInt8(ascii: "u"): try append(try pairs(try popToMark()), to: .dictionary)
    default: return false
    }
    return true
  }

  private mutating func pushTuple(_ count: Int) throws(CheckpointError) {
    guard stack.count - (marks.last ?? 0) >= count else { throw malformed("the stack is empty") }
    let items = Array(stack.suffix(count))
    stack.removeLast(count)
    pushNode(.tuple, items)
  }

  private func pairs(_ items: [PickleValue]) throws(CheckpointError) -> [PickleValue] {
    guard items.count.isMultiple(of: 2) else { throw malformed("a dictionary's key has no value") }
    return items
  }

  /// Adds items to the container on top of the stack.
  private mutating func append(
    _ items: [PickleValue], to kind: PickleNode.Kind
  ) throws(CheckpointError) {
    guard case .node(let index) = try top(), document.nodes[Int(index)].kind == kind else {
      throw malformed("there is nothing that items can be added to")
    }
    document.nodes[Int(index)].items.append(contentsOf: items)
  }
}
