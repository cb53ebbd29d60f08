import Testing

// Pages put together are the whole answer, by whichever plan, and whatever was written between them.
@testable import FormDB

@Suite("Pages")
struct PageTests {
    /// The ids of an answer, a page at a time, until there are more than `enough`; and whether it ended.
    private func pages(
        _ request: FeatureRequest, of size: Int, enough: Int = .max
    ) throws -> (ids: [FeatureID], isWhole: Bool) {
        var found: [FeatureID] = []
        var token: PageToken?
        repeat {
            let page = try request.page(size, after: token)
            found += page.features.compactMap(\.id)
            #expect(page.features.count == size || page.next == nil)
            token = page.next
            if let text = token?.description { #expect(PageToken(text) == token) }
        } while token != nil && found.count <= enough
        return (found, token == nil)
    }

    @Test("put together are the whole answer, by every plan")
    func pagesAreTheWhole() throws {
        var seeds = SeededGenerator.printed()
        let filled = try PlanSuiteTests.fill(1, seed: seeds.next(), isTiny: true)
        let material = RandomMaterial(seed: seeds.next())
        var ordered = 0
        for _ in 0..<200 {
            var query = PlanSuiteTests.query(material, filled.model)
            if query.nearest != nil { query.nearest!.count = 40 }
            query.limit = nil
            if filled.model.index(of: query.collection) == nil { continue }
            let answer: ModelAnswer
            do { answer = try filled.model.answer(query) } catch { continue }
            var expected = answer.features
            if !answer.isOrdered { expected.sort { $0.id < $1.id } }
            let size = material.pick([1, 3, 7, 50])
            var request = filled.database.features(query.query)
            let plans = try request.limit(size).planChoices()
            for plan in [nil] + plans.map(Optional.some) {
                request.options.forced = plan
                if plan.map({ $0.strategy != nil && $0.strategy != .gather }) ?? false {
                    ordered += 1
                }
                let (found, isWhole) = try pages(request, of: size, enough: 60)
                let asked =
                    "\(query.query) in pages of \(size), by \(plan.map { "\($0)" } ?? "any plan")"
                #expect(found == expected.prefix(found.count).map(\.id.featureID), "\(asked)")
                #expect(!isWhole || found.count == expected.count, "\(asked)")
            }
        }
        #expect(ordered > 10)
    }

    /// Found by the test above: backwards in time, a page that went on before the range began asked for nothing, and
    /// what had begun earlier and reaches into the range was lost.
    @Test("backwards in time go on with what began before the range", arguments: [1, 2, 5])
    func beganBefore(size: Int) throws {
        let database = try Database.inMemory()
        let start = Timestamp(microseconds: 1_000_000)
        func feature(_ id: Int64, from: Int64, through: Int64) -> Feature {
            let times = [from, through].map { Timestamp(microseconds: start.microseconds + $0) }
            return Feature(
                id: .integer(id), geometry: nil, properties: [:],
                time: .interval(times[0], times[1]))
        }
        // Every third ends just before the range, at its start, or within it.
        let before = (0..<200 as Range<Int64>).map {
            feature($0, from: -1 - $0, through: [-1, 0, 5][Int($0 % 3)])
        }
        let within = (200..<210 as Range<Int64>).map { feature($0, from: $0 - 200, through: $0) }
        try database.write { tx in
            for feature in before + within { try tx.insert(feature, into: "f") }
        }
        let reaching = before.enumerated().filter { $0.offset % 3 > 0 }.map(\.element)
        let expected = (within.reversed() + reaching).compactMap(\.id)
        var request = database.features(in: "f").during(.from(start))
            .order(by: .time, descending: true)
        for plan in [nil, ForcedPlan(strategy: .timeOrder)] {
            request.options.forced = plan
            #expect(try pages(request, of: size).ids == expected)
        }
    }

    @Test("go on at the same place after writes, after their last row went, and after reopening")
    func goOnAfterWrites() throws {
        let directory = TemporaryDirectory()
        func feature(_ id: Int64, at seconds: Int64) -> Feature {
            Feature(
                id: .integer(id), geometry: nil, properties: ["at": .int(seconds)],
                time: .instant(Timestamp(microseconds: seconds * 1_000_000)))
        }
        let orders: [FeatureOrder] = [.id, .time, .property("at")]
        var tokens: [String] = []
        do {
            let database = try Database(path: directory.path)
            try database.write { tx in
                for id in 1...9 as ClosedRange<Int64> {
                    try tx.insert(feature(id * 10, at: id * 10), into: "f")
                }
            }
            for order in orders {
                let page = try database.features(in: "f").order(by: order).page(3)
                #expect(page.features.map(\.id) == [10, 20, 30].map(FeatureID.integer))
                tokens.append(try #require(page.next?.description))
            }
            try database.write { tx in
                // The page's last, and the one after it; one before the place, at it, and two after it.
                try tx.delete(.integer(30), in: "f")
                try tx.delete(.integer(40), in: "f")
                for id in [29, 31, 45] as [Int64] { try tx.insert(feature(id, at: id), into: "f") }
            }
            try database.close()
        }
        let database = try Database(path: directory.path)
        for (order, text) in zip(orders, tokens) {
            let request = database.features(in: "f").order(by: order)
            let second = try request.page(3, after: PageToken(text))
            #expect(second.features.map(\.id) == [31, 45, 50].map(FeatureID.integer))
            let rest = try request.page(10, after: second.next)
            #expect(rest.features.map(\.id) == [60, 70, 80, 90].map(FeatureID.integer))
            #expect(rest.next == nil)
        }
        #expect(throws: FormDBError.self) {
            try database.features(in: "f").order(by: .time).page(3, after: PageToken(tokens[0]))
        }
    }

    @Test("A token that says that fewer than no rows are left is none")
    func negativeRest() throws {
        for left in [-1, -2, Int64.min] {
            var output = OutputBuffer()
            try CBOREncoder.append(["q": 7, "i": 1, "l": .int(left)] as JSONObject, to: &output)
            #expect(PageToken(Base64URL.text(of: output.bytes)) == nil)
        }
        var output = OutputBuffer()
        try CBOREncoder.append(["q": 7, "i": 1, "l": 2] as JSONObject, to: &output)
        #expect(PageToken(Base64URL.text(of: output.bytes)) != nil)
    }
}
