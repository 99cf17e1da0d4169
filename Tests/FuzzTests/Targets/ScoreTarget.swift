import ByteCoding

/// Bodies of `:score` and `:predict`: each gets an answer that reads, with a number or null for
/// each candidate. The first byte says which of the two it is.
let scoreTarget = FuzzTarget(
  name: "score",
  seeds: [
    scoreBody(0, #"{"context":{"I1":1.5,"A":3},"candidates":{"I2":[0,2.5],"H":[17,42]}}"#),
    scoreBody(
      0,
      #"{"candidates":{"dense":[[1,2],[0.5,null]],"sparse":[[1,"7"],[9,"0x1f"]]},"top_k":1,"#
        + #""output":"logit","missing":"zero"}"#),
    scoreBody(
      0,
      #"{"context":{"dense":[1,-2e-3]},"candidates":{"A":[[1,2],[],[9]],"H":[1,2,3]},"#
        + #""weights":{"A":[[0.5,1],[],[2]]},"missing":"default"}"#),
    scoreBody(0, #"{"context":{"I2":0,"A":[3,4],"H":5}}"#),
    scoreBody(1, #"{"instances":[{"I1":1.5,"I2":2,"A":[1,2],"H":4},{"I2":null,"A":3}]}"#),
    scoreBody(1, #"{"inputs":{"I1":[NaN,1],"I2":[2,3],"A":[0,1],"H":["1","2"]}}"#),
  ]
) { bytes in
  guard let first = bytes.first else { return }
  let isPredict = first & 1 == 1
  let answer = FuzzedService.shared.post(
    "/v1/models/demo:" + (isPredict ? "predict" : "score"), Array(bytes.dropFirst()))
  let json = try readAnswer(answer)
  guard answer.status == 200 else { return }
  let names = isPredict ? ["predictions", "outputs"] : ["scores"]
  let lists = names.compactMap { json.asObject?[$0]?.asArray }
  try promise(lists.count == 1 && !lists[0].isEmpty, "the answer has no scores")
  for score in lists[0] {
    try promise(score == .null || score.asDouble != nil, "a score is \(score)")
  }
  if let indices = json.asObject?["indices"]?.asArray {
    try promise(indices.count == lists[0].count, "there are more or fewer indices than scores")
    try promise(Set(indices.compactMap(\.asInt)).count == indices.count, "an index stands twice")
  }
}

/// The JSON of an answer; an error's has a sentence.
func readAnswer(_ answer: FuzzedService.Answer) throws -> JSONValue {
  let known = [200, 400, 413, 415, 422, 504]
  try promise(known.contains(answer.status), "the status is \(answer.status)")
  guard let json = try? JSONValue(parsing: answer.body) else {
    throw FuzzFinding("the answer is no JSON")
  }
  if answer.status != 200 {
    try promise(json.asObject?["error"]?.asString != nil, "an error without a sentence")
  }
  return json
}

private func scoreBody(_ route: UInt8, _ json: String) -> [UInt8] { [route] + Array(json.utf8) }
