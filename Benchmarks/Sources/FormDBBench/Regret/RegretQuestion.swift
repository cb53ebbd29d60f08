import FormDB
import Foundation

/// A question of the regret suite: what it asks, in parts, so that it can also be answered by hand.
struct RegretQuestion: Sendable {
    var kind: String
    var collection: String
    var box: BoundingBox?
    var time: Range<Timestamp>?
    var filter: Filter?
    var ids: [Int64]?
    var order: FeatureOrder?
    var isDescending = false
    var limit: Int?
    var nearestTo: Position?
    /// Only the number is asked for.
    var counts = false

    func request(in data: RegretData) -> FeatureRequest {
        var query = FeatureQuery(in: collection)
        if let box { query = query.bounds(intersecting: box) }
        if let time { query = query.during(TimeRange(time)) }
        if let filter { query = query.filter(filter) }
        if let ids { query = query.ids(ids.map { .integer($0) }) }
        if let order { query = query.order(by: order, descending: isDescending) }
        if let nearestTo {
            query = query.nearest(to: nearestTo, limit: limit ?? 10)
        } else if let limit {
            query = query.limit(limit)
        }
        return data.database(of: collection).features(query)
    }
}

/// Makes the questions: kinds in turn, sizes and strengths at random on a logarithmic scale, so that what is best
/// changes within a kind.
struct RegretQuestions {
    let data: RegretData
    private var random: Random

    init(_ data: RegretData, seed: UInt64) {
        self.data = data
        random = Random(seed: seed)
    }

    private typealias Kind = (
        name: String, make: @Sendable (inout RegretQuestions) -> RegretQuestion
    )

    mutating func questions(_ count: Int) -> [RegretQuestion] {
        let kinds = Self.kinds.filter { kind in
            switch kind.name {
            case "quakes": data.rows[RegretData.quakes] != nil
            case "cities": data.rows[RegretData.cities] != nil
            default: true
            }
        }
        return (0..<count).map { number in
            let kind = kinds[number % kinds.count]
            var question = kind.make(&self)
            question.kind = kind.name
            return question
        }
    }

    // MARK: Parts

    /// From `low` to `high`, each tenfold as likely as the next.
    private mutating func scale(_ low: Double, _ high: Double) -> Double {
        low * pow(high / low, random.unit())
    }

    private mutating func chance(_ share: Double) -> Bool { random.unit() < share }

    private mutating func pick<T>(_ all: [T]) -> T { all[random.index(below: all.count)] }

    private mutating func box(in name: String, _ low: Double, _ high: Double) -> BoundingBox {
        box(around: data.place(in: name, &random), scale(low, high))
    }

    private func box(around middle: Position, _ side: Double) -> BoundingBox {
        BoundingBox(
            west: max(-180, middle.longitude - side / 2),
            south: max(-90, middle.latitude - side / 4),
            east: min(180, middle.longitude + side / 2),
            north: min(90, middle.latitude + side / 4))
    }

    private mutating func days(_ low: Double, _ high: Double) -> Range<Timestamp> {
        let length = Int64(scale(low, high) * Double(RegretData.day))
        let room = RegretData.days * RegretData.day - length
        let start = RegretData.start + Int64(random.unit() * Double(max(room, 1)))
        return Timestamp(microseconds: start)..<Timestamp(microseconds: start + length)
    }

    private mutating func strong(_ low: Double, _ high: Double) -> Filter {
        let bound = (random.uniform(low, high) * 10).rounded() / 10
        return .property("magnitude") >= bound
    }

    private static let all = BoundingBox(west: -180, south: -90, east: 180, north: 90)
    private static let felt: Filter = .property("felt") == true

    private mutating func events(_ kind: String = "") -> RegretQuestion {
        RegretQuestion(kind: kind, collection: RegretData.events)
    }

    // MARK: Kinds

