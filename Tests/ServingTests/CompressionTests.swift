import ByteCoding
import HTTPCore
import Serving
import Testing

@Suite struct CompressionTests {
  static let preferences: [(String, AnswerCoding)] = [
    ("", .identity), ("gzip", .gzip), ("deflate", .deflate), ("GZIP", .gzip), ("x-gzip", .gzip),
    ("gzip, deflate, br", .gzip), ("deflate, gzip", .gzip), ("br", .identity), ("*", .gzip),
    ("gzip;q=0", .identity), ("gzip;q=0, deflate", .deflate), ("gzip;q=0.5, deflate", .deflate),
    ("gzip;q=0.5, deflate;q=0.4", .gzip), ("gzip;q=0.5, identity", .identity),
    ("identity;q=0.5, gzip", .gzip), ("*;q=0", .identity), ("gzip, *;q=0", .gzip),
    ("gzip;q=0, *", .deflate), ("identity", .identity), ("identity;q=0, *;q=0", .identity),
    (" gzip ; q=0.001 ", .gzip), ("gzip;q=0.000", .identity), (",,gzip,,", .gzip),
  ]

  @Test(arguments: preferences)
  func `the most welcome coding is taken`(_ row: (field: String, coding: AnswerCoding)) {
    let bytes = Array(row.field.utf8)
    #expect(AnswerCoding.preferred(bytes.span) == row.coding, "\(row.field)")
  }

  @Test func `nothing asked for is nothing compressed`() {
    #expect(AnswerCoding.preferred(nil) == .identity)
  }

  private static let large = #"{"features":{"W":[1,2,3,4,5,6,7,8,9,1,2,3,4,5,6,7,8,9]}}"#
  private static let small = #"{"features":{"A":[1]}}"#

  private func fixture(_ compresses: Bool = true) -> ServiceFixture {
    ServiceFixture(compresses: compresses)
  }

  private func inflated(_ bytes: [UInt8], _ container: DeflateContainer) throws -> [UInt8] {
    var target = ByteBuffer()
    try inflate(bytes.span, container: container, byteCountMax: 1 << 20, into: &target)
    return target.bytes.indices.map { target.bytes[$0] }
  }

  @Test(arguments: [("gzip", DeflateContainer.gzip), ("deflate", .zlib)])
  func `a large answer is compressed and is the same`(
    _ row: (name: String, container: DeflateContainer)
  ) throws {
    let fixture = fixture()
    let plain = fixture.lookUp(Self.large)
    let answer = fixture.lookUp(Self.large, "Accept-Encoding: \(row.name)")
    #expect(plain.fields["content-encoding"] == nil)
    #expect(answer.fields["content-encoding"] == row.name)
    #expect(answer.body.count < plain.body.count)
    #expect(try inflated(Array(answer.body), row.container) == Array(plain.body))
    for each in [plain, answer] { #expect(each.fields["vary"] == "Accept-Encoding") }
  }

  @Test func `small answers, errors, other routes and a server that is not told to stay plain`() {
    let fixture = fixture()
    let wish = "Accept-Encoding: gzip"
    #expect(fixture.lookUp(Self.small, wish).fields["content-encoding"] == nil)
    #expect(fixture.get("/openapi.yaml", wish).fields["content-encoding"] == nil)
    #expect(fixture.get("/metrics", wish).fields["content-encoding"] == nil)
    let unknown = String(repeating: "x", count: 2_000)
    let error = fixture.lookUp(#"{"features":{"\#(unknown)":[1]}}"#, wish)
    #expect(error.status == 422 && error.fields["content-encoding"] == nil)
    let plain = self.fixture(false).lookUp(Self.large, wish)
    #expect(plain.fields["content-encoding"] == nil && plain.fields["vary"] == nil)
  }

  @Test func `an entity tag belongs to one coding`() throws {
    let fixture = fixture()
    let target = "/v1/models/demo/features/W/vectors?ids=1,2,3,4,5,6,7,8,9,1,2,3,4,5,6,7,8,9"
    let plain = fixture.get(target)
    let packed = fixture.get(target, "Accept-Encoding: gzip")
    let (plainTag, packedTag) = (
      try #require(plain.fields["etag"]), try #require(packed.fields["etag"])
    )
    #expect(plainTag != packedTag)
    #expect(packed.fields["vary"] == "Accept, Accept-Encoding")
    #expect(packed.fields["content-encoding"] == "gzip")
    let known = fixture.get(target, "Accept-Encoding: gzip", "If-None-Match: \(packedTag)")
    #expect(known.status == 304 && known.fields["etag"] == packedTag)
    #expect(known.fields["content-encoding"] == nil)
    let other = fixture.get(target, "If-None-Match: \(packedTag)")
    #expect(other.status == 200 && other.fields["etag"] == plainTag)
  }
}
