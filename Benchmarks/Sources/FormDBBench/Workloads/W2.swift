extension PlaceWorkload {
    /// 1,000,000 boxes over the globe, windows of about 100 and 10,000 hits, 100,000 deletes.
    static func w2() -> PlaceWorkload {
        var random = Random(seed: 2)
        let rows = Boxes(count: 1_000_000) { _ in
            let west = random.uniform(-180, 179.9)
            let south = random.uniform(-90, 89.9)
            return (west, south, west + random.uniform(0, 0.1), south + random.uniform(0, 0.1))
        }
        // 15.4 boxes a square degree: sides of 2.5 and 25.4 degrees meet about 100 and 10,000.
        func windows(_ count: Int, side: Double) -> Boxes {
            Boxes(count: count) { _ in
                let west = random.uniform(-180, 180 - side)
                let south = random.uniform(-90, 90 - side)
                return (west, south, west + side, south + side)
            }
        }
        let data = PlaceData(
            boxes: rows, small: windows(1000, side: 2.5), large: windows(200, side: 25.4),
            places: windows(1000, side: 0))
        return PlaceWorkload(
            name: "W2", title: "1,000,000 boxes over the globe, windows of 100 and 10,000 hits",
            data: data, globe: data, deletedIDs: random.distinct(100_000, of: 1_000_000),
            windowUnit: .microseconds)
    }
}
