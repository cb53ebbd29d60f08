// The series of the model: points in an array, aggregates by going through them.
import FormDB

struct ModelSeries {
    var name: String
    let created: UInt64
    let fields: [String]
    /// By time, equal times in order of arrival.
    var points: [DataPoint] = []

    func points(in range: TimeRange) -> ArraySlice<DataPoint> {
        if let start = range.start, let end = range.end, end.microseconds <= start.microseconds {
            return []
        }
        let from = range.start.map { start in lowerBound { $0 < start.microseconds } } ?? 0
        let to = range.end.map { end in lowerBound { $0 < end.microseconds } } ?? points.count
        return points[from..<to]
    }

    /// How many points come before the first whose time isn't `isBefore`.
    private func lowerBound(_ isBefore: (Int64) -> Bool) -> Int {
        var low = 0
        var high = points.count
        while low < high {
            let middle = (low + high) / 2
            if isBefore(points[middle].time.microseconds) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }

    mutating func append(_ added: [DataPoint]) {
        for point in added {
            let at = lowerBound { $0 <= point.time.microseconds }
            points.insert(point, at: at)
        }
    }
}

// MARK: - Writing

extension NaiveModel {
    func index(ofSeries name: String) -> Int? { series.firstIndex { Self.isSame($0.name, name) } }

    func requireIndex(ofSeries name: String) throws -> Int {
        guard let index = index(ofSeries: name) else { throw Refusal(.notFound) }
        return index
    }

    mutating func createSeries(_ name: String, fields: [String]) throws {
        if index(ofSeries: name) != nil { throw Refusal(.alreadyExists) }
        series.append(ModelSeries(name: name, created: sequence + 1, fields: fields))
        change = .some
    }

    /// Appends, or, `replacing`, deletes points of equal times first.
    mutating func append(
        _ points: [DataPoint], to name: String, fields: [String]? = nil, replacing: Bool = false
    ) throws {
        let own = index(ofSeries: name).map { series[$0].fields }
        let given = points.first?.values.count ?? 1
        let wanted = own ?? fields ?? (given == 1 ? ["value"] : (1...given).map { "value\($0)" })
        if let own, let fields, !own.elementsEqual(fields, by: Self.isSame) {
            throw Refusal(.fieldMismatch)
        }
        if points.contains(where: { $0.values.count != wanted.count }) {
            // A series that was made for them is dropped again.
            if own == nil, change == .none { change = .unclear }
            throw Refusal(.fieldMismatch)
        }
        if own == nil { try createSeries(name, fields: wanted) }
        if points.isEmpty { return }
        let index = try requireIndex(ofSeries: name)
        if replacing {
            let times = Set(points.map(\.time))
            series[index].points.removeAll { times.contains($0.time) }
        }
        series[index].append(points)
        change = .some
    }

    mutating func deletePoints(of name: String, during range: TimeRange) throws -> Int {
        let index = try requireIndex(ofSeries: name)
        let doomed = series[index].points(in: range).indices
        series[index].points.removeSubrange(doomed)
        if !doomed.isEmpty { change = .some }
        return doomed.count
    }

    mutating func rename(series name: String, to newName: String) throws {
        let index = try requireIndex(ofSeries: name)
        if self.index(ofSeries: newName) != nil { throw Refusal(.alreadyExists) }
        series[index].name = newName
        change = .some
    }

    mutating func drop(series name: String) throws {
        try series.remove(at: requireIndex(ofSeries: name))
        change = .some
    }
}

// MARK: - Windows

/// What a window must say, its sums as exact numbers.
struct ModelWindow {
    var start, end: Int64
    var isPartial: Bool
    var points = 0
    /// The values in order, without NaN.
    var values: [Double] = []
}

extension ModelSeries {
    /// How windows are laid: of a length from an origin, or between edges.
    enum Windowing {
        case fixed(length: Int64, origin: Int64)
        case edges([Int64])

        /// The window that holds a time.
        func window(holding time: Int128) -> Range<Int128> {
            switch self {
            case .edges(let edges):
                let last = edges.lastIndex { Int128($0) <= time }!
                return Int128(edges[last])..<Int128(edges[last + 1])
            case .fixed(let length, let origin):
                var into = (time - Int128(origin)) % Int128(length)
                if into < 0 { into += Int128(length) }
                return time - into..<time - into + Int128(length)
            }
        }
    }

    /// Windows in order of time; only those with points unless `includingEmpty`.
    func windows(
        _ range: TimeRange, field: Int, _ windowing: Windowing, includingEmpty: Bool
    ) -> [ModelWindow] {
        let points = points(in: range)
        // Open ends reach from the first point to the last.
        if range.start == nil || range.end == nil, points.isEmpty { return [] }
        var from = Int128((range.start ?? points.first!.time).microseconds)
        var to =
            range.end.map { Int128($0.microseconds) } ?? Int128(points.last!.time.microseconds) + 1
        if case .edges(let edges) = windowing {
            from = max(from, Int128(edges.first!))
            to = min(to, Int128(edges.last!))
        }
        var windows: [ModelWindow] = []
        var at = from
        while at < to {
            let whole = windowing.window(holding: at)
            let start = max(whole.lowerBound, from)
            let end = min(whole.upperBound, to)
            let held = self.points(from: start, to: end)
            if !held.isEmpty || includingEmpty {
                windows.append(
                    ModelWindow(
                        start: Int64(start), end: Int64(clamping: end),
                        isPartial: start..<end != whole, points: held.count,
                        values: held.map { $0.values[field] }.filter { !$0.isNaN }))
            }
            at = end
            if !includingEmpty {
                // Straight to the next point.
                guard let next = self.points(from: end, to: to).first else { break }
                at = Int128(next.time.microseconds)
            }
        }
        return windows
    }

    /// The end may lie one past the last microsecond there is.
    private func points(from start: Int128, to end: Int128) -> ArraySlice<DataPoint> {
        if start > Int128(Int64.max) { return [] }
        return points(
            in: TimeRange(
                start: Timestamp(microseconds: Int64(start)),
                end: end > Int128(Int64.max) ? nil : Timestamp(microseconds: Int64(end))))
    }
}
