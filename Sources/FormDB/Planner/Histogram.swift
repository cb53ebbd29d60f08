/// 32 bins that hold about as many values each, and where a value lies among them.
///
/// A place is a number from 0 to 32: so many bins lie before it, the last in part. Bins of equal weight follow the
/// data into its clusters, which bins of equal width (32 over the globe are 11° each) don't.
struct HistogramAxis: Hashable, Sendable {
    static let bins = 32
    private static let guesses = 128

    /// 33 edges, rising; equal ones where many values are equal.
    let edges: [Double]
    /// For each of 128 steps of equal width: the first edge that can be above a value in it.
    private let guess: [UInt8]
    private let scale: Double

    /// REQUIRES: sorted, not empty, finite.
    init(sorted values: [Double]) {
        let last = values.count - 1
        edges = (0...Self.bins).map { values[last * $0 / Self.bins] }
        let width = edges[Self.bins] - edges[0]
        // Of values that are nearly equal the quotient is infinite.
        let steps = Double(Self.guesses) / width
        let scale = width > 0 && steps.isFinite ? steps : 0
        self.scale = scale
        var guess = [UInt8](repeating: 0, count: Self.guesses)
        for step in 0..<Self.guesses where scale > 0 {
            let start = edges[0] + Double(step) / scale
            guess[step] = UInt8(edges.firstIndex { $0 > start } ?? Self.bins)
        }
        self.guess = guess
    }

    var least: Double { edges[0] }
    var greatest: Double { edges[Self.bins] }

    /// How many bins lie at or below `value`, or, `excluding` it, below.
    @inline(__always)
    func place(of value: Double, excluding: Bool = false) -> Double {
        if value < edges[0] || (excluding && value <= edges[0]) { return 0 }
        if value > edges[Self.bins] { return Double(Self.bins) }
        if value == edges[Self.bins] && !excluding { return Double(Self.bins) }
        // The first edge above `value` (or at it, when it is excluded).
        var above = 1
        if scale > 0 {
            let step = min(Int((value - edges[0]) * scale), Self.guesses - 1)
            above = max(Int(guess[step]), 1)
            // Rounding may have put the guess a step too far.
            while above > 1 && (excluding ? edges[above - 1] >= value : edges[above - 1] > value) {
                above -= 1
            }
        }
        while above < Self.bins && (excluding ? edges[above] < value : edges[above] <= value) {
            above += 1
        }
        let from = edges[above - 1]
        let width = edges[above] - from
        let part = width > 0 ? (value - from) / width : (excluding ? 0 : 1)
        return Double(above - 1) + min(max(part, 0), 1)
    }

    /// The value at a place: the inverse of ``place(of:excluding:)``.
    func value(at place: Double) -> Double {
        let bin = min(max(Int(place), 0), Self.bins - 1)
        let part = min(max(place - Double(bin), 0), 1)
        return edges[bin] + (edges[bin + 1] - edges[bin]) * part
    }
}

/// Where rows lie: 32 × 32 cells over the middles of their boxes, as a summed-area table, and the middles that were
/// sampled, cell by cell.
///
/// Within a cell rows are taken to lie evenly, which clusters smaller than a cell don't: of a box of a few cells the
/// middles are counted too, and bound the estimate by what so many could be by chance.
struct PlaceHistogram: Hashable, Sendable {
    private let longitudes: HistogramAxis
    private let latitudes: HistogramAxis
    /// 33 × 33: the share of the rows whose middle lies in the cells before.
    private let sums: [Float]
    /// The middles, and for each cell where its own begin; one more, for the end.
    private let middles: [SIMD2<Float>]
    private let cellStarts: [UInt32]

    /// Boxes of more cells are well enough estimated without.
    private static let countedCellsMax = 24.0
    /// Half of the boxes' mean width and height.
    private let halfWidth: Double
    private let halfHeight: Double
    /// The bounds of all boxes, widened for what a sample doesn't show.
    let south: Double
    let north: Double

    /// A row's box, its longitudes unwrapped: `east` may exceed 180.
    struct Extent {
        var west, south, east, north: Double
        var middle: Double {
            let middle = (west + east) / 2
            return middle >= 180 ? middle - 360 : middle < -180 ? middle + 360 : middle
        }
    }

    /// REQUIRES: some.
    init(_ extents: [Extent]) {
        let count = Double(extents.count)
        longitudes = HistogramAxis(sorted: extents.map(\.middle).sorted())
        latitudes = HistogramAxis(sorted: extents.map { ($0.south + $0.north) / 2 }.sorted())
        halfWidth = extents.reduce(0) { $0 + ($1.east - $1.west) } / count / 2
        halfHeight = extents.reduce(0) { $0 + ($1.north - $1.south) } / count / 2
        south = extents.lazy.map(\.south).min() ?? 0
        north = extents.lazy.map(\.north).max() ?? 0
        let side = HistogramAxis.bins + 1
        var sums = [Float](repeating: 0, count: side * side)
        var starts = [UInt32](repeating: 0, count: HistogramAxis.bins * HistogramAxis.bins + 1)
        var cells: [Int] = []
        for extent in extents {
            let x = Self.cell(longitudes.place(of: extent.middle))
            let y = Self.cell(latitudes.place(of: (extent.south + extent.north) / 2))
            sums[(y + 1) * side + x + 1] += 1
            starts[y * HistogramAxis.bins + x + 1] += 1
            cells.append(y * HistogramAxis.bins + x)
        }
        for cell in 1..<starts.count { starts[cell] += starts[cell - 1] }
        cellStarts = starts
        // From here on: where the next of each cell goes.
        var middles = [SIMD2<Float>](repeating: .zero, count: extents.count)
        for (extent, cell) in zip(extents, cells) {
            middles[Int(starts[cell])] = SIMD2(
                Float(extent.middle), Float((extent.south + extent.north) / 2))
            starts[cell] += 1
        }
        self.middles = middles
        for y in 1..<side {
            for x in 1..<side {
                sums[y * side + x] +=
                    sums[(y - 1) * side + x] + sums[y * side + x - 1]
                    - sums[(y - 1) * side + x - 1]
            }
        }
        // Whole numbers until here, so that all of them are exactly all.
        self.sums = sums.map { $0 / Float(count) }
    }

