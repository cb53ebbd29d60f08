import Testing

@testable import FormDB

@Suite("Filters beside a model that evaluates them as they were written")
struct FilterModelTests {
    private static let filterCount = Thoroughness.isSoak ? 40_000 : 4_000

    private func encode(_ object: JSONObject) throws -> [UInt8] {
        var output = OutputBuffer()
        try CBOREncoder.append(object, to: &output)
        return output.bytes
    }

    @Test("The core's answer is the model's, unknown included; so is that of the ranges")
    func random() throws {
        var material = RandomFilters(random: .printed())
        var counts: [Bool?: Int] = [:]
        var withRanges = 0
        for _ in 0..<Self.filterCount {
            let condition = material.condition()
            let filter = condition.filter
            let predicate = try CorePredicate(filter)
            let ranges = filter.ranges
            let conjuncts = try filter.conjuncts.map { try CorePredicate($0) }
            for _ in 0..<40 {
                let object = material.object()
                let bytes = try encode(object)
                let wanted = condition.evaluate(object)
                counts[wanted, default: 0] += 1
                let (found, meets, meetsAll) = unsafe bytes.withUnsafeBytes { bytes in
                    unsafe (
                        predicate.test(bytes), predicate.meets(bytes),
                        conjuncts.allSatisfy { unsafe $0.meets(bytes) }
                    )
                }
                #expect(found == wanted, "\(condition)\n\(filter)\n\(object)")
                #expect(meets == (wanted == true), "\(filter) of \(object)")
                #expect(meetsAll == (wanted == true), "\(filter) of \(object)")
                if filter.isImpossible { #expect(wanted != true, "\(filter)") }
                if found != wanted { return }
                guard let ranges else { continue }
                withRanges += 1
                var value = NaiveFilter.find(ranges.path.names, object)
                if ranges.path.reading == .timestamp { value = NaiveFilter.time(value) }
                #expect(
                    (value.map { ranges.contains($0) } ?? false) == (wanted == true),
                    "\(ranges) of \(object)")
            }
        }
        print("filters: \(counts), with ranges \(withRanges)")
        for value in [true, false, nil] {
            #expect(
                counts[value, default: 0] > Self.filterCount,
                "too few of \(String(describing: value))")
        }
        #expect(withRanges > Self.filterCount)
    }

    @Test("Properties that are null or empty have nothing")
    func nothing() throws {
        var material = RandomFilters(random: .printed())
        for _ in 0..<Self.filterCount {
            let condition = material.condition()
            let predicate = try CorePredicate(condition.filter)
            let wanted = condition.evaluate([:])
            #expect(unsafe predicate.test(UnsafeRawBufferPointer(start: nil, count: 0)) == wanted)
            let empty: [UInt8] = [0xa0]
            #expect(unsafe empty.withUnsafeBytes { unsafe predicate.test($0) } == wanted)
        }
    }

    @Test("Ranges are sorted, disjoint and not empty")
    func rangesAreInOrder() {
        var material = RandomFilters(random: .printed())
        for _ in 0..<Self.filterCount {
            guard let ranges = material.condition().filter.ranges?.ranges else { continue }
            for range in ranges {
                guard let lower = range.lower, let upper = range.upper else { continue }
                let order = lower.value.compare(upper.value)
                #expect(order < 0 || (order == 0 && lower.isIncluded && upper.isIncluded))
            }
            for (a, b) in zip(ranges, ranges.dropFirst()) where a.kind == b.kind {
                guard let end = a.upper, let start = b.lower else {
                    Issue.record("an open end between \(a) and \(b)")
                    continue
                }
                let order = end.value.compare(start.value)
                // Between two that touch in a value, that value is missing.
                #expect(order < 0 || (order == 0 && !end.isIncluded && !start.isIncluded))
            }
            #expect(
                zip(ranges, ranges.dropFirst()).allSatisfy { $0.kind.rawValue <= $1.kind.rawValue })
        }
    }

    @Test("What says the same in another order, repeated, or negated twice is the same filter")
    func normalForm() {
        var material = RandomFilters(random: .printed())
        for _ in 0..<Self.filterCount {
            let parts = (0..<Int.random(in: 1...4, using: &material.random)).map { _ in
                material.condition().filter
            }
            let other = (parts + [parts[0]]).shuffled(using: &material.random)
            let (all, any) = (Filter.all(of: parts), Filter.any(of: parts))
            #expect(all == Filter.all(of: other))
            #expect(any == Filter.any(of: other))
            #expect(all.fingerprint == Filter.all(of: other).fingerprint)
            #expect(!(!all) == all)
            #expect(!all == Filter.any(of: parts.map { !$0 }), "\(all)")
            #expect(parts.dropFirst().reduce(parts[0]) { $0 && $1 } == all)
            #expect(Filter.all(of: all.conjuncts) == all)
            #expect(!all.description.isEmpty)
        }
    }

    @Test("Any program ends in an error or an answer")
    func hostilePrograms() throws {
        var material = RandomFilters(random: .printed())
        let maps = try (0..<8).map { _ in try encode(material.object()) }
        var compiled = 0
        for _ in 0..<Self.filterCount * 5 {
            var program = material.condition().filter.program
            for _ in 0..<Int.random(in: 1...3, using: &material.random) {
                let place = Int.random(in: 0..<program.count, using: &material.random)
                switch Int.random(in: 0..<4, using: &material.random) {
                case 0: program[place] ^= 1 << UInt8.random(in: 0..<8, using: &material.random)
                case 1: program[place] = UInt8.random(in: .min ... .max, using: &material.random)
                case 2: program.remove(at: place)
                default: program.insert(UInt8.random(in: 0...8, using: &material.random), at: place)
                }
                if program.isEmpty { break }
            }
            guard let predicate = try? CorePredicate(program: program) else { continue }
            compiled += 1
            for map in maps {
                unsafe map.withUnsafeBytes { map in
                    let truth = unsafe predicate.test(map)
                    #expect(unsafe predicate.meets(map) == (truth == true))
                }
            }
        }
        print("hostile programs that compile: \(compiled)")
        #expect(compiled > 100)
    }
}

