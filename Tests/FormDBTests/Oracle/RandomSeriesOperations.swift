// Random writes to series.
import FormDB

extension RandomOperations {
    private static let seriesNames = ["s1", "s2", "S2", "temp\u{e9}rature", "tempe\u{301}rature"]

    private func someSeries() -> String {
        if model.series.isEmpty || material.chance(0.12) { return material.pick(Self.seriesNames) }
        return material.pick(model.series).name
    }

    private func fieldCount(of name: String) -> Int {
        if let index = model.index(ofSeries: name) { return model.series[index].fields.count }
        return material.pick([1, 1, 1, 2, 3])
    }

    mutating func performOnSeries(_ verb: WriteVerb, _ tx: borrowing WriteTransaction) throws {
        switch verb {
        case .appendInOrder, .appendLate, .appendEqual, .replacePoints:
            try appendPoints(verb, tx)
        case .appendOne: try appendOne(tx)
        case .appendNothing: try appendNothing(tx)
        case .appendMismatched: try appendMismatched(tx)
        case .appendColumns, .appendSpans: try appendColumns(verb, tx)
        case .appendManyColumns, .replaceColumns: try appendManyColumns(verb, tx)
        case .deletePoints: try deletePoints(tx)
        case .createSeries:
            let name = material.pick(Self.seriesNames)
            let fields = material.pick([["value"], ["a", "b"], ["\u{e9}", "e\u{301}", "x"]])
            try both("create series \(name)") { model in
                try model.createSeries(name, fields: fields)
            } _: {
                try tx.createSeries(name, fields: fields)
            }
        case .renameSeries:
            let names = (someSeries(), material.pick(Self.seriesNames))
            if NaiveModel.isSame(names.0, names.1) { return }
            try both("rename series \(names)") { model in
                try model.rename(series: names.0, to: names.1)
            } _: {
                try tx.rename(series: names.0, to: names.1)
            }
        case .dropSeries:
            let name = someSeries()
            try both("drop series \(name)") { model in
                try model.drop(series: name)
            } _: {
                try tx.drop(series: name)
            }
        default: break
        }
    }

    // MARK: Times

    /// Times that come after all, before some, or again.
    private func times(_ verb: WriteVerb, _ name: String, _ count: Int) -> [Int64] {
        let points = model.index(ofSeries: name).map { model.series[$0].points } ?? []
        let start = Int64(1_704_067_200_000_000)
        // One at the end of all time would make everything late.
        let newest =
            points.last { $0.time.microseconds < Int64.max / 2 }?.time.microseconds ?? start
        let minute = RandomMaterial.hour / 60
        switch verb {
        case .appendLate:
            return (0..<count).map { _ in newest &- Int64(material.below(200)) * minute }
        case .appendEqual:
            let time =
                material.chance(0.5) ? newest : material.any(points)?.time.microseconds ?? newest
            return (0..<count).map { _ in time }
        case .replacePoints, .replaceColumns:
            return (0..<count).map { _ in
                material.any(points)?.time.microseconds
                    ?? start + Int64(material.below(100)) * minute
            }
        default:
            if material.chance(0.01) {
                return (0..<count).map { _ in material.timestamp().microseconds }
            }
            var time = newest
            return (0..<count).map { _ in
                time += Int64(material.below(4)) * minute
                return time
            }
        }
    }

    private func points(_ times: [Int64], _ fieldCount: Int) -> [DataPoint] {
        let strange = material.pick([0, 0, 0.02, 0.3])
        let hasMetadata = material.chance(0.1)
        return times.map { time in
            DataPoint(
                at: Timestamp(microseconds: time),
                values: (0..<fieldCount).map { _ in material.value(strange: strange) },
                metadata: hasMetadata && material.chance(0.5)
                    ? ["by": .string("m\(material.below(9))")] : nil)
        }
    }

    private func count() -> Int { material.pick([1, 2, 5, 9, 20, 20, 60]) }

    // MARK: Verbs

