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