@Suite("Filters")
struct FilterTests {
    private func truth(_ filter: Filter, _ object: JSONObject) throws -> Bool? {
        var output = OutputBuffer()
        try CBOREncoder.append(object, to: &output)
        let predicate = try CorePredicate(filter)
        return unsafe output.bytes.withUnsafeBytes { unsafe predicate.test($0) }
    }

    @Test("Three values: what is missing, null or of another kind is unknown, also negated")
    func threeValues() throws {
        let less: Filter = .property("n") < 5
        for object: JSONObject in [[:], ["n": .null], ["n": "many"], ["n": true], ["n": [1]]] {
            #expect(try truth(less, object) == nil)
            #expect(try truth(!less, object) == nil)
            #expect(try truth(less || .property("m").isMissing, object) == true)
            #expect(try truth(less && .property("m").exists, object) == false)
        }
        #expect(try truth(less, ["n": 4]) == true)
        #expect(try truth(!less, ["n": 4]) == false)
        #expect(try truth(.property("n").exists, ["n": .null]) == true)
        #expect(try truth(.property("n").isNull, [:]) == false)
        #expect(try truth(!.property("n").isNull, [:]) == true)
        #expect(try truth(.property("n").isMissing, ["n": .null]) == false)
        #expect(try truth(.property("n") == JSONValue.null, ["n": .null]) == nil)
        #expect(try truth(.property("n") < Double.nan, ["n": 1]) == nil)
        #expect(try truth(.property("n") < Double.infinity, ["n": 1e308]) == true)
        #expect(try truth(.property("n") == -Double.infinity, ["n": 1]) == false)
    }

