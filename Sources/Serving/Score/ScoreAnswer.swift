import ByteCoding
import HTTPCore
import Ranking

/// What an answer holds besides the values.
struct ScoreAnswer {
  let model: ServingModel
  /// How many of the best are answered; nil: all, in the request's order.
  let topK: Int?
  /// Of a predict request: how its values were given.
  let form: PredictForm?

  /// - Parameters:
  ///   - values: one per candidate.
  ///   - order: room for sorting, kept between requests.
  func write(_ values: Span<Float>, _ order: inout [Int], into response: inout ResponseWriter) {
    response.contentType = "application/json"
    guard form == nil else {
      response.body.append(form == .instances ? "{\"predictions\":" : "{\"outputs\":")
      appendFloatRow(values, to: &response.body)
      response.body.append("}")
      return
    }
    let start = model.scoreAnswerStart
    response.body.append(start.span)
    guard let topK else {
      appendFloatRow(values, to: &response.body)
      response.body.append("}")
      return
    }
    rankBest(values, countMax: topK, into: &order)
    response.body.append("[")
    for (position, index) in order.enumerated() {
      if position > 0 { response.body.append(",") }
      appendFloat(values[index], to: &response.body)
    }
    response.body.append("],\"indices\":[")
    for (position, index) in order.enumerated() {
      if position > 0 { response.body.append(",") }
      response.body.append(decimal: index)
    }
    response.body.append("]}")
  }
}
