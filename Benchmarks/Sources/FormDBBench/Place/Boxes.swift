import BenchCore

/// Columns of boxes (or points: boxes without extent) at addresses that stay.
final class Boxes {
    let count: Int
    private let storage: UnsafeMutablePointer<Double>

    init(count: Int, _ box: (Int) -> (west: Double, south: Double, east: Double, north: Double)) {
        self.count = count
        storage = .allocate(capacity: max(1, 4 * count))
        for i in 0..<count {
            let b = box(i)
            storage[i] = b.west
            storage[count + i] = b.south
            storage[2 * count + i] = b.east
            storage[3 * count + i] = b.north
        }
    }

    deinit { storage.deallocate() }

    var west: UnsafePointer<Double> { UnsafePointer(storage) }
    var south: UnsafePointer<Double> { UnsafePointer(storage + count) }
    var east: UnsafePointer<Double> { UnsafePointer(storage + 2 * count) }
    var north: UnsafePointer<Double> { UnsafePointer(storage + 3 * count) }

    var columns: bench_boxes {
        bench_boxes(west: west, south: south, east: east, north: north, count: count)
    }

    func copy() -> Boxes { map({ $0 }, { $0 }) }

    /// The rows of `range`, in order.
    func slice(_ range: Range<Int>) -> Boxes {
        Boxes(count: range.count) { i in
            let row = range.lowerBound + i
            return (west[row], south[row], east[row], north[row])
        }
    }

    /// The columns west, south, east, north for a callee that moves rows.
    func withMutableColumns<T>(
        _ body: (UnsafePointer<UnsafeMutablePointer<Double>?>) throws -> T
    ) rethrows -> T {
        let columns: [UnsafeMutablePointer<Double>?] = (0..<4).map { storage + $0 * count }
        return try columns.withUnsafeBufferPointer { try body($0.baseAddress!) }
    }

    func set(_ i: Int, west: Double, south: Double, east: Double, north: Double) {
        storage[i] = west
        storage[count + i] = south
        storage[2 * count + i] = east
        storage[3 * count + i] = north
    }

    /// Moves row `i` to where row `j` of `other` is.
    func set(_ i: Int, to other: Boxes, _ j: Int) {
        set(
            i, west: other.west[j], south: other.south[j], east: other.east[j],
            north: other.north[j])
    }

    /// The south-western corners, the first `prefix` of them.
    func points(prefix: Int? = nil) -> bench_points {
        bench_points(x: west, y: south, count: min(prefix ?? count, count))
    }

    func map(_ x: (Double) -> Double, _ y: (Double) -> Double) -> Boxes {
        Boxes(count: count) { i in (x(west[i]), y(south[i]), x(east[i]), y(north[i])) }
    }
}

extension bench_answer: @retroactive Equatable {
    public static func == (a: bench_answer, b: bench_answer) -> Bool {
        a.hits == b.hits && a.id_sum == b.id_sum
    }
}

extension bench_answer: @retroactive CustomStringConvertible {
    public var description: String { "\(hits) hits, id sum \(id_sum)" }
}
