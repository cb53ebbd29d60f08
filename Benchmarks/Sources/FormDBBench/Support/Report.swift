import Foundation

/// Prints one table a workload: every engine's figures beside the best peer's and the target.
struct Report {
    let measurements: [Measurement]
    let peers: Set<String>
    /// Of workloads.
    var titles: [String: String] = [:]

    func print(workload: String, title: String) {
        let rows = measurements.filter { $0.workload == workload }
        guard !rows.isEmpty else { return }
        Swift.print("\n\(workload): \(title)")
        Swift.print(
            Self.row(
                "operation", "engine", "median", "min", "max", "hits", "to best peer", "target"))
        var operations: [String] = []
        for row in rows where !operations.contains(row.operation) {
            operations.append(row.operation)
        }
        for operation in operations {
            print(operation, rows.filter { $0.operation == operation })
        }
    }

    private func print(_ operation: String, _ rows: [Measurement]) {
        let best = bestPeer(rows)
        for (index, row) in rows.enumerated() {
            let isPeer = peers.contains(row.engine)
            var line = Self.row(
                index == 0 ? operation : "", row.engine, Self.figure(row.median, row.unit),
                Self.figure(row.minimum, row.unit), Self.figure(row.maximum, row.unit),
                String(row.hits), isPeer ? "" : Self.ratio(row, best), target(of: row))
            if !row.note.isEmpty { line += "  \(row.note)" }
            Swift.print(line)
        }
    }

    /// The best under the same operation name: a packed tree records `build` and `*-packed` alone, a
    /// dynamic one everything else, so each is held against its like.
    func bestPeer(_ rows: [Measurement]) -> Double? {
        let medians = rows.filter { peers.contains($0.engine) }.map(\.median)
        return rows.first?.unit.higherIsBetter == true ? medians.max() : medians.min()
    }

    /// How many times better than the best peer: 2.0x is twice as fast, or half the bytes.
    static func ratio(_ row: Measurement, _ best: Double?) -> String {
        guard let best, best > 0, row.median > 0 else { return "" }
        let ratio = row.unit.higherIsBetter ? row.median / best : best / row.median
        return String(format: ratio < 10 ? "%.2fx" : "%.0fx", ratio)
    }

    private func target(of row: Measurement) -> String {
        guard row.engine == "formdb-core",
            let target = Targets.value(workload: row.workload, operation: row.operation)
        else { return "" }
        let isMet = row.unit.higherIsBetter ? row.median >= target : row.median <= target
        let sign = row.unit.higherIsBetter ? ">=" : "<="
        return "\(sign) \(Self.figure(target, row.unit))\(isMet ? " ok" : " no")"
    }

    static func figure(_ value: Double, _ unit: Unit) -> String {
        if unit.higherIsBetter {
            if value >= 1e6 { return String(format: "%.2f M/s", value / 1e6) }
            if value >= 1e3 { return String(format: "%.1f k/s", value / 1e3) }
            return String(format: "%.0f /s", value)
        }
        let digits = value < 10 ? 2 : value < 100 ? 1 : 0
        return String(format: "%.\(digits)f \(unit.rawValue)", value)
    }

    private static let widths = [27, 26, 12, 12, 12, 12, 13, 0]

    private static func row(_ cells: String...) -> String {
        var line = ""
        for (index, cell) in cells.enumerated() {
            let padding = String(repeating: " ", count: max(0, widths[index] - cell.count))
            line += index < 2 ? cell + padding : padding + (index == 7 ? "  " : "") + cell
        }
        return line
    }
}
