// Random questions about series, and their answers compared with the model.
@testable import FormDB

enum SeriesShape: String, CaseIterable {
    case fetchAll, limited, reversed, oneField, count, first, latest, cursor, columns, lentColumns
    case aggregate, oneValue, windows, windowsWithOrigin, windowsWithEmpty, edges, edgesWithEmpty
    case reversedWindows, missingSeries, missingField
}

struct SeriesShapes {
    let material: RandomMaterial
    let model: NaiveModel

    /// Asks one question; says whether there were points.
    func check<Source: Asked & ~Copyable>(
        _ shape: SeriesShape, _ source: borrowing Source
    ) throws -> Bool {
        let full = model.series.filter { !$0.points.isEmpty }
        guard shape != .missingSeries, !model.series.isEmpty else {
            let request = source.series(SeriesQuery("nothing here"))
            try refuses(.notFound, shape) { _ = try request.fetchAll() }
            return false
        }
        let series = material.pick(full.isEmpty || material.chance(0.03) ? model.series : full)
        let question = SeriesQuestion(
            series: series, range: range(series), field: material.below(series.fields.count))
        let request = source.series(SeriesQuery(series.name).during(question.range))
        if shape == .missingField {
            try refuses(.notFound, shape) { _ = try request.field("no such field").fetchAll() }
            if series.fields.count > 1 {
                try refuses(.fieldMismatch, shape) { _ = try request.mean() }
            }
            return false
        }
        if let problem = try problem(shape, question, request) {
            throw Difference("\(request.query), asked for \(shape): \(problem)")
        }
        return !question.points.isEmpty
    }

    private func refuses(
        _ code: FormDBError.Code, _ shape: SeriesShape, _ body: () throws -> Void
    ) throws {
        do { try body() } catch let error as FormDBError where error.code == code { return }
        throw Difference("a series asked for \(shape) doesn't throw \(code)")
    }

    private func range(_ series: ModelSeries) -> TimeRange {
        guard !series.points.isEmpty, material.chance(0.7) else { return material.timeRange() }
        var ends = (0..<2).map { _ in
            Timestamp(
                microseconds: material.pick(series.points).time.microseconds
                    &+ Int64(material.below(3)) &- 1)
        }
        ends.sort()
        return switch material.below(6) {
        case 0: .all
        case 1: TimeRange(start: ends[0])
        case 2: TimeRange(end: ends[1])
        default: TimeRange(start: ends[0], end: ends[1])
        }
    }

    private func problem(
        _ shape: SeriesShape, _ question: SeriesQuestion, _ request: SeriesRequest
    ) throws -> String? {
        let limit = material.pick([0, 1, 3, 10, 700])
        let field = request.field(question.series.fields[question.field])
        switch shape {
        case .fetchAll: return compare(try request.fetchAll(), question.points)
        case .limited:
            let earliest = try request.limit(limit).fetchAll()
            let latest = try request.limit(limit).reversed().fetchAll()
            return compare(earliest, Array(question.points.prefix(limit)))
                ?? compare(latest, Array(question.points.reversed().prefix(limit)))
        case .reversed:
            return compare(try request.reversed().fetchAll(), question.points.reversed())
        case .oneField: return compare(try field.fetchAll(), question.pointsOfField)
        case .count:
            let counts = (try request.fetchCount(), try request.limit(limit).fetchCount())
            let expected = (question.points.count, min(limit, question.points.count))
            return counts == expected ? nil : "\(counts) points instead of \(expected)"
        case .first:
            return compare(try request.first().map { [$0] } ?? [], Array(question.points.prefix(1)))
        case .latest:
            return compare(try field.latest().map { [$0] } ?? [], question.pointsOfField.suffix(1))
        case .cursor: return try cursorProblem(question, request, limit)
        case .columns: return columnsProblem(try request.fetchColumns(), question)
        case .lentColumns: return try lentProblem(question, field)
        case .aggregate:
            return WindowComparison.valuesProblem(try field.aggregate(), question.total)
        case .oneValue: return try valueProblem(question, field)
        case .windows, .windowsWithOrigin, .windowsWithEmpty, .edges, .edgesWithEmpty,
            .reversedWindows:
            return try windowsProblem(shape, question, field)
        case .missingSeries, .missingField: return nil
        }
    }
}

/// A question with the points that answer it.
private struct SeriesQuestion {
    let series: ModelSeries
    let range: TimeRange
    let field: Int

    var points: [DataPoint] { Array(series.points(in: range)) }
    var pointsOfField: [DataPoint] {
        points.map { DataPoint(at: $0.time, values: [$0.values[field]], metadata: $0.metadata) }
    }
    var total: ModelWindow {
        let points = points
        return ModelWindow(
            start: 0, end: 0, isPartial: false, points: points.count,
            values: points.map { $0.values[field] }.filter { !$0.isNaN })
    }
}

// MARK: - Points and columns

extension SeriesShapes {
    /// Times, bits of values and metadata.
    private func compare(_ found: [DataPoint], _ expected: [DataPoint]) -> String? {
        if found.count != expected.count {
            return "\(found.count) points instead of \(expected.count)"
        }
        for (index, (a, b)) in zip(found, expected).enumerated()
        where a.time != b.time || a.values.map(\.bitPattern) != b.values.map(\.bitPattern)
            || a.metadata != b.metadata
        {
            return "point \(index) is \(a) instead of \(b)"
        }
        return nil
    }

    private func cursorProblem(
        _ question: SeriesQuestion, _ request: SeriesRequest, _ limit: Int
    ) throws -> String? {
        var forward: [DataPoint] = []
        try request.forEach { forward.append($0) }
        var backward: [DataPoint] = []
        try request.reversed().limit(limit).forEach { backward.append($0) }
        return compare(forward, question.points)
            ?? compare(backward, Array(question.points.reversed().prefix(limit)))
    }

