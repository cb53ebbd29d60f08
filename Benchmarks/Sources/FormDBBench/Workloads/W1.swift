extension PlaceWorkload {
    /// 10,000 boxes in a plane, small and large windows, 1,000 deletes.
    static func w1() -> PlaceWorkload {
        var random = Random(seed: 1)
        func boxes(_ count: Int, low: Double, high: Double, side: (inout Random) -> Double)
            -> Boxes
        {
            Boxes(count: count) { _ in
                let west = random.uniform(low, high)
                let south = random.uniform(low, high)
                return (west, south, west + side(&random), south + side(&random))
            }
        }
        let data = PlaceData(
            boxes: boxes(10_000, low: 1, high: 900) { $0.uniform(1, 100) },
            small: boxes(1000, low: 1, high: 990) { _ in 10 },
            large: boxes(1000, low: 1, high: 900) { _ in 100 },
            places: boxes(1000, low: 1, high: 1000) { _ in 0 })
        return PlaceWorkload(
            name: "W1", title: "10,000 boxes in a plane, windows of 10x10 and 100x100",
            isPlanar: true, data: data,
            // Powers of two keep the order of all edges.
            globe: data.map({ ($0 - 512) / 4 }, { ($0 - 512) / 8 }),
            deletedIDs: random.distinct(1000, of: 10_000), windowUnit: .nanoseconds)
    }
}
