/// Upper bounds on what reading a zip file, a NumPy file or a PyTorch file may cost.
package struct ArchiveLimits: Equatable, Sendable {
  /// Members of a zip file.
  package var memberCountMax: Int
  /// Bytes of one compressed member when inflated.
  package var inflatedByteCountMax: Int
  /// Operations of a pickle: bounds its objects, its stack, its memo and the time it takes.
  package var pickleOperationCountMax: Int
  /// Bytes of a class, function or member name.
  package var nameByteCountMax: Int
  /// Dimensions of a tensor.
  package var rankMax: Int
  /// Bytes of a tensor that shows one stored element many times (stride 0, `expand` in PyTorch).
  package var expandedByteCountMax: Int
  /// Bytes of a NumPy header.
  package var numpyHeaderByteCountMax: Int
  /// Whether the checksums of stored members are compared when they are read. (Those of compressed
  /// ones always are.) Fuzzers leave it out, to come further than that.
  package var verifiesStoredMembers: Bool

  package init(
    memberCountMax: Int = 1_000_000, inflatedByteCountMax: Int = 16 << 30,
    pickleOperationCountMax: Int = 4_000_000, nameByteCountMax: Int = 1024, rankMax: Int = 64,
    expandedByteCountMax: Int = 64 << 20, numpyHeaderByteCountMax: Int = 1 << 20,
    verifiesStoredMembers: Bool = true
  ) {
    self.memberCountMax = memberCountMax
    self.inflatedByteCountMax = inflatedByteCountMax
    self.pickleOperationCountMax = pickleOperationCountMax
    self.nameByteCountMax = nameByteCountMax
    self.rankMax = rankMax
    self.expandedByteCountMax = expandedByteCountMax
    self.numpyHeaderByteCountMax = numpyHeaderByteCountMax
    self.verifiesStoredMembers = verifiesStoredMembers
  }
}
