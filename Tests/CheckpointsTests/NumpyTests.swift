import ByteCoding
import Checkpoints
import Testing

@Suite struct NumpyTests {
  @Test(arguments: ReferenceFiles.numpyFiles)
  func `every array that NumPy saved is read`(file: String) throws {
    let rows = try #require(ReferenceFiles.expected[file])
    let archive = try NumpyArchive(opening: "\(ReferenceFiles.folder)/\(file)")
    #expect(Set(archive.names).isSuperset(of: rows.map(\.name)))
    for row in rows {
      let tensor = try archive.tensor(named: row.name)
      #expect(tensor.shape == row.shape, "\(row.name)")
      #expect(tensor.elementType.rawValue == row.elementType, "\(row.name)")
      #expect(CRC32.of(tensor.byteSpan) == row.checksum, "\(row.name)")
    }
  }

  static let unread = [
    ("big", "big-endian"), ("text", "`<U2`"), ("record", "structured"), ("nothing", "no array"),
  ]

  @Test(arguments: unread)
  func `arrays that are no numbers are refused by name`(row: (String, String)) throws {
    let archive = try NumpyArchive(opening: "\(ReferenceFiles.folder)/formats/arrays.npz")
    #expect {
      _ = try archive.tensor(named: row.0)
    } throws: { error in
      #expect("\(error)".contains(row.1), "\(error)")
      return "\(error)".contains("`\(row.0)`")
    }
  }

  @Test func `a written header is read back, aligned`() throws {
    let shapes = [[], [0], [7], [3, 4], [2, 0, 5], [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]]
    for type in ElementType.allCases {
      for shape in shapes {
        guard let header = NumpyFile.header(type, shape: shape) else {
          #expect(![.f32, .i64, .bool, .u8].contains(type))
          continue
        }
        #expect(header.count.isMultiple(of: 64))
        let size = type.byteCount(ofShape: shape.span)
        let data = (0..<(try #require(size))).map { UInt8(truncatingIfNeeded: $0) }
        let array = try NumpyArchive(parsing: ReferenceFiles.storage(header + data))
        let tensor = try array.tensor(named: "")
        #expect(tensor.shape == shape && tensor.elementType == type)
        #expect(Array(tensor.byteSpan) == data)
      }
    }
  }

  static let headers: [(text: String, message: String)] = [
    ("", "byte 0"),
    ("{}", "broken"),
    ("{'descr': '<f4'}", "broken"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x", "broken"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'shape': (1,)}", "broken"),
    ("{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}", "broken"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", "broken"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}", "broken"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4)}", "impossible"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", "takes 8 bytes"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': ()", "broken"),
    ("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", "`|O`"),
    ("{'descr': '<f\\4', 'fortran_order': False, 'shape': (1,)}", "broken"),
    ("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (1,)}", "structured"),
    ("{'descr': __import__('os').system('id'), 'fortran_order': False, 'shape': (1,)}", "struct"),
  ]

  @Test(arguments: headers)
  func `a header that lies is refused`(row: (text: String, message: String)) {
    let text = Array(row.text.utf8)
    let bytes =
      [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(text.count), 0] + text + [0, 0, 0x80, 0x3F]
    #expect {
      _ = try NumpyArchive(parsing: ReferenceFiles.storage(bytes))
    } throws: { error in
      #expect("\(error)".contains(row.message), "\(error)")
      return error is CheckpointError
    }
  }

  @Test func `every prefix of an array is refused`() throws {
    for file in ["formats/fortran.npy", "formats/version2.npy"] {
      let bytes = try ReferenceFiles.bytes(file)
      for count in bytes.indices {
        #expect(throws: CheckpointError.self, "\(file), \(count) bytes") {
          _ = try NumpyArchive(parsing: ReferenceFiles.storage(Array(bytes[..<count])))
        }
      }
    }
  }
}