    /// The cell in which a value at a place lies: the last one of those it closes.
    private static func cell(_ place: Double) -> Int {
        min(max(Int(place.rounded(.up)) - 1, 0), HistogramAxis.bins - 1)
    }

    /// The share of the rows whose box meets a box, or lies in it.
    func share(of box: BoundingBox, isWithin: Bool) -> Double {
        let sign: Double = isWithin ? -1 : 1
        let south = box.south - sign * halfHeight
        let north = box.north + sign * halfHeight
        let low = latitudes.place(of: south, excluding: true)
        let high = latitudes.place(of: north)
        if high <= low { return 0 }
        var east = box.east
        if box.west > east { east += 360 }
        let west = box.west - sign * halfWidth
        east += sign * halfWidth
        if east - west >= 360 { return clamped(sum(0, low, Double(HistogramAxis.bins), high)) }
        var share = 0.0
        for turn in -1...1 {
            let from = west + 360 * Double(turn)
            let to = east + 360 * Double(turn)
            if to < longitudes.least || from > longitudes.greatest { continue }
            let left = longitudes.place(of: from, excluding: true)
            let right = longitudes.place(of: to)
            let evenly = sum(left, low, right, high)
            let columns = right.rounded(.up) - left.rounded(.down)
            let rows = high.rounded(.up) - low.rounded(.down)
            if columns * rows > Self.countedCellsMax {
                share += evenly
                continue
            }
            let found = Double(
                count(
                    SIMD2(Float(from), Float(south)), SIMD2(Float(to), Float(north)),
                    columns: Int(left)..<Int(left) + max(Int(columns), 1),
                    rows: Int(low)..<Int(low) + max(Int(rows), 1)))
            let doubt = 1.5 * found.squareRoot()
            let sampled = Double(middles.count)
            share += min(max(evenly, (found - doubt) / sampled), (found + doubt + 1) / sampled)
        }
        return clamped(share)
    }

    /// How many middles lie between two corners, in some cells.
    private func count(
        _ least: SIMD2<Float>, _ most: SIMD2<Float>, columns: Range<Int>, rows: Range<Int>
    ) -> Int {
        var count = 0
        let last = HistogramAxis.bins - 1
        for row in rows where row <= last {
            // The cells of a row follow one another.
            let first = row * HistogramAxis.bins + min(columns.lowerBound, last)
            let end = row * HistogramAxis.bins + min(columns.upperBound - 1, last) + 1
            for index in Int(cellStarts[first])..<Int(cellStarts[end]) {
                let middle = middles[index]
                let isIn = all(middle .>= least) && all(middle .<= most)
                if isIn { count += 1 }
            }
        }
        return count
    }

    private func clamped(_ share: Double) -> Double { min(max(share, 0), 1) }

    private func sum(_ left: Double, _ low: Double, _ right: Double, _ high: Double) -> Double {
        if right <= left { return 0 }
        return below(right, high) - below(left, high) - below(right, low) + below(left, low)
    }

    /// The share before a place, between the corners of its cell in proportion.
    @inline(__always)
    private func below(_ x: Double, _ y: Double) -> Double {
        let side = HistogramAxis.bins + 1
        let column = min(Int(x), side - 2)
        let row = min(Int(y), side - 2)
        let right = x - Double(column)
        let up = y - Double(row)
        let at = row * side + column
        let lower = Double(sums[at]) * (1 - right) + Double(sums[at + 1]) * right
        let upper = Double(sums[at + side]) * (1 - right) + Double(sums[at + side + 1]) * right
        return lower * (1 - up) + upper * up
    }
}

/// When rows are: 32 bins over the starts of their times.
struct TimeHistogram: Hashable, Sendable {
    private let starts: HistogramAxis
    /// The mean of end − start, in microseconds.
    private let duration: Double

    /// REQUIRES: some.
    init(_ times: [(start: Int64, end: Int64)]) {
        starts = HistogramAxis(sorted: times.map { Double($0.start) }.sorted())
        duration =
            times.reduce(0.0) { $0 + (Double($1.end) - Double($1.start)) } / Double(times.count)
    }

    /// The share of the rows whose time meets a range.
    func share(of range: TimeRange) -> Double {
        let bins = Double(HistogramAxis.bins)
        var low = 0.0
        var high = bins
        if let start = range.start {
            low = starts.place(of: Double(start.microseconds) - duration, excluding: true)
        }
        if let end = range.end {
            high = starts.place(of: Double(end.microseconds), excluding: true)
        }
        return min(max((high - low) / bins, 0), 1)
    }

    /// The time before which a share of the rows starts.
    func start(atShare share: Double) -> Int64 {
        let value = starts.value(at: share * Double(HistogramAxis.bins))
        return Int64(exactly: value.rounded()) ?? (value < 0 ? .min : .max)
    }
}
