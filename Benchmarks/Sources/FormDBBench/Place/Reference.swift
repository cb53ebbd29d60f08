import BenchCore

/// Plain arrays that every engine's answers are held against.
final class Reference {
    private let rows: OpaquePointer

    /// With `isFloat32` boxes (and times) are widened as SQLite's R*Tree does. Times in any unit.
    init(_ boxes: Boxes, times: [Double]? = nil, isFloat32: Bool = false) throws {
        var columns = boxes.columns
        let rows =
            if let times {
                bench_reference_create_timed(&columns, times, isFloat32)
            } else {
                bench_reference_create(&columns, isFloat32)
            }
        guard let rows else { throw BenchError("no memory for the reference") }
        self.rows = rows
    }

    deinit { bench_reference_destroy(rows) }

    func windows(_ windows: Boxes) -> bench_answer {
        var columns = windows.columns
        return bench_reference_windows(rows, &columns)
    }

    /// Each window's answer by itself.
    func each(_ windows: Boxes) -> [bench_answer] {
        (0..<windows.count).map { i in
            var one = bench_boxes(
                west: windows.west + i, south: windows.south + i, east: windows.east + i,
                north: windows.north + i, count: 1)
            return bench_reference_windows(rows, &one)
        }
    }

    func windows(_ windows: Boxes, starts: [Double], length: Double) -> bench_answer {
        var columns = windows.columns
        return bench_reference_windows_during(rows, &columns, starts, length)
    }

    func nearest(_ points: bench_points, k: Int) -> bench_answer {
        var points = points
        return bench_reference_nearest(rows, &points, k)
    }

    func nearestDistances(_ points: bench_points, k: Int) -> [Double] {
        var points = points
        var distances = [Double](repeating: 0, count: points.count * k)
        bench_reference_nearest_distances(rows, &points, k, &distances)
        return distances
    }

    func delete(_ ids: [Int64]) { bench_reference_delete(rows, ids, ids.count) }

    /// The squared distances of the rows that an engine named, `k` a point, in rising order for each.
    static func distances(
        of ids: [Int64], in boxes: Boxes, from points: bench_points, k: Int
    ) -> [Double] {
        var columns = boxes.columns
        var points = points
        var distances = [Double](repeating: 0, count: ids.count)
        bench_distances_of_ids(&columns, &points, k, ids, &distances)
        return distances
    }
}