    private static let kinds: [Kind] = [
        (
            "box",
            { q in
                var question = q.events()
                question.box = q.box(in: RegretData.events, 0.05, 300)
                return question
            }
        ),
        (
            "time",
            { q in
                var question = q.events()
                question.time = q.days(0.01, 300)
                question.order = q.chance(0.3) ? .id : nil
                return question
            }
        ),
        (
            "box and time",
            { q in
                var question = q.events()
                question.box = q.box(in: RegretData.events, 0.5, 300)
                question.time = q.days(0.01, 300)
                return question
            }
        ),
        (
            "a box within an hour",
            { q in
                var question = q.events()
                question.box = q.box(in: RegretData.events, 5, 360)
                question.time = q.days(0.01, 0.1)
                return question
            }
        ),
        (
            "a small box within months",
            { q in
                var question = q.events()
                question.box = q.box(in: RegretData.events, 0.02, 1)
                question.time = q.days(60, 360)
                return question
            }
        ),
        (
            "box, week and magnitude",
            { q in
                var question = q.events()
                question.box = q.box(in: RegretData.events, 1, 200)
                question.time = q.days(1, 30)
                question.filter = q.strong(0, 6)
                return question
            }
        ),
        (
            "the world in a moment",
            { q in
                var question = q.events()
                question.box = Self.all
                question.time = q.days(0.001, 3)
                return question
            }
        ),
        (
            "the world, some of it",
            { q in
                var question = q.events()
                question.box = Self.all
                question.limit = Int(q.scale(1, 10_000))
                if q.chance(0.5) { question.filter = q.strong(0, 3) }
                return question
            }
        ),
        (
            "magnitude alone",
            { q in
                var question = q.events()
                question.filter = q.strong(1, 7)
                return question
            }
        ),
        (
            "magnitude in a box",
            { q in
                var question = q.events()
                question.filter = q.strong(1, 7)
                question.box = q.box(in: RegretData.events, 0.5, 360)
                return question
            }
        ),
        (
            "a rare text in much",
            { q in
                var question = q.events()
                question.filter = .property("kind") == "kind \(q.random.index(below: 12))"
                if q.chance(0.7) { question.box = q.box(in: RegretData.events, 0.5, 200) }
                if q.chance(0.5) { question.time = q.days(0.1, 200) }
                return question
            }
        ),
        (
            "what has no index",
            { q in
                var question = q.events()
                question.filter = q.chance(0.5) ? Self.felt : .property("depth") < q.scale(0.5, 300)
                question.box = q.box(in: RegretData.events, 0.5, 100)
                if q.chance(0.5) { question.time = q.days(0.5, 300) }
                return question
            }
        ),
        (
            "the newest that are rare",
            { q in
                var question = q.events()
                question.filter = q.chance(0.3) ? Self.felt : q.strong(2, 6.5)
                question.order = .time
                question.isDescending = true
                question.limit = Int(q.scale(1, 100))
                return question
            }
        ),
        (
            "the newest that are common",
            { q in
                var question = q.events()
                if q.chance(0.5) { question.filter = .property("depth") < q.scale(70, 700) }
                if q.chance(0.5) { question.box = q.box(in: RegretData.events, 20, 360) }
                question.order = .time
                question.isDescending = q.chance(0.7)
                question.limit = Int(q.scale(1, 1_000))
                return question
            }
        ),
        (
            "the newest of a box",
            { q in
                var question = q.events()
                question.box = q.box(in: RegretData.events, 0.1, 100)
                question.order = .time
                question.isDescending = true
                question.limit = Int(q.scale(1, 100))
                return question
            }
        ),
        (
            "the strongest",
            { q in
                var question = q.events()
                if q.chance(0.6) { question.box = q.box(in: RegretData.events, 0.5, 360) }
                if q.chance(0.5) { question.time = q.days(0.1, 360) }
                question.order = .property("magnitude")
                question.isDescending = q.chance(0.9)
                question.limit = Int(q.scale(1, 200))
                return question
            }
        ),
        (
            "tiny collections",
            { q in
                let name = q.chance(0.5) ? RegretData.tiny : RegretData.few
                var question = RegretQuestion(kind: "", collection: name)
                if q.chance(0.7) { question.box = q.box(in: name, 10, 360) }
                if q.chance(0.5) { question.time = q.days(10, 300) }
                if q.chance(0.5) { question.filter = q.strong(0, 2) }
                return question
            }
        ),
        (
            "many tiny segments",
            { q in
                var question = RegretQuestion(kind: "", collection: RegretData.segments)
                if q.chance(0.7) { question.box = q.box(in: RegretData.segments, 0.5, 360) }
                if q.chance(0.5) { question.time = q.days(1, 300) }
                if q.chance(0.5) { question.filter = q.strong(0, 5) }
                if q.chance(0.3) {
                    question.order = q.chance(0.5) ? .time : .property("magnitude")
                    question.isDescending = true
                    question.limit = Int(q.scale(1, 100))
                }
                return question
            }
        ),
        (
            "place and time go together",
            { q in
                var question = RegretQuestion(kind: "", collection: RegretData.track)
                question.time = q.days(0.5, 40)
                let middle = (question.time!.lowerBound.microseconds - RegretData.start)
                let part = Double(middle) / Double(RegretData.days * RegretData.day)
                let longitude = -179 + 358 * part
                let side = q.scale(2, 60)
                question.box = BoundingBox(
                    west: max(-180, longitude - side / 2), south: -90,
                    east: min(180, longitude + side),
                    north: 90)
                if q.chance(0.3) { question.filter = .property("speed") >= q.scale(1, 30) }
                return question
            }
        ),
        (
            "place and time exclude each other",
            { q in
                var question = RegretQuestion(kind: "", collection: RegretData.track)
                question.time = q.days(0.5, 60)
                let middle = (question.time!.lowerBound.microseconds - RegretData.start)
                let part = Double(middle) / Double(RegretData.days * RegretData.day)
                let longitude =
                    part < 0.5 ? 60 + 100 * q.random.unit() : -160 + 100 * q.random.unit()
                let side = q.scale(2, 40)
                question.box = BoundingBox(
                    west: max(-180, longitude - side / 2), south: -90,
                    east: min(180, longitude + side / 2), north: 90)
                return question
            }
        ),
        (
            "times beyond all",
            { q in
                var question = q.events()
                let length = RegretData.day * Int64(q.scale(1, 300))
                let beyond =
                    RegretData.start + RegretData.days * RegretData.day - RegretData.day / 50
                question.time =
                    Timestamp(microseconds: beyond)..<Timestamp(microseconds: beyond + length)
                if q.chance(0.7) { question.box = q.box(in: RegretData.events, 5, 360) }
                return question
            }
        ),
        (
            "a property of one place",
            { q in
                var question = q.events()
                let number = Int(300 * q.random.unit() * q.random.unit())
                let other = Int(300 * q.random.unit() * q.random.unit())
                question.filter = .property("region") == "region \(number)"
                let middle = q.data.clusters[q.chance(0.5) ? number : other]
                question.box = q.box(around: middle, q.scale(0.2, 30))
                if q.chance(0.3) { question.time = q.days(1, 100) }
                return question
            }
        ),
        (
            "ids and more",
            { q in
                var question = q.events()
                let count = Int(q.scale(1, 3_000))
                let rows = q.data.rows[RegretData.events] ?? 1
                question.ids = (0..<count).map { _ in Int64(1 + q.random.index(below: rows)) }
                if q.chance(0.5) { question.box = q.box(in: RegretData.events, 0.5, 360) }
                if q.chance(0.5) { question.filter = q.strong(0, 4) }
                return question
            }
        ),
        (
            "many of a few ids",
            { q in
                var question = q.events()
                let rows = q.data.rows[RegretData.events] ?? 1
                let count = Int(q.scale(10_000, 100_000))
                let first = q.random.index(below: max(1, rows - count))
                question.ids = (0..<min(count, rows)).map { Int64(1 + first + $0) }
                question.box = q.box(in: RegretData.events, 0.1, 5)
                return question
            }
        ),
        (
            "most of all",
            { q in
                var question = q.events()
                question.filter = .property("depth") >= q.random.uniform(10, 600)
                if q.chance(0.5) { question.box = q.box(in: RegretData.events, 250, 360) }
                if q.chance(0.5) { question.time = q.days(150, 360) }
                return question
            }
        ),
        (
            "what no index knows, anywhere",
            { q in
                var question = q.events()
                question.filter = q.chance(0.5) ? Self.felt : .property("depth") < q.scale(0.5, 300)
                if q.chance(0.3) { question.time = q.days(100, 360) }
                question.counts = q.chance(0.5)
                return question
            }
        ),
        (
            "the strongest that are common",
            { q in
                var question = q.events()
                if q.chance(0.5) { question.filter = .property("depth") < q.scale(70, 700) }
                question.order = .property("magnitude")
                question.isDescending = q.chance(0.7)
                question.limit = Int(q.scale(1, 1_000))
                return question
            }
        ),
        (
            "how many",
            { q in
                var question = q.events()
                question.counts = true
                question.box = q.box(in: RegretData.events, 0.5, 360)
                if q.chance(0.6) { question.time = q.days(0.1, 300) }
                if q.chance(0.5) { question.filter = q.strong(1, 6) }
                return question
            }
        ),
        (
            "nearest that meet a filter",
            { q in
                var question = q.events()
                question.nearestTo = q.data.place(in: RegretData.events, &q.random)
                question.limit = Int(q.scale(1, 30))
                question.filter = q.chance(0.2) ? Self.felt : q.strong(0, 6)
                if q.chance(0.3) { question.time = q.days(1, 300) }
                return question
            }
        ),
        (
            "quakes",
            { q in
                var question = RegretQuestion(kind: "", collection: RegretData.quakes)
                if q.chance(0.7) { question.box = q.box(in: RegretData.quakes, 1, 300) }
                if q.chance(0.7) {
                    let times = q.data.quakeTimes
                    let length = Int64(q.scale(0.1, 20) * Double(RegretData.day))
                    let room = max(1, times.upperBound - times.lowerBound - length)
                    let start = times.lowerBound + Int64(q.random.unit() * Double(room))
                    question.time =
                        Timestamp(microseconds: start)..<Timestamp(microseconds: start + length)
                }
                if q.chance(0.6) {
                    question.filter =
                        q.chance(0.3)
                        ? .property("net") == q.pick(["ak", "us", "ci", "pr", "hv"])
                        : .property("mag") >= q.random.uniform(1, 6)
                }
                if q.chance(0.3) {
                    question.order = q.chance(0.5) ? .time : .property("mag")
                    question.isDescending = true
                    question.limit = 10
                }
                return question
            }
        ),
        (
            "cities",
            { q in
                var question = RegretQuestion(kind: "", collection: RegretData.cities)
                question.box = q.box(in: RegretData.cities, 0.5, 100)
                if q.chance(0.7) { question.filter = .property("cc") == q.pick(q.data.countries) }
                if q.chance(0.2) {
                    question.order = .property("name")
                    question.limit = 10
                }
                return question
            }
        ),
    ]
}
