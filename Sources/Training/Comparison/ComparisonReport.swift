import Ranking
import SystemIO

/// One self-contained page about a comparison: no script, no outside asset, light and dark.
package struct ComparisonReport: Sendable {
  package static let fileName = "report.html"
  let results: [ComparisonResult]
  let rows: [ComparisonRow]
  /// What all runs have in common: a flag's name and its value.
  private let identity: [(name: String, value: String)]
  /// Samples and mean loss over the trials, by setting.
  private let curves: [(setting: ComparisonPlan.Setting, points: [ReportPlot.Point])]

  /// Reads what is in a comparison's folder.
  package init(folder: String) {
    let results = Comparison.results(in: folder)
    self.results = results
    identity = ComparisonIdentity.values(in: folder)
    rows = ComparisonRow.rows(of: results)
    let points = Comparison.lines(of: Comparison.curvesName, in: folder).compactMap {
      LearningCurve.point(of: $0)
    }
    curves = rows.map { row in
      let own = points.filter { $0.cell.setting == row.setting }
      let samples = Set(own.map(\.samples)).sorted()
      return (
        row.setting,
        samples.map { x in
          ReportPlot.Point(
            x: x, y: ComparisonRow.Spread(own.filter { $0.samples == x }.map(\.loss)).mean)
        }
      )
    }
  }

  /// Writes the page into the folder.
  package func write(to folder: String) throws(TrainingError) {
    do {
      var file = try AtomicFileWriter(path: joinPath(folder, Self.fileName))
      try file.write([UInt8](html.utf8).span)
      try file.publish(replacing: true)
    } catch {
      throw TrainingError("\(error)")
    }
  }

  private var methods: [CompressionMethod] {
    CompressionMethod.allCases.filter { method in rows.contains { $0.setting.method == method } }
  }

  var html: String {
    """
    <!doctype html>
    <html lang="en"><head><meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Comparison of compositional embeddings</title>
    <style>\(Self.style)</style></head><body>
    <h1>Comparison of compositional embeddings</h1>
    <p>\(results.count) runs of \(rows.count) settings; test data; mean and standard deviation \
    over the trials. Log loss: less is better. The test data chose nothing: methods, optimiser and \
    rates were given beforehand, and of several hidden widths a plot shows the one that is best on \
    the validation data.</p>
    \(findings)
    \(againstParameters("Log loss against parameters", "log loss", \.loss).svg)
    \(againstParameters("Accuracy against parameters", "accuracy", \.accuracy).svg)
    \(learningCurves.map(\.svg).joined(separator: "\n"))
    \(againstThreshold.map(\.svg).joined(separator: "\n"))
    \(againstHidden?.svg ?? "")
    \(table)
    \(settings)
    </body></html>

    """
  }

  /// Rows without a threshold, or with the least; of paths that differ in their hidden widths alone
  /// the best on validation data.
  private var plainRows: [ComparisonRow] {
    let least = rows.map(\.setting.threshold).min() ?? 0
    return bestWidths(rows.filter { $0.setting.method == .full || $0.setting.threshold == least })
  }

  private func bestWidths(_ rows: [ComparisonRow]) -> [ComparisonRow] {
    rows.filter { row in
      let rivals = rows.filter {
        $0.setting.method == row.setting.method && $0.setting.collisions == row.setting.collisions
          && $0.setting.threshold == row.setting.threshold
      }
      return rivals.allSatisfy { $0.validationLoss.mean >= row.validationLoss.mean }
    }
  }

  /// One line a method.
  private func againstParameters(
    _ title: String, _ yLabel: String, _ value: KeyPath<ComparisonRow, ComparisonRow.Spread>
  ) -> ReportPlot {
    plot(title, "parameters", yLabel, value, plainRows) { Double($0.parameterCount) }
  }

  /// A plot for each number of collisions, with full tables in each: the colours are those of the
  /// other plots.
  private var learningCurves: [ReportPlot] {
    let compressed = rows.filter { $0.setting.method != .full }.map(\.setting)
    let counts = Set(compressed.map(\.collisions)).sorted()
    return (counts.isEmpty ? [1] : counts).map { count in
      ReportPlot(
        title: "Learning curves\(counts.isEmpty ? "" : " at \(count) collisions"): log loss of "
          + "samples before they are learnt",
        xLabel: "samples", yLabel: "log loss",
        lines: methods.enumerated().compactMap { colour, method in
          // Of several thresholds or widths the first.
          let curve = curves.first {
            $0.setting.method == method && (method == .full || $0.setting.collisions == count)
          }
          // The first stretch is the first guess, which would hide the rest.
          return curve.map {
            ReportPlot.Line(
              name: method.rawValue, colour: colour, points: Array($0.points.dropFirst()),
              hasMarks: false)
          }
        })
    }
  }

  /// What the paper found, and whether it appears here.
  private var findings: String {
    let found = ComparisonFinding.findings(in: rows).map { finding in
      "<li><b>\(finding.appears ? "appears" : "does not appear")</b>: "
        + "\(escaped(finding.text))</li>"
    }
    guard !found.isEmpty else { return "" }
    return "<h2>The paper's findings</h2><ul>\(found.joined(separator: "\n"))</ul>"
  }

  private var settings: String {
    guard !identity.isEmpty else { return "" }
    let lines = identity.map {
      "<tr><td>\(escaped($0.name))</td><td class=\"wide\">\(escaped($0.value))</td></tr>"
    }
    return "<h2>Made with</h2><table><tbody>\(lines.joined(separator: "\n"))</tbody></table>"
  }

  /// A plot for each number of collisions: the larger the threshold, the more parameters.
  private var againstThreshold: [ReportPlot] {
    let compressed = rows.filter { $0.setting.method != .full }
    guard Set(compressed.map(\.setting.threshold)).count > 1 else { return [] }
    return Set(compressed.map(\.setting.collisions)).sorted().map { count in
      let thresholds = Set(compressed.map(\.setting.threshold)).sorted().map(String.init)
      return plot(
        "Log loss against thresholds \(thresholds.joined(separator: ", ")) at \(count) collisions",
        "parameters", "log loss", \.loss,
        bestWidths(compressed.filter { $0.setting.collisions == count })
      ) { Double($0.parameterCount) }
    }
  }

  /// One line a number of collisions.
  private var againstHidden: ReportPlot? {
    let least = rows.map(\.setting.threshold).min() ?? 0
    let paths = rows.filter { $0.setting.method == .path && $0.setting.threshold == least }
    let widths = Set(paths.map(\.setting.hidden)).sorted()
    guard widths.count > 1 else { return nil }
    return ReportPlot(
      title: "Path: log loss against hidden units", xLabel: "hidden units", yLabel: "log loss",
      isLogarithmic: true, xTicks: widths.map(Double.init),
      lines: Set(paths.map(\.setting.collisions)).sorted().enumerated().map { colour, count in
        let own = paths.filter { $0.setting.collisions == count }
        return ReportPlot.Line(
          name: "\(count) collisions", colour: colour,
          points: points(own, \.loss) { Double($0.setting.hidden) })
      })
  }

  /// One line a method.
  private func plot(
    _ title: String, _ xLabel: String, _ yLabel: String,
    _ value: KeyPath<ComparisonRow, ComparisonRow.Spread>, _ chosen: [ComparisonRow],
    _ x: (ComparisonRow) -> Double
  ) -> ReportPlot {
    ReportPlot(
      title: title, xLabel: xLabel, yLabel: yLabel, isLogarithmic: true,
      lines: methods.enumerated().map { colour, method in
        ReportPlot.Line(
          name: method.rawValue, colour: colour,
          points: points(chosen.filter { $0.setting.method == method }, value, x))
      })
  }

  private func points(
    _ rows: [ComparisonRow], _ value: KeyPath<ComparisonRow, ComparisonRow.Spread>,
    _ x: (ComparisonRow) -> Double
  ) -> [ReportPlot.Point] {
    rows.sorted { x($0) < x($1) }.map {
      ReportPlot.Point(
        x: x($0), y: $0[keyPath: value].mean, deviation: $0[keyPath: value].deviation)
    }
  }

  private var table: String {
    let best = rows.map(\.loss.mean).min() ?? 0
    let lines = rows.map { row in
      let isBest = row.loss.mean == best
      return """
        <tr\(isBest ? " class=\"best\"" : "")><td>\(escaped(row.setting.name))</td>\
        <td>\(digits(row.parameterCount))</td><td>\(row.trialCount)</td>\
        <td>\(decimal(row.loss.mean, 5)) \u{B1} \(decimal(row.loss.deviation, 5))</td>\
        <td>\(decimal(100 * row.accuracy.mean, 3)) \u{B1} \
        \(decimal(100 * row.accuracy.deviation, 3))</td>\
        <td>\(decimal(row.area.mean, 5)) \u{B1} \(decimal(row.area.deviation, 5))</td></tr>
        """
    }
    return """
      <div class="scroll"><table><thead><tr><th>setting</th>\
      <th>parameters</th><th>trials</th><th>log loss</th>\
      <th>accuracy, %</th><th>AUC</th></tr></thead><tbody>
      \(lines.joined(separator: "\n"))
      </tbody></table></div>
      """
  }

  private static let style = """
    :root{color-scheme:light dark;--ink:#1b1f24;--page:#fff;--faint:#d8dee4;\
    --c0:#0969da;--c1:#bc4c00;--c2:#1a7f37;--c3:#8250df;--c4:#bf3989;--c5:#9a6700;--c6:#0e7490;\
    --c7:#cf222e;--c8:#57606a}
    @media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--page:#0d1117;--faint:#30363d;\
    --c0:#58a6ff;--c1:#f0883e;--c2:#3fb950;--c3:#bc8cff;--c4:#f778ba;--c5:#d29922;--c6:#39c5cf;\
    --c7:#ff7b72;--c8:#8b949e}}
    body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--page);\
    max-width:880px;margin:2rem auto;padding:0 1rem}
    h1{font-size:1.4rem}h2{font-size:1.1rem}figure{margin:1.5rem 0}figcaption{font-weight:600}
    svg{width:100%;height:auto}svg text{font-size:11px;fill:var(--ink)}
    .grid{stroke:var(--faint)}.axis{stroke:var(--ink);fill:none}
    .legend span{margin-right:1rem;white-space:nowrap}
    .legend i{display:inline-block;width:.8em;height:.8em;margin-right:.3em;border-radius:50%}
    .scroll{overflow-x:auto}
    table{font-size:.82rem;border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
    th,td{padding:.2rem .4rem;border-bottom:1px solid var(--faint);text-align:right;\
    white-space:nowrap}
    .wide{white-space:normal;overflow-wrap:anywhere}
    th:first-child,td:first-child{text-align:left}.best{font-weight:600}
    """
}
