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
    /// The ids of the same, `k` a point, of an engine that picks any of the rows that are equally
    /// far; nil when it picks by id as the reference does.
    func nearestInAnyOrder(_ points: bench_points, k: Int) throws -> [Int64]?
    /// The same in metres, over points only.
    func nearestInMetres(_ points: bench_points, k: Int) throws -> bench_answer?
    func delete(_ ids: [Int64]) throws
    /// Bytes of the index alone; nil when the engine cannot tell.
    func indexBytes() throws -> Int?
    func close() throws
}

extension PlaceEngine {
    func nearest(_ points: bench_points, k: Int) throws -> bench_answer? { nil }
    func nearestInAnyOrder(_ points: bench_points, k: Int) throws -> [Int64]? { nil }
    func nearestInMetres(_ points: bench_points, k: Int) throws -> bench_answer? { nil }
    func indexBytes() throws -> Int? { nil }
    func close() throws {}
}

/// An engine that can be built at once, and packed into its best form.
protocol BulkPlaceEngine: PlaceEngine {
    /// Lays out what `build` reads, in the engine's own types; not measured.
    func prepare(_ boxes: Boxes) throws
    func build(_ boxes: Boxes) throws
    func pack() throws
}

extension BulkPlaceEngine {
    func prepare(_ boxes: Boxes) throws {}
    func pack() throws {}
}

/// An engine whose rows can be put again by id.
protocol UpsertPlaceEngine: PlaceEngine {
    /// Called between the first rows and the upserts; not measured.
    func beginUpserts() throws
    /// With a time only for engines that keep one (`TimedPlaceEngine`).
    func upsert(_ ids: [Int64], _ boxes: Boxes, times: [Int64]?) throws
}

extension UpsertPlaceEngine {
    func beginUpserts() throws {}
}

/// An engine whose rows have an instant each, in microseconds.
protocol TimedPlaceEngine: AnyObject {
    func insert(_ boxes: Boxes, times: [Int64]) throws
    /// Window i together with the time from `starts[i]` on, `length` long. With `filtersAfter` the
    /// index is asked for the box alone, and the time of each row that it found is looked at.
    func windows(
        _ windows: Boxes, starts: [Int64], length: Int64, filtersAfter: Bool
    ) throws -> bench_answer
    /// All at once into the best form; false when the engine has none.
    func build(_ boxes: Boxes, times: [Int64]) throws -> Bool
    /// Bytes of the index, its times with it; nil when the engine cannot tell.
    func timedBytes() throws -> Int?
    func close() throws
}

extension TimedPlaceEngine {
    func build(_ boxes: Boxes, times: [Int64]) throws -> Bool { false }
    func timedBytes() throws -> Int? { nil }
    func close() throws {}
}

/// An engine that can be timed call by call, in nanoseconds (`BENCH_INTERRUPTED`: not the engine's).
protocol LatencyPlaceEngine: PlaceEngine {
    /// Inserts all; the last of a transaction with its commit.
    func insertLatencies(_ boxes: Boxes) throws -> [UInt32]
    func windowLatencies(_ windows: Boxes) throws -> (nanoseconds: [UInt32], answer: bench_answer)
}

/// An engine that can be looked at with snapshots held, and with readers beside a writer.
protocol ObservablePlaceEngine: LatencyPlaceEngine {
    /// Inserts all, with ids in no order.
    func insertScattered(_ boxes: Boxes) throws
    /// Keeps a snapshot of what is there, and all that it sees, until the engine goes.
    func hold() throws
    func windowsHeld(_ held: Int, _ windows: Boxes) throws -> bench_answer
    /// Rows put again by id.
    func update(_ ids: [Int64], _ boxes: Boxes) throws
    /// The rows are those that were inserted, in order; each window's answer is expected.
    func readers(
        _ count: Int, isBesideWriter: Bool, rows: Boxes, windows: Boxes, expected: [bench_answer],
        seconds: Double
    ) throws -> bench_readers_result
    /// `indexBytes` with the runs as large as they ever were, while merging.
    func peakBytes() throws -> Int
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
    /// Left out of the largest workload when time is short: slow, and another peer is better.
    var isSlow = false
    /// Only built at once and asked.
    var isBulkOnly = false
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
        .core, .store, .formdb, .formdbDurable, .boostLinear, .boostQuadratic, .boostRStar,
        .boostPacked, .sqliteRTree, .sqliteRTreeFile,
    ]
}
