import Testing

@testable import FormDB

@Suite("What the kept answers have, as explained")
struct CacheOutcomeTests {
    private func insert(_ longitude: Double, _ database: Database) throws {
        try database.write { tx in
            let place = Geometry.point(longitude: longitude, latitude: 0)
            _ = try tx.insert(Feature(geometry: place), into: "places")
        }
    }

    private func outcome(_ request: FeatureRequest) throws -> QueryExplanation.CacheOutcome? {
        let explanation = try request.explain(analyze: true)
        let cache = try #require(explanation.cache)
        #expect(explanation.description.contains("\nCache     \(cache)\n"))
        return cache
    }

    @Test("is a hit, or a miss, and why")
    func ofReaders() throws {
        let database = try Database.inMemory()
        try insert(1, database)
        let box = BoundingBox(west: 0, south: -1, east: 2, north: 1)
        let request = database.features(in: "places").bounds(intersecting: box)
        #expect(try request.explain().cache == nil)
        #expect(try outcome(request) == .absent)
        // To explain keeps nothing, nor does another kind of answer.
        #expect(try outcome(request) == .absent)
        _ = try request.fetchCount()
        #expect(try outcome(request) == .absent)
        let before = database.statistics().cache
        let past = try database.snapshot()
        _ = try request.fetchAll()
        #expect(try outcome(request) == .hit)
        try insert(9, database)
        #expect(try outcome(request) == .hit)
        try insert(1, database)
        #expect(try outcome(request) == .touched)
        _ = try request.fetchAll()
        #expect(try outcome(request) == .hit)
        #expect(try outcome(past.features(request.query)) == .later)
        #expect(try outcome(request.uncached()) == .uncached)
        // To explain counts nothing.
        #expect(database.statistics().cache.misses == before.misses + 2)
        #expect(database.statistics().cache.hits == before.hits)

        let here = Position(longitude: 1, latitude: 0)
        let near = database.features(in: "places").nearest(to: here, limit: 1)
        #expect(try near.explain(analyze: true).cache == .absent)
        _ = try near.fetchAll()
        #expect(try near.explain(analyze: true).cache == .hit)
        #expect(try outcome(near.features) == .absent)
    }

    @Test("is that none are kept, and why")
    func ofOthers() throws {
        var configuration = Database.Configuration()
        configuration.cache = .off
        let database = try Database.inMemory(configuration: configuration)
        try insert(1, database)
        #expect(try outcome(database.features(in: "places")) == .off)
        try database.write { tx in
            let inside = try outcome(tx.features(in: "places"))
            #expect(inside == .writing)
        }
    }
}
