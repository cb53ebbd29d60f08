extension UpsertWorkload {
    /// 100,000 objects on the globe that report 2,000,000 positions: nine of ten within 0.01 degrees
    /// of the last, one anywhere. With `isTimed` each report has its time, one every 10 ms.
    static func w5(isTimed: Bool) -> UpsertWorkload {
        var random = Random(seed: 5)
        let count = 100_000
        let reports = 2_000_000
        func anywhere() -> (Double, Double) {
            (random.uniform(-180, 180), random.uniform(-90, 90))
        }
        let rows = Boxes(count: count) { _ in
            let (x, y) = anywhere()
            return (x, y, x, y)
        }
        let ids = (0..<reports).map { _ in Int64(random.index(below: count) + 1) }
        let now = rows.copy()
        let moves = Boxes(count: reports) { i in
            let row = Int(ids[i] - 1)
            var (x, y) = anywhere()
            if random.index(below: 10) != 0 {
                // A step of at most 0.007 along each axis is shorter than 0.01.
                x = min(180, max(-180, now.west[row] + random.uniform(-0.007, 0.007)))
                y = min(90, max(-90, now.south[row] + random.uniform(-0.007, 0.007)))
            }
            now.set(row, west: x, south: y, east: x, north: y)
            return (x, y, x, y)
        }
        // 1.54 objects a square degree.
        let side = 8.05
        let windows = Boxes(count: 1000) { _ in
            let west = random.uniform(-180, 180 - side)
            let south = random.uniform(-90, 90 - side)
            return (west, south, west + side, south + side)
        }
        let start: Int64 = 1_704_067_200_000_000  // 2024-01-01
        func times(_ count: Int, from first: Int) -> [Int64] {
            (0..<count).map { start + Int64(first + $0) * 10_000 }
        }
        return UpsertWorkload(
            name: isTimed ? "W5t" : "W5",
            title: "\(count) objects, \(reports) upserts by id" + (isTimed ? ", with a time" : ""),
            rows: rows, ids: ids, moves: moves, windows: windows,
            rowTimes: isTimed ? times(count, from: 0) : nil,
            moveTimes: isTimed ? times(reports, from: count) : nil)
    }
}
