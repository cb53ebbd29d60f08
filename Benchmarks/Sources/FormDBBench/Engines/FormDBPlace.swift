import BenchCore
import FormDB
import Foundation

extension PlaceEngineKind {
    /// The public Swift API, in memory.
    static let formdb = PlaceEngineKind(name: "formdb", plane: .globeOnly) { setup in
        FormDBPlace(try .inMemory(configuration: .measured), setup)
    }

    /// The public Swift API on disk, every commit synced.
    static let formdbDurable = PlaceEngineKind(
        name: "formdb-durable", plane: .globeOnly, isOnDisk: true
    ) { setup in
        let directory = try setup.surroundings.makeDirectory()
        return FormDBPlace(
            try Database(at: directory, configuration: .measured), setup, removing: directory)
    }
}

final class FormDBPlace: LatencyPlaceEngine, TimedPlaceEngine {
    private let database: Database
    private let arePoints: Bool
    private let directory: URL?

    init(_ database: Database, _ setup: PlaceSetup, removing directory: URL? = nil) {
        self.database = database
        arePoints = setup.arePoints
        self.directory = directory
    }

    /// Making the features is part of what a user pays.
    func insert(_ boxes: Boxes) throws {
        for start in stride(from: 0, to: boxes.count, by: rowsPerTransaction) {
            try database.write { tx in
                for i in start..<min(start + rowsPerTransaction, boxes.count) {
                    try tx.insert(feature(boxes, i), into: "rows")
                }
            }
        }
    }

    func insert(_ boxes: Boxes, times: [Int64]) throws {
        for start in stride(from: 0, to: boxes.count, by: rowsPerTransaction) {
            try database.write { tx in
                for i in start..<min(start + rowsPerTransaction, boxes.count) {
                    let time = FeatureTime.instant(Timestamp(microseconds: times[i]))
                    try tx.insert(feature(boxes, i, time: time), into: "rows")
                }
            }
        }
    }

    private func feature(_ boxes: Boxes, _ i: Int, time: FeatureTime? = nil) -> Feature {
        let west = boxes.west[i]
        let south = boxes.south[i]
        let geometry: Geometry =
            arePoints
            ? .point(longitude: west, latitude: south)
            : .rectangle(
                BoundingBox(west: west, south: south, east: boxes.east[i], north: boxes.north[i]))
        return Feature(id: .integer(Int64(i + 1)), geometry: geometry, time: time)
    }

    func windows(_ windows: Boxes) throws -> bench_answer {
        var answer = bench_answer()
        var ids: [Int64] = []
        for i in 0..<windows.count {
            try database.features(in: "rows").bounds(intersecting: box(windows, i))
                .fetchIntegerIDs(into: &ids)
            answer.add(ids)
        }
        return answer
    }

    private func box(_ windows: Boxes, _ i: Int) -> BoundingBox {
        BoundingBox(
            west: windows.west[i], south: windows.south[i], east: windows.east[i],
            north: windows.north[i])
    }

    func windows(
        _ windows: Boxes, starts: [Int64], length: Int64, filtersAfter: Bool
    ) throws -> bench_answer {
        var answer = bench_answer()
        var ids: [Int64] = []
        for i in 0..<windows.count {
            let start = Timestamp(microseconds: starts[i])
            let range = start..<Timestamp(microseconds: starts[i] + length)
            let request = database.features(in: "rows").bounds(intersecting: box(windows, i))
            if filtersAfter {
                for feature in try request.fetchAll() {
                    guard let time = feature.time, range.contains(time.start),
                        case .integer(let id)? = feature.id
                    else { continue }
                    answer.add([id])
                }
            } else {
                try request.during(range).fetchIntegerIDs(into: &ids)
                answer.add(ids)
            }
        }
        return answer
    }

    func insertLatencies(_ boxes: Boxes) throws -> [UInt32] {
        var times: [UInt32] = []
        times.reserveCapacity(boxes.count)
        var watch = bench_stopwatch_start()
        for start in stride(from: 0, to: boxes.count, by: rowsPerTransaction) {
            let last = min(start + rowsPerTransaction, boxes.count) - 1
            try database.write { tx in
                for i in start...last {
                    try tx.insert(feature(boxes, i), into: "rows")
                    if i < last { times.append(bench_stopwatch_lap(&watch)) }
                }
            }
            times.append(bench_stopwatch_lap(&watch))
        }
        return times
    }

    func windowLatencies(_ windows: Boxes) throws -> (nanoseconds: [UInt32], answer: bench_answer) {
        var answer = bench_answer()
        var ids: [Int64] = []
        var times: [UInt32] = []
        times.reserveCapacity(windows.count)
        var watch = bench_stopwatch_start()
        for i in 0..<windows.count {
            try database.features(in: "rows").bounds(intersecting: box(windows, i))
                .fetchIntegerIDs(into: &ids)
            answer.add(ids)
            times.append(bench_stopwatch_lap(&watch))
        }
        return (times, answer)
    }

    func nearestInMetres(_ points: bench_points, k: Int) throws -> bench_answer? {
        var answer = bench_answer()
        for i in 0..<points.count {
            let here = Position(longitude: points.x[i], latitude: points.y[i])
            let ids = try database.features(in: "rows").nearest(to: here, limit: k).fetchIDs()
            answer.hits += UInt64(ids.count)
            for case .integer(let id) in ids { answer.id_sum &+= UInt64(bitPattern: id) }
        }
        return answer
    }

    func delete(_ ids: [Int64]) throws {
        for start in stride(from: 0, to: ids.count, by: rowsPerTransaction) {
            try database.write { tx in
                for id in ids[start..<min(start + rowsPerTransaction, ids.count)] {
                    try tx.delete(.integer(id), in: "rows")
                }
            }
        }
    }

    func close() throws {
        try database.close()
        if let directory { try FileManager.default.removeItem(at: directory) }
    }
}

extension bench_answer {
    fileprivate mutating func add(_ ids: [Int64]) {
        hits += UInt64(ids.count)
        for id in ids { id_sum &+= UInt64(bitPattern: id) }
    }
}
