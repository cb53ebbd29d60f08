extension PlaceWorkload {
    /// 1,000,000 boxes over the globe, windows of about 100 and 10,000 hits, 100,000 deletes. Fewer or
    /// more rows are asked smaller or larger windows, so that hits stay the same.
    static func w2(rows count: Int = 1_000_000, name: String = "W2") -> PlaceWorkload {
        var random = Random(seed: 2)
        let rows = Boxes(count: count) { _ in
            let west = random.uniform(-180, 179.9)
            let south = random.uniform(-90, 89.9)
            return (west, south, west + random.uniform(0, 0.1), south + random.uniform(0, 0.1))
        }
        // At a million, 15.4 boxes a square degree: sides of 2.5 and 25.4 degrees meet about 100 and
        // 10,000.
        let scale = (1_000_000 / Double(count)).squareRoot()
        func windows(_ count: Int, side: Double) -> Boxes {
            Boxes(count: count) { _ in
                let west = random.uniform(-180, 180 - side)
                let south = random.uniform(-90, 90 - side)
                return (west, south, west + side, south + side)
            }
        }
        let data = PlaceData(
            boxes: rows, small: windows(1000, side: 2.5 * scale),
            large: windows(200, side: min(90, 25.4 * scale)),
            places: windows(1000, side: 0))
        return PlaceWorkload(
            name: name, title: "\(count) boxes over the globe, windows of 100 and 10,000 hits",
            data: data, globe: data, deletedIDs: random.distinct(count / 10, of: count),
            windowUnit: .microseconds, hasReaders: true)
    }
}
