/// A number with this many digits after the point, rounded to the nearest: 2.996 with two is 3.00,
/// and what rounds to zero has no sign. Numbers that no such text can hold are written as Swift
/// does.
package func fixed(_ value: Double, digits: Int) -> String {
  var scale = 1
  for _ in 0..<digits { scale *= 10 }
  let product = (value.magnitude * Double(scale)).rounded()
  guard product < 9e15 else { return "\(value)" }
  let scaled = Int(product)
  let sign = value < 0 && scaled != 0 ? "-" : ""
  guard digits > 0 else { return "\(sign)\(scaled)" }
  let fraction = String(scaled % scale)
  let zeros = String(repeating: "0", count: digits - fraction.count)
  return "\(sign)\(scaled / scale).\(zeros)\(fraction)"
}