    private mutating func appendPoints(_ verb: WriteVerb, _ tx: borrowing WriteTransaction) throws {
        let name = someSeries()
        let points = points(times(verb, name, count()), fieldCount(of: name))
        let replaces = verb == .replacePoints
        try both("\(verb) \(points.count) to \(name)") { model in
            try model.append(points, to: name, replacing: replaces)
        } _: {
            if replaces {
                try tx.replace(points, in: name)
            } else {
                try tx.append(points, to: name)
            }
        }
    }

    private mutating func appendOne(_ tx: borrowing WriteTransaction) throws {
        let name = someSeries()
        let point = points(times(.appendInOrder, name, 1), fieldCount(of: name))[0]
        try both("append \(point) to \(name)") { model in
            try model.append([point], to: name)
        } _: {
            try tx.append(point, to: name)
        }
    }

    private mutating func appendNothing(_ tx: borrowing WriteTransaction) throws {
        let name = someSeries()
        try both("append nothing to \(name)") { model in
            try model.append([], to: name)
        } _: {
            try tx.append([DataPoint](), to: name)
        }
    }

    /// One point of them has too many values: none is appended.
    private mutating func appendMismatched(_ tx: borrowing WriteTransaction) throws {
        let name = someSeries()
        var points = points(times(.appendInOrder, name, 3), fieldCount(of: name))
        points[material.below(2) + 1].values.append(1)
        let given = points
        try both("append uneven points to \(name)") { model in
            try model.append(given, to: name)
        } _: {
            try tx.append(given, to: name)
        }
    }

    private mutating func appendColumns(_ verb: WriteVerb, _ tx: borrowing WriteTransaction) throws
    {
        let name = someSeries()
        let points = points(times(material.pick([.appendInOrder, .appendLate]), name, count()), 1)
            .map { DataPoint(at: $0.time, values: $0.values) }
        let times = points.map(\.time.microseconds)
        let values = points.map { $0.values[0] }
        try both("append columns to \(name)") { model in
            try model.append(points, to: name)
        } _: {
            if verb == .appendSpans {
                try tx.append(times: times.span, values: values.span, to: name)
            } else {
                try tx.append(times: times, values: values, to: name)
            }
        }
    }

    private mutating func appendManyColumns(
        _ verb: WriteVerb, _ tx: borrowing WriteTransaction
    ) throws {
        let name = someSeries()
        let fieldCount = fieldCount(of: name)
        let order = verb == .replaceColumns ? verb : material.pick([.appendInOrder, .appendLate])
        let points = points(times(order, name, count()), fieldCount)
            .map { DataPoint(at: $0.time, values: $0.values) }
        let columns = (0..<fieldCount).map { field in points.map { $0.values[field] } }
        let own = model.index(ofSeries: name).map { model.series[$0].fields }
        let fields = material.chance(0.5) ? nil : own ?? (0..<fieldCount).map { "field \($0)" }
        let times = points.map(\.time.microseconds)
        try both("append \(columns.count) columns to \(name)") { model in
            try model.append(points, to: name, fields: fields, replacing: verb == .replaceColumns)
        } _: {
            if verb == .replaceColumns {
                try tx.replace(times: times, columns: columns, in: name, fields: fields)
            } else {
                try tx.append(times: times, columns: columns, to: name, fields: fields)
            }
        }
    }

    private mutating func deletePoints(_ tx: borrowing WriteTransaction) throws {
        var name = someSeries()
        let large = model.series.first { $0.points.count > 2500 }
        if let large { name = large.name }
        let points = model.index(ofSeries: name).map { model.series[$0].points } ?? []
        let range: TimeRange
        if let large {
            range = TimeRange(end: large.points[1500].time)
        } else if let first = material.any(points), material.chance(0.8) {
            let length = Int64(material.below(120)) * RandomMaterial.hour / 60
            range = TimeRange(
                start: first.time, end: Timestamp(microseconds: first.time.microseconds &+ length))
        } else {
            range = material.timeRange()
        }
        try both("delete points of \(name) in \(range)", same: ==) { model in
            try model.deletePoints(of: name, during: range)
        } _: {
            try tx.delete(series: name, during: range)
        }
    }
}
