import Foundation

/// The results as one self-contained page: bars by operation, no scripts, light and dark.
struct Page {
    let measurements: [Measurement]
    let machine: Machine
    let report: Report

    private struct Operation {
        let name: String
        let rows: [Measurement]
    }

    func write(to file: URL) throws {
        try Data(html.utf8).write(to: file, options: .atomic)
    }

    var html: String {
        var html = """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>FormDB beside its peers</title>
            <style>
            \(PageStyle.css)
            </style>
            </head>
            <body>
            <header>
            <h1>FormDB beside its peers</h1>
            \(machineHTML)
            \(keyHTML)
            </header>
            <main>

            """
        html += aimsHTML
        for workload in inOrder(measurements.map(\.workload)) { html += section(workload) }
        html += "</main>\n</body>\n</html>\n"
        return html
    }

    private func inOrder(_ names: [String]) -> [String] {
        var seen: Set<String> = []
        return names.filter { seen.insert($0).inserted }
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
            .replacing(">", with: "&gt;").replacing("\"", with: "&quot;")
    }

    private var machineHTML: String {
        let versions = machine.versions.sorted { $0.key < $1.key }
            .map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        return """
            <p>\(Self.escaped(machine.cpu)), \(machine.cores) cores, \(machine.memory), \
            \(Self.escaped(machine.kernel)). Disk: \(Self.escaped(machine.disk)). Measured: \
            \(Self.escaped(machine.clock)). Load before: \(machine.load).</p>
            <p class="versions">\(Self.escaped(versions))</p>
            """
    }

    private var keyHTML: String {
        """
        <p class="key"><span class="swatch own"></span> FormDB
        <span class="swatch peer"></span> peers
        <span class="swatch spread"></span> from the least to the most of all runs; the bar is the median
        <span class="swatch aim"></span> an aim</p>
        """
    }

    // MARK: Aims

    private var aimsHTML: String {
        let aims = report.aims
        guard !aims.isEmpty else { return "" }
        let reached = aims.filter(\.isReached).count
        var html = """
            <section><h2>Aims <small>\(reached) of \(aims.count) reached in this run</small></h2>
            <table class="aims"><thead><tr><th>line</th><th>engine</th><th>measured</th><th>aim</th>
            <th></th></tr></thead><tbody>

            """
        for outcome in aims {
            let aim = outcome.aim
            let sign = outcome.unit.higherIsBetter ? "≥" : "≤"
            html += """
                <tr><td>\(aim.workload) \(aim.operation)</td><td>\(aim.engine)</td>\
                <td class="figure">\(Report.figure(outcome.measured, outcome.unit))</td>\
                <td><span class="figure">\(sign) \(Report.figure(outcome.bound, outcome.unit))</span> \
                <small>\(Self.escaped(outcome.text))</small></td>\
                <td>\(Self.verdict(outcome.isReached))</td></tr>

                """
        }
        return html + "</tbody></table></section>\n"
    }

    private static func verdict(_ isReached: Bool) -> String {
        isReached ? "<b class=\"good\">reached</b>" : "<b class=\"bad\">not reached</b>"
    }

    // MARK: Bars

    private func section(_ workload: String) -> String {
        let rows = measurements.filter { $0.workload == workload }
        let title = report.titles[workload].map { " <small>\(Self.escaped($0))</small>" } ?? ""
        var html = "<section><h2>\(workload)\(title)</h2>\n<div class=\"cards\">\n"
        for name in inOrder(rows.map(\.operation)) {
            html += card(Operation(name: name, rows: rows.filter { $0.operation == name }))
        }
        return html + "</div></section>\n"
    }

    private func card(_ operation: Operation) -> String {
        let rows = operation.rows
        let unit = rows[0].unit
        let target =
            rows.contains { $0.engine == "formdb-core" }
            ? Targets.value(workload: rows[0].workload, operation: operation.name) : nil
        let scale = Scale(rows, target)
        let best = report.bestPeer(rows)
        var html = """
            <article><h3>\(Self.escaped(operation.name)) \
            <small>\(unit.higherIsBetter ? "longer is better" : "shorter is better")\
            \(scale.isLogarithmic ? ", logarithmic: a line each ten times" : "")</small></h3>

            """
        for row in rows { html += bar(row, scale, best, target) }
        let outcomes = report.aims.filter {
            $0.aim.workload == rows[0].workload && $0.aim.operation == operation.name
        }
        for outcome in outcomes {
            let sign = unit.higherIsBetter ? "≥" : "≤"
            html += """
                <p class="note">Aim for \(outcome.aim.engine): \(sign) \
                \(Report.figure(outcome.bound, unit)), \(Self.escaped(outcome.text)): \
                \(Self.verdict(outcome.isReached))</p>

                """
        }
        for row in rows where !row.note.isEmpty {
            html += "<p class=\"note\">\(row.engine): \(Self.escaped(row.note))</p>\n"
        }
        return html + "</article>\n"
    }

