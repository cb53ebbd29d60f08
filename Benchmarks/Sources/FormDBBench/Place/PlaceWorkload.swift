import BenchCore

/// Boxes, and what is asked of them.
struct PlaceWorkload {
    let name: String
    let title: String
    var isPlanar = false
    var arePoints = false
    let data: PlaceData
    /// `data` scaled onto the globe, for engines that take nothing else; the same when it is there.
    let globe: PlaceData
    /// A tenth of the rows: deleted, and in another run moved.
    let deletedIDs: [Int64]
    let windowUnit: Unit
    /// Whether readers are measured beside a writer.
    var hasReaders = false
}

struct PlaceData {
    let boxes: Boxes
    let small: Boxes
    let large: Boxes
    /// The points that `nearest` starts from.
    let places: Boxes

    func map(_ x: (Double) -> Double, _ y: (Double) -> Double) -> PlaceData {
        PlaceData(
            boxes: boxes.map(x, y), small: small.map(x, y), large: large.map(x, y),
            places: places.map(x, y))
    }

    /// The boxes of `ids`, each moved a little towards the middle of the plane.
    func moved(_ ids: [Int64]) -> Boxes {
        let reach = 0.05 * (small.east[0] - small.west[0])
        var random = Random(seed: 77)
        func step(from edge: Double) -> Double {
            let length = random.uniform(0, reach)
            return edge < 0 ? length : -length
        }
        return Boxes(count: ids.count) { i in
            let row = Int(ids[i] - 1)
            let dx = step(from: boxes.west[row])
            let dy = step(from: boxes.south[row])
            return (
                boxes.west[row] + dx, boxes.south[row] + dy, boxes.east[row] + dx,
                boxes.north[row] + dy
            )
        }
    }
}

/// What must come out: from plain arrays, computed once a workload.
struct PlaceTruth {
    let small, large, smallDeleted: bench_answer
    let smallFloat32, largeFloat32, smallDeletedFloat32: bench_answer
    /// Of each of the small windows.
    let eachSmall: [bench_answer]
    /// After the rows that are to be deleted were moved instead.
    let smallMoved: bench_answer
    let moved: Boxes
    /// For the first `nearestChecked` points only: brute force is slow.
    let nearestPrefix: bench_answer
    /// The squared distances of the same, in rising order for each point.
    let nearestDistances: [Double]

    static let nearestChecked = 10
    static let k = 10

    init(_ data: PlaceData, deleted: [Int64]) throws {
        let exact = try Reference(data.boxes)
        let rounded = try Reference(data.boxes, isFloat32: true)
        eachSmall = exact.each(data.small)
        small = exact.windows(data.small)
        large = exact.windows(data.large)
        smallFloat32 = rounded.windows(data.small)
        largeFloat32 = rounded.windows(data.large)
        let points = data.places.points(prefix: Self.nearestChecked)
        nearestPrefix = exact.nearest(points, k: Self.k)
        nearestDistances = exact.nearestDistances(points, k: Self.k)
        exact.delete(deleted)
        rounded.delete(deleted)
        smallDeleted = exact.windows(data.small)
        smallDeletedFloat32 = rounded.windows(data.small)
        moved = data.moved(deleted)
        let after = data.boxes.copy()
        for (i, id) in deleted.enumerated() { after.set(Int(id - 1), to: moved, i) }
        smallMoved = try Reference(after).windows(data.small)
    }
}
