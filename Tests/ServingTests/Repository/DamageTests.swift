import ByteCoding
import Foundation
import Serving
import SystemIO
import TestSupport
import Testing

/// Files that change under their mappings.
@Suite struct DamageTests {
  private func repository(_ versions: [Int]) throws -> RunningRepository {
    MappingDamage.catchBusErrors()
    let folder = try TemporaryFolder()
    for version in versions {
      try SmallCheckpoint.write("\(folder.path)/m/\(version)", value: Float(version))
    }
    let repository = try RunningRepository(folder: folder)
    try repository.waitForStart()
    return repository
  }

  @Test func `a truncated file is a 503 with the reason, and its older version takes over`() throws
  {
    let repository = try repository([1, 2])
    #expect(repository.servedValue == 2)
    // The last row lies behind the cut, the first one in front of it.
    try repository.folder.resize("m/2/model.safetensors", to: 8192)
    let answer = repository.lookUp()
    // Whoever is faster, the request or the watch: no answer has a row of zeros.
    if answer.status == 200 {
      #expect(answer.json.asObject?["version"]?.asString == "1", "\(answer.text)")
    } else {
      #expect(answer.status == 503 && answer.code == "not_ready", "\(answer.text)")
    }
    try wait("version 1") { repository.servedValue == 1 }
    #expect(repository.events.contains("damaged m/2"))
    try wait("the end of version 2") { repository.events.contains("released m/2") }
    // Published again, it is served again.
    try SmallCheckpoint.write("\(repository.folder.path)/m/2", value: 20, replacing: true)
    try wait("the new version 2") { repository.servedValue == 20 }
  }

  @Test func `a file that is overwritten in place answers no longer as what it was`() throws {
    let repository = try repository([1])
    let path = "\(repository.folder.path)/m/1/model.safetensors"
    try SmallCheckpoint.overwrite(path, at: 200_000, with: [1, 2, 3, 4])
    try wait("the damage") { repository.events.contains("damaged m/1") }
    #expect(
      repository.events.all.contains {
        $0 == "damaged m/1: model.safetensors was overwritten while it was served; publish it again"
      })
    // Its new content is a whole checkpoint: it is opened anew.
    try wait("the new content") { repository.servedValue == 1 }
    #expect(repository.events.count("loaded m/1") == 2)
  }

  @Test func `other models are not affected`() throws {
    let repository = try repository([1])
    try SmallCheckpoint.write("\(repository.folder.path)/other/1", value: 5)
    try wait("the other model") {
      repository.lookUp("/v1/models/other:lookup").status == 200
    }
    try repository.folder.resize("m/1/model.safetensors", to: 0)
    try wait("the damage") { repository.events.contains("damaged m/1") }
    #expect(repository.lookUp().status == 503)
    #expect(repository.lookUp("/v1/models/other:lookup").status == 200)
    let ready = repository.get("/readyz")
    #expect(ready.status == 503 && ready.text.contains("\"other\":true"), "\(ready.text)")
  }
}