    private func bar(
        _ row: Measurement, _ scale: Scale, _ best: Double?, _ target: Double?
    ) -> String {
        let isPeer = report.peers.contains(row.engine)
        let isOwn = row.engine.hasPrefix("formdb")
        let low = scale.percent(row.minimum)
        let high = scale.percent(row.maximum)
        var html = """
            <div class="row"><span class="engine">\(row.engine)</span><span class="track">\
            \(scale.lines.map { "<i class=\"line\" style=\"left:\($0)%\"></i>" }.joined())\
            <i class="bar \(isOwn ? "own" : "peer")" style="width:\(scale.percent(row.median))%"></i>\
            <i class="spread" style="left:\(low)%;width:\(Self.rounded(high - low))%"></i>
            """
        if row.engine == "formdb-core", let target {
            html += "<i class=\"aim\" style=\"left:\(scale.percent(target))%\"></i>"
        }
        html += """
            </span><span class="figure" title="\(Report.figure(row.minimum, row.unit)) to \
            \(Report.figure(row.maximum, row.unit)), \(row.values.count) runs, \(row.hits) hits">\
            \(Report.figure(row.median, row.unit))</span>\(remark(row, isPeer, best, target))</div>

            """
        return html
    }

    /// What stands at the end of a bar: the ratio to the best peer, and the target of the core.
    private func remark(
        _ row: Measurement, _ isPeer: Bool, _ best: Double?, _ target: Double?
    ) -> String {
        var text = ""
        if isPeer {
            if row.median == best { text = "best peer" }
        } else {
            let ratio = Report.ratio(row, best)
            let isAhead = best.map { row.unit.higherIsBetter ? row.median >= $0 : row.median <= $0 }
            if !ratio.isEmpty {
                text = "<b class=\"\(isAhead == true ? "good" : "bad")\">\(ratio)</b>"
            }
            if row.engine == "formdb-core", let target {
                let isMet = row.unit.higherIsBetter ? row.median >= target : row.median <= target
                let sign = row.unit.higherIsBetter ? "≥" : "≤"
                text +=
                    " <span class=\"\(isMet ? "good" : "bad")\">"
                    + "\(sign) \(Report.figure(target, row.unit)) \(isMet ? "✓" : "✗")</span>"
            }
        }
        return "<span class=\"remark\">\(text)</span>"
    }

    static func rounded(_ value: Double) -> Double { (value * 10).rounded() / 10 }

    /// From values to per cent of the track. Linear from 0, or logarithmic where the smallest bar could
    /// not be seen; then the track begins at half of the smallest value.
    private struct Scale {
        let isLogarithmic: Bool
        private let low, high: Double

        init(_ rows: [Measurement], _ target: Double?) {
            let medians = rows.map(\.median) + (target.map { [$0] } ?? [])
            let smallest = max(medians.min() ?? 1, .leastNonzeroMagnitude)
            high = max(rows.map(\.maximum).max() ?? 1, medians.max() ?? 1, smallest)
            isLogarithmic = high / smallest > 30
            low = isLogarithmic ? smallest / 2 : 0
        }

        /// Where the powers of ten lie on a logarithmic track, in per cent.
        var lines: [Double] {
            guard isLogarithmic else { return [] }
            let powers = Int(log10(low).rounded(.up))...Int(log10(high).rounded(.down))
            return powers.map { percent(pow(10, Double($0))) }
        }

        func percent(_ value: Double) -> Double {
            let part =
                isLogarithmic
                ? log(max(value, low) / low) / log(high / low) : (value - low) / (high - low)
            return Page.rounded(min(1, max(0, part)) * 100)
        }
    }
}