    @Test("Literals and variables of all types that JSON holds")
    func types() throws {
        let filters: [Filter] = [
            .property("x") == true, .property("x") == 1, .property("x") == 1.5,
            .property("x") == "a", .property("x") == Int8(1), .property("x") == UInt64.max,
            .property("x") == Float(0.5), .property("x") == "abc".dropFirst(),
            .property("x") == [1, 2], .property("x") == JSONValue.object(["a": 1]),
            .property("x") == (["a": 1] as JSONObject), .property("x").isIn(["a", "b"]),
            .property("x").isIn([1, "b", .null] as [JSONValue]),
            .property("x").between(1, and: 2.5),
            .property("x").between(2.5...4), .property("x").beginsWith("Par"),
            .property("x").contains("ari"), .property("x").containsElement(5),
            .property("x", "y", "z").exists, .property("x").asTimestamp >= Timestamp.now,
        ]
        // Two pairs say the same: 1 and Int8(1), and an object in two types.
        #expect(Set(filters).count == filters.count - 2)
        let kind = "cafe"
        let least = 3
        #expect((.property("kind") == kind) as Filter == (.property("kind") == "cafe"))
        #expect(
            try truth(.property("n") >= least && .property("k") == kind, ["n": 3, "k": "cafe"])
                == true)
    }

    @Test("An expression of ten conditions compiles in reasonable time")
    func tenConditions() throws {
        let filter: Filter =
            .property("kind") == "cafe" && .property("address", "city").beginsWith("Par")
            && !(.property("population") < 1000 || .property("closed").exists)
            && .property("stars") >= 3.5 && .property("stars") <= 5
            && (.property("wifi") == true || .property("seats").between(10, and: 20))
            && .property("tags").containsElement("quiet") && .property("name") != "Deux"
        #expect(filter.conjuncts.count == 8, "\(filter)")
        #expect(
            try truth(
                filter,
                [
                    "kind": "cafe", "address": ["city": "Paris"], "population": 2000, "stars": 4,
                    "seats": 12, "tags": ["new", "quiet"], "name": "Trois",
                ]) == true)
    }

    @Test("Equal questions are equal, whatever they were written with")
    func equality() {
        let a = PropertyPath("a")
        let pairs: [(Filter, Filter)] = [
            (!(a < 5), a >= 5), (a == 1 || a == 2, a.isIn([2, 1, 2])), (a == 1, a == 1.0),
            (a.between(3, and: 3), a == 3), (a.isIn([7]), a == 7),
            (a > 1 && a < 3 && a > 0, a > 1 && a < 3),
            (a != true, a == false), (a > 5 || a <= 5, a < Double.infinity),
            (a.beginsWith("Par"), a >= "Par" && a < "Pas"), (a >= "", a.beginsWith("")),
            (!a.exists, a.isMissing), (!(!a.contains("x")), a.contains("x")),
            (!(a == 1 && PropertyPath("b") == 2), a != 1 || PropertyPath("b") != 2),
            (a == -0.0, a == 0), (a == [1.0, 2], a == [1, 2] as [Int]), (.all(of: []), .everything),
            (a.exists || a.isMissing, .everything), (a.exists && a.isMissing, .any(of: [])),
        ]
        for (x, y) in pairs {
            #expect(x == y, "\(x) and \(y)")
            #expect(x.hashValue == y.hashValue && x.fingerprint == y.fingerprint)
        }
        #expect((a == 1) != (a == 2))
        #expect((PropertyPath("a", "b") == 1) != (PropertyPath("a.b") == 1))
        #expect((PropertyPath("é") == 1) != (PropertyPath("e\u{301}") == 1), "names are bytes")
        #expect(
            (a == "2024-05-01T00:00:00Z")
                != (a.asTimestamp == (try? Timestamp(iso8601: "2024-05-01T00:00:00Z"))!))
    }

    @Test("A filter reads as one would say it")
    func descriptions() throws {
        let a = PropertyPath("a")
        let b = PropertyPath("b", "c d")
        let time = try Timestamp(iso8601: "2024-05-01T00:00:00Z")
        let wanted: [(Filter, String)] = [
            (a == "x", "a == \"x\""), (a != 5, "a != 5"), (a.isIn([3, 1]), "a in [1, 3]"),
            (!a.isIn([3, 1]), "a not in [1, 3]"), (a > 1 && a <= 5, "1 < a <= 5"),
            (a < 1 || a > 5, "a < 1 or a > 5"), (a.beginsWith("Par"), "a begins with \"Par\""),
            (!a.beginsWith("Par"), "a does not begin with \"Par\""), (b.exists, "b.\"c d\" exists"),
            (a.asTimestamp >= time, "a as time >= 2024-05-01T00:00:00Z"),
            (a.contains("x"), "a contains \"x\""), (!a.isNull, "a is not null"),
            (a == 1 && b.isMissing, "b.\"c d\" is missing and a == 1"),
            ((a < 1 || a > 5) && b.isMissing, "b.\"c d\" is missing and (a < 1 or a > 5)"),
            (a == 1 || a == "x", "a == 1 or a == \"x\""), (.everything, "everything"),
            (a.containsElement(5), "a has an element 5"), (a == JSONValue.null, "unknown"),
            (a == true, "a == true"),
        ]
        for (filter, text) in wanted { #expect(filter.description == text) }
    }

    @Test("What is nested too deep is refused with a sentence")
    func limits() throws {
        var filter: Filter = .property("a") == 1
        for level in 0..<70 {
            filter =
                level % 2 == 0
                ? filter || PropertyPath("b\(level)").exists
                : filter && PropertyPath("c\(level)").exists
        }
        #expect(throws: FormDBError.self) { try CorePredicate(filter) }
        var value = JSONValue.int(1)
        for _ in 0..<127 { value = .array([value]) }
        #expect {
            try CorePredicate(.property("a") == value && .property("b").exists)
        } throws: { ($0 as? FormDBError)?.code == .tooLarge }
        // Deeper than anything stored can be: nothing equals it.
        for _ in 0..<10 { value = .array([value]) }
        #expect(try truth(.property("a") == value, ["a": [1]]) == false)
        #expect(throws: FormDBError.self) { try CorePredicate(program: []) }
    }

    @Test("A view keeps the positions of the features that meet a filter, in their order")
    func view() throws {
        let directory = TemporaryDirectory()
        let db = try Database(at: directory.url)
        try db.write { tx in
            for index in 0..<500 {
                try tx.insert(
                    Feature(
                        id: FeatureID(index),
                        geometry: .point(longitude: Double(index) / 10, latitude: 0),
                        properties: index % 7 == 0
                            ? nil : ["n": .int(Int64(index)), "even": .bool(index % 2 == 0)]),
                    into: "things")
            }
        }
        let predicate = try CorePredicate(.property("n") >= 100 && .property("even") == true)
        try db.features(in: "things").order(by: .id, descending: true).withAnswer {
            view, positions in
            let all = positions.array
            view.filter(positions, predicate)
            let wanted = all.filter { position in
                let id = Int(view.id(at: position).integerValue!)
                return id >= 100 && id % 2 == 0 && id % 7 != 0
            }
            #expect(positions.array == wanted)
            #expect(wanted.count == 172)
            for position in all {
                #expect(view.meets(predicate, at: position) == wanted.contains(position))
            }
        }
        try db.close()
    }
}