    private func columnsProblem(_ columns: SeriesColumns, _ question: SeriesQuestion) -> String? {
        let points = question.points
        if columns.fields != question.series.fields { return "the fields are \(columns.fields)" }
        if columns.times != points.map(\.time.microseconds) { return "the times differ" }
        for field in columns.fields.indices
        where columns.values[field].map(\.bitPattern) != points.map({ $0.values[field].bitPattern })
        {
            return "column \(field) differs"
        }
        return nil
    }

    private func lentProblem(_ question: SeriesQuestion, _ request: SeriesRequest) throws -> String?
    {
        var times: [Int64] = []
        var values: [UInt64] = []
        try request.withColumns { lentTimes, lentValues in
            for index in lentTimes.indices {
                times.append(lentTimes[index])
                values.append(lentValues[index].bitPattern)
            }
        }
        if times != question.points.map(\.time.microseconds) { return "lent times differ" }
        let expected = question.points.map { $0.values[question.field].bitPattern }
        return values == expected ? nil : "lent values differ"
    }

    private func valueProblem(_ question: SeriesQuestion, _ request: SeriesRequest) throws
        -> String?
    {
        let whole = try request.aggregate()
        if let problem = WindowComparison.valuesProblem(whole, question.total) { return problem }
        let values = [
            try request.mean(), try request.sum(), try request.min(), try request.max(),
            Double(try request.count()),
        ]
        let expected = [whole.mean, whole.sum, whole.minimum, whole.maximum, Double(whole.count)]
        return values.map { $0?.bitPattern } == expected.map { $0?.bitPattern }
            ? nil : "single values \(values) instead of \(expected)"
    }
}

// MARK: - Windows

extension SeriesShapes {
    private func windowsProblem(
        _ shape: SeriesShape, _ question: SeriesQuestion, _ request: SeriesRequest
    ) throws -> String? {
        let isEmptyIncluded = [.windowsWithEmpty, .edgesWithEmpty].contains(shape)
        var request = request
        if shape == .reversedWindows { request = request.reversed() }
        let windows: WindowRequest
        var expected: [ModelWindow]
        if [.edges, .edgesWithEmpty].contains(shape) {
            let edges = Set((0..<(material.below(8) + 2)).map { _ in edge(question.series) })
                .sorted()
            if edges.count < 2 { return nil }
            windows = request.windows(
                edges: edges.map { Timestamp(microseconds: $0) }, includingEmpty: isEmptyIncluded)
            expected = question.series.windows(
                question.range, field: question.field, .edges(edges),
                includingEmpty: isEmptyIncluded)
        } else {
            let hour = RandomMaterial.hour
            let origin = shape == .windows ? 0 : material.pick([1, -7 * hour, 12_345_678_901])
            // Empty windows over all of time are too many.
            var length = material.pick([
                1, hour / 2, hour, 7 * hour, 24 * hour + 1, 365 * 24 * hour,
            ])
            if isEmptyIncluded {
                let points = question.points
                guard let start = question.range.start ?? points.first?.time,
                    let end = question.range.end ?? points.last?.time, start < end
                else { return nil }
                let (span, overflow) = end.microseconds.subtractingReportingOverflow(
                    start.microseconds)
                if overflow { return nil }
                length = max(length, span / 200 + 1)
            }
            windows = request.windows(
                .microseconds(length), origin: Timestamp(microseconds: origin),
                includingEmpty: isEmptyIncluded)
            expected = question.series.windows(
                question.range, field: question.field, .fixed(length: length, origin: origin),
                includingEmpty: isEmptyIncluded)
        }
        if shape == .reversedWindows { expected.reverse() }
        return try compare(windows, expected)
    }

    private func edge(_ series: ModelSeries) -> Int64 {
        if let point = material.any(series.points), material.chance(0.6) {
            return point.time.microseconds
        }
        return material.timestamp().microseconds
    }

    private func compare(_ request: WindowRequest, _ expected: [ModelWindow]) throws -> String? {
        let found = try request.all()
        if found.count != expected.count {
            return "\(found.count) windows instead of \(expected.count)"
        }
        for (window, model) in zip(found, expected) {
            if let problem = WindowComparison.problem(window, model) { return problem }
        }
        // One value at a time says the same.
        let isSame =
            switch material.below(5) {
            case 0:
                try request.mean().map { $0.value?.bitPattern } == found.map { $0.mean?.bitPattern }
            case 1: try request.sum().map { $0.value.bitPattern } == found.map { $0.sum.bitPattern }
            case 2:
                try request.min().map { $0.value?.bitPattern }
                    == found.map { $0.minimum?.bitPattern }
            case 3:
                try request.max().map { $0.value?.bitPattern }
                    == found.map { $0.maximum?.bitPattern }
            default: try request.count().map { $0.value } == found.map { $0.count }
            }
        return isSame ? nil : "one value of each window isn't that of the whole"
    }

    /// All series, whole.
    func checkEverything<Source: Asked & ~Copyable>(_ source: borrowing Source) throws {
        let schema = try source.schema()
        let names = schema.series.map { Array($0.name.utf8) }
        guard names == model.series.map({ Array($0.name.utf8) }),
            schema.series.map(\.fields) == model.series.map(\.fields),
            schema.series.map(\.created) == model.series.map(\.created)
        else { throw Difference("the series are \(schema.series)") }
        for series in model.series {
            let found = try source.series(SeriesQuery(series.name)).fetchAll()
            if let problem = compare(found, series.points) {
                throw Difference("series \(series.name): \(problem)")
            }
        }
    }
}
