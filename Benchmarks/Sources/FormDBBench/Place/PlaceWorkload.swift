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
    let deletedIDs: [Int64]
    let windowUnit: Unit
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
}

/// What must come out: from plain arrays, computed once a workload.
struct PlaceTruth {
    let small, large, smallDeleted: bench_answer
    let smallFloat32, largeFloat32, smallDeletedFloat32: bench_answer
    /// For the first `nearestChecked` points only: brute force is slow.
    let nearestPrefix: bench_answer

    static let nearestChecked = 10
    static let k = 10

    init(_ data: PlaceData, deleted: [Int64]) throws {
        func reference(float32: Bool) throws -> OpaquePointer {
            var columns = data.boxes.columns
            guard let reference = bench_reference_create(&columns, float32) else {
                throw BenchError("no memory for the reference")
            }
            return reference
        }
        func windows(_ reference: OpaquePointer, _ windows: Boxes) -> bench_answer {
            var columns = windows.columns
            return bench_reference_windows(reference, &columns)
        }
        let exact = try reference(float32: false)
        defer { bench_reference_destroy(exact) }
        let rounded = try reference(float32: true)
        defer { bench_reference_destroy(rounded) }
        small = windows(exact, data.small)
        large = windows(exact, data.large)
        smallFloat32 = windows(rounded, data.small)
        largeFloat32 = windows(rounded, data.large)
        var points = data.places.points(prefix: Self.nearestChecked)
        nearestPrefix = bench_reference_nearest(exact, &points, Self.k)
        bench_reference_delete(exact, deleted, deleted.count)
        bench_reference_delete(rounded, deleted, deleted.count)
        smallDeleted = windows(exact, data.small)
        smallDeletedFloat32 = windows(rounded, data.small)
    }
}