@Suite("Text as time in the core")
struct CoreTimestampTests {
    @Test("The core reads a text as a time exactly where Swift does, and as the same")
    func agree() {
        var random = SeededGenerator.printed()
        let seeds = [
            "2024-05-01T12:00:00Z", "2024-02-29T23:59:60.1234565+02:00",
            "1969-12-31 00:00:00.999999500z",
            "-290308-12-21T19:59:05.224192Z", "+294247-01-10T04:00:54.775807Z",
            "0000-01-01t00:00:00-2359",
            "+010000-12-31T24:00:00Z", "2023-02-29T00:00:00Z", "1900-02-29T00:00:00Z",
            "2000-02-29T00:00:00+05",
        ]
        let signs = Array("0123456789-+:.TtZz ,é")
        var accepted = 0
        for _ in 0..<100_000 {
            var text = Array(seeds[Int.random(in: 0..<seeds.count, using: &random)])
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                let place = Int.random(in: 0..<text.count, using: &random)
                let sign = signs[Int.random(in: 0..<signs.count, using: &random)]
                switch Int.random(in: 0..<6, using: &random) {
                case 0: text.insert(sign, at: place)
                case 1 where text.count > 1: text.remove(at: place)
                case 2: text[place] = sign
                default:
                    if text[place].isNumber {
                        text[place] = signs[Int.random(in: 0..<10, using: &random)]
                    }
                }
            }
            let whole = String(text)
            let wanted = try? Timestamp(iso8601: whole, parsing: .lenient)
            if wanted != nil { accepted += 1 }
            #expect(CoreTimestamp.read(whole) == wanted, "\(whole)")
        }
        #expect(accepted > 10_000)
        #expect(CoreTimestamp.read("") == nil)
    }
}
