import CoreScenarios
import Foundation
import Testing

@testable import FormDB

/// What is read without making values allocates as often for 10,000 rows as for 100: nothing by row.
/// (Not counted under sanitizers, nor where neither glibc nor an Apple system is.)
@Suite("No allocation by row", .enabled(if: scenario_counts_allocations()))
struct AllocationTests {
    /// Rows 1…10,000, of which the first 100 lie west of 0, and as many points a second apart.
    private let db: Database

    init() throws {
        db = try Database.inMemory()
        try db.write { tx in
            for id in 1...10_000 {
                try tx.insert(
                    Feature(
                        id: .integer(Int64(id)),
                        geometry: .point(
                            longitude: id <= 100 ? -1 : Double(id) / 100, latitude: 1),
                        properties: [
                            "name": .string("a name that is too long for a small text \(id)"),
                            "visits": .int(Int64(id)), "score": .double(Double(id) / 4),
                        ]), into: "rows")
            }
            for second in 0..<10_000 {
                let time = Timestamp(microseconds: Int64(second) * 1_000_000)
                try tx.append(at: time, Double(second), to: "points")
            }
        }
    }

    /// The request for the first 100 rows, or for all.
    private func rows(_ count: Int) -> FeatureRequest {
        db.features(in: "rows").bounds(
            intersecting: BoundingBox(west: -2, south: 0, east: count == 100 ? -0.5 : 179, north: 2)
        )
    }

    private func points(_ count: Int) -> SeriesRequest {
        let start = Timestamp(microseconds: 0)
        return db.series("points").during(
            start..<Timestamp(microseconds: Int64(count) * 1_000_000))
    }

    /// How many allocations `body` makes, once what is used again is there.
    private func allocations(_ body: () throws -> Void) rethrows -> Int {
        for _ in 0..<3 { try body() }
        let before = scenario_allocation_count()
        try body()
        return Int(scenario_allocation_count() - before)
    }

    /// Compares 100 rows with 10,000: a few more are allowed, for each stretch of points and each list
    /// that grows, where one by row would be 9,900. `body` is given how many, and says how many it saw.
    private func expectNoneByRow(_ body: (Int) throws -> Int) throws {
        for count in [100, 10_000] { #expect(try body(count) == count) }
        // The largest first, so that lists that are used again are as long as they get.
        let many = try allocations { _ = try body(10_000) }
        let few = try allocations { _ = try body(100) }
        #expect(many <= few + 16, "\(few) allocations for 100 rows, \(many) for 10,000")
    }

    @Test("Ids into an array that is used again")
    func ids() throws {
        var ids: [Int64] = []
        try expectNoneByRow {
            try rows($0).fetchIntegerIDs(into: &ids)
            return ids.count
        }
    }

    @Test("Ids come into the same memory, and a question allocates little by itself")
    func idsInPlace() throws {
        var ids: [Int64] = []
        for _ in 0..<2 { try rows(10_000).fetchIntegerIDs(into: &ids) }
        let place = unsafe ids.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
        let most = try allocations { try rows(10_000).fetchIntegerIDs(into: &ids) }
        try rows(100).fetchIntegerIDs(into: &ids)
        #expect(ids.count == 100)
        let placeAfter = unsafe ids.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
        #expect(placeAfter == place)
        // The question, the transaction in Swift and in C, the view.
        #expect(most <= 6)
    }

    @Test("Counting")
    func count() throws { try expectNoneByRow { try rows($0).uncached().fetchCount() } }

    @Test("Columns, copied into arrays that are used again")
    func columns() throws {
        var columns = SeriesColumns()
        try expectNoneByRow {
            try points($0).fetchColumns(into: &columns)
            return columns.times.count
        }
    }

    @Test("Columns, borrowed")
    func borrowedColumns() throws {
        try expectNoneByRow { count in
            var seen = 0
            try points(count).withColumns { times, _ in seen += times.count }
            return seen
        }
    }

    @Test("Views: id, point, box and numbers")
    func views() throws {
        try expectNoneByRow { count in
            var seen = 0
            var sum = 0.0
            try rows(count).forEachView { view in
                guard case .integer = view.id, view.boundingBox != nil, let place = try view.point
                else { return }
                sum += place.longitude
                sum += try view.property("score")?.doubleValue ?? 0
                seen += try view.property("visits")?.intValue == nil ? 0 : 1
            }
            return seen
        }
    }
}
