import BenchCore
import Foundation

/// What every engine does with boxes. A call takes a whole batch, so that hot loops stay in the
/// engine's own language. Rows have the ids 1, 2, 3, … in order; writes are made in transactions
/// of `rowsPerTransaction`.
protocol PlaceEngine: AnyObject {
    func insert(_ boxes: Boxes) throws
    /// Counts the rows that meet each window, and sums their ids.
    func windows(_ windows: Boxes) throws -> bench_answer
    /// The `k` nearest rows to each point in the plane; nil when the engine has no such question.
    func nearest(_ points: bench_points, k: Int) throws -> bench_answer?
    /// The same in metres, over points only.
    func nearestInMetres(_ points: bench_points, k: Int) throws -> bench_answer?
    func delete(_ ids: [Int64]) throws
    /// Bytes of the index alone for each row; nil when the engine cannot tell.
    func indexBytes() throws -> Int?
    func close() throws
}

extension PlaceEngine {
    func nearest(_ points: bench_points, k: Int) throws -> bench_answer? { nil }
    func nearestInMetres(_ points: bench_points, k: Int) throws -> bench_answer? { nil }
    func indexBytes() throws -> Int? { nil }
    func close() throws {}
}

/// An engine that can be built at once, packed into its best form, or timed insert by insert.
protocol PackablePlaceEngine: PlaceEngine {
    func build(_ boxes: Boxes) throws
    func pack() throws
    /// Inserts all; the longest single insert in nanoseconds.
    func longestInsert(_ boxes: Boxes) throws -> Double
}

let rowsPerTransaction = 1000

/// An engine by name, and how it is to be used.
struct PlaceEngineKind: Sendable {
    enum Plane: Sendable { case any, globeOnly }

    let name: String
    var isPeer = false
    /// Keeps float32 boxes, rounded outwards: finds rows that are not there.
    var isFloat32 = false
    /// Takes longitudes and latitudes only: a plane is scaled onto the globe for it.
    var plane = Plane.any
    /// Writes files: left out of the largest workload when time is short.
    var isOnDisk = false
    let make: @Sendable (PlaceSetup) throws -> any PlaceEngine
}

/// What an engine is told before its first row.
struct PlaceSetup {
    let isPlanar: Bool
    let arePoints: Bool
    let surroundings: Surroundings
}

extension PlaceEngineKind {
    static let all: [PlaceEngineKind] = [
        .core, .store, .formdb, .formdbDurable, .sqliteRTree, .sqliteRTreeFile,
    ]
}
