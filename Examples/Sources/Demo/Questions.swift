import FormDB
import Foundation

/// A question, its answer in one line, and how long the database took.
struct Answer {
    let question: String
    let summary: String
    let elapsed: Duration
}

/// Asks the database what a user would, and prints answers and times.
///
/// Times are of the first asking, everything included: nothing is warmed up or asked twice.
final class Questions {
    let db: Database
    private(set) var answers: [Answer] = []
    /// The quake of 25 February 2022 in Sumatra, of magnitude 6.2.
    static let epicentre: FeatureID = "us6000gzyg"

    init(_ db: Database) { self.db = db }

    func run() throws {
        try askAcrossTheAntimeridian()
        let quake = try askEpicentre()
        let nearest = try askNearestCities(quake)
        try askAround(quake)
        try askDeepest()
        try askLastQuakes()
        try askCountries()
        try askHourlyAgainstDaily()
        try askMonthsInNewYork()
        try askLatestOfEachSeries()
        try correctTheWind()
        try noteNearestCity(quake, nearest)
        try askWhoWrote()
        try askJournal()
    }

    /// Runs a question, prints it with its time, and keeps it for the page.
    func ask<Value>(
        _ question: String, _ body: () throws -> Value, answer: (Value) -> String,
        details: (Value) -> Void = { _ in }
    ) rethrows -> Value {
        let clock = ContinuousClock()
        let start = clock.now
        let value = try body()
        let elapsed = clock.now - start
        let summary = answer(value)
        answers.append(Answer(question: question, summary: summary, elapsed: elapsed))
        let number = Console.pad("\(answers.count).", -4)
        print("\n\(number) \(question)   [\(Console.time(elapsed))]")
        print("     \(summary)")
        details(value)
        return value
    }
}

// MARK: - Places and times

extension Questions {
    /// West is greater than east: the box runs from Vanuatu across ±180° to Tonga and the Kermadecs.
    private func askAcrossTheAntimeridian() throws {
        let box = BoundingBox(west: 165, south: -40, east: -170, north: -10)
        let week =
            try Timestamp(
                iso8601: "2022-02-26T00:00:00Z")..<Timestamp(iso8601: "2022-03-05T00:00:00Z")
        _ = try ask(
            "Which earthquakes above magnitude 5 shook 165° E to 170° W, 40° S to 10° S, in the week from 26 February?"
        ) {
            try db.features(in: "earthquakes").bounds(intersecting: box).during(week)
                .order(by: .time).filter { $0.magnitude > 5 }
        } answer: { quakes in
            let east = quakes.filter { ($0.position?.longitude ?? 0) > 0 }.count
            return
                "\(quakes.count): \(east) west of the antimeridian, \(quakes.count - east) east of it"
        } details: { quakes in
            Console.table(quakes.map(\.quakeRow), right: [1, 2, 3])
        }
    }

    private func askEpicentre() throws -> Feature {
        let quake = try ask("Where was earthquake \(Self.epicentre)?") {
            try db.feature(Self.epicentre, in: "earthquakes")
        } answer: { quake in
            guard let quake, let place = quake.position else { return "there is none" }
            return "\(quake.text("place")), \(place.degrees), magnitude \(quake.text("mag")), "
                + "\(quake.text("depth")) km deep, \(quake.time.map(\.minute) ?? "")"
        }
        guard let quake else { throw DemoError("earthquake \(Self.epicentre) is missing") }
        return quake
    }

    private func askNearestCities(_ quake: Feature) throws -> [Neighbor] {
        guard let epicentre = quake.position else { return [] }
        return try ask("Which ten cities are nearest to that epicentre, in km on the ellipsoid?") {
            try db.features(in: "cities").nearest(to: epicentre, limit: 10).fetchAll()
        } answer: { cities in
            guard let first = cities.first, let last = cities.last else { return "none" }
            return "from \(first.feature.text("name")) at \(first.distance.short) to "
                + "\(last.feature.text("name")) at \(last.distance.short)"
        } details: { cities in
            Console.table(
                cities.map { city in
                    [
                        city.distance.short, city.feature.text("name"), city.feature.text("admin1"),
                        city.feature.text("cc"),
                    ]
                }, right: [0])
        }
    }

    private func askAround(_ quake: Feature) throws {
        guard let epicentre = quake.position, let time = quake.time?.start else { return }
        _ = try ask(
            "What else shook within 100 km of it in the five days after, and how many cities are that near?"
        ) {
            // One state for both questions, whatever is written meanwhile.
            try db.read { snapshot in
                (
                    try snapshot.features(in: "earthquakes").during(
                        time..<time + .seconds(5 * 86_400)
                    )
                    .within(.kilometers(100), of: epicentre).fetchAll(),
                    try snapshot.features(in: "cities")
                        .within(.kilometers(100), of: epicentre).fetchCount()
                )
            }
        } answer: { quakes, cities in
            let strongest = quakes.map(\.feature).filter { $0.id != Self.epicentre }
                .max { $0.magnitude < $1.magnitude }
            return "\(quakes.count - 1) more earthquakes, the strongest of magnitude "
                + "\(strongest?.text("mag") ?? "–"); \(cities) cities"
        }
    }

    private func askDeepest() throws {
        _ = try ask("Of all events, how many are there, and which was the deepest?") {
            try db.read { snapshot in
                var count = 0
                var deepest: (id: FeatureID, depth: Double)?
                // A view reads one property in place; only the deepest is decoded.
                try snapshot.features(in: "earthquakes").forEachView { quake in
                    count += 1
                    let depth = try quake.property("depth")?.doubleValue ?? -.infinity
                    if depth > deepest?.depth ?? -.infinity { deepest = (quake.id, depth) }
                }
                return (
                    count, try deepest.flatMap { try snapshot.feature($0.id, in: "earthquakes") }
                )
            }
        } answer: { count, deepest in
            "\(Console.number(count)); the deepest was \(deepest?.text("depth") ?? "–") km down: "
                + "\(deepest?.text("place") ?? "–"), magnitude \(deepest?.text("mag") ?? "–")"
        }
    }

    private func askLastQuakes() throws {
        _ = try ask("Which were the last five events anywhere?") {
            try db.features(in: "earthquakes").order(by: .time, descending: true).limit(5)
                .fetchAll()
        } answer: { quakes in
            "the last at \(quakes.first?.time?.minute ?? "–")"
        } details: { quakes in
            Console.table(quakes.map(\.quakeRow), right: [1, 2, 3])
        }
    }

    private func askCountries() throws {
        let box = BoundingBox(west: 178, south: -25, east: -175, north: -10)
        _ = try ask(
            "Which countries have a bounding box that meets 178° E to 175° W, 25° S to 10° S?"
        ) {
            try db.features(in: "countries").bounds(intersecting: box).fetchAll()
        } answer: { countries in
            countries.isEmpty
                ? "none" : countries.map { $0.text("name") }.sorted().joined(separator: ", ")
        }
    }
}

// MARK: - Series

extension Questions {
    private func askHourlyAgainstDaily() throws {
        let january =
            try Timestamp(
                iso8601: "2013-01-01T00:00:00Z")..<Timestamp(iso8601: "2013-02-01T00:00:00Z")
        _ = try ask(
            "At JFK in January 2013, how far do hourly temperatures stray from the mean of their day?"
        ) {
            let request = db.series("weather/JFK").field("temp_f").during(january)
            return (try request.fetchCount(), try request.windows(.days(1)).all())
        } answer: { hours, days in
            let spread = days.map { (day: $0, by: Self.stray($0)) }.max { $0.by < $1.by }
            guard let spread else { return "no points" }
            return "\(hours) hours in \(days.count) days; most on \(spread.day.start.day), by "
                + "\(Console.decimal(spread.by / 1.8, 1)) °C"
        } details: { _, days in
            let widest = days.sorted { Self.stray($0) > Self.stray($1) }.prefix(4)
                .sorted { $0.start < $1.start }
            let rows = widest.map { day in
                [
                    day.start.day, celsius(day.mean), celsius(day.minimum), celsius(day.maximum),
                    "\(day.count)",
                ]
            }
            Console.table(
                [["day", "mean °C", "lowest", "highest", "hours"]] + rows, right: [1, 2, 3, 4])
        }
    }

    private static func stray(_ day: WindowedAggregate) -> Double {
        guard let mean = day.mean, let low = day.minimum, let high = day.maximum else { return 0 }
        return max(high - mean, mean - low)
    }

    /// Months begin at midnight in New York, summer or winter: windows of a calendar are edges.
    private func askMonthsInNewYork() throws {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = TimeZone(identifier: "America/New_York") ?? .gmt
        let edges = (1...13).compactMap { month in
            calendar.date(from: DateComponents(year: 2013, month: month, day: 1)).map {
                Timestamp($0)
            }
        }
        _ = try ask("How warm was each month at the three airports, by New York's own calendar?") {
            try ["EWR", "JFK", "LGA"].map { station in
                (
                    station,
                    try db.series("weather/\(station)").field("temp_f")
                        .windows(edges: edges, includingEmpty: true).mean()
                )
            }
        } answer: { stations in
            let all = stations.flatMap { station, months in
                months.compactMap { month in month.value.map { (station, month.start, $0) } }
            }
            guard let warmest = all.max(by: { $0.2 < $1.2 }) else { return "no points" }
            return
                "warmest: \(warmest.0) in \(monthNames[calendar.component(.month, from: Date(warmest.1)) - 1]), "
                + "\(celsius(warmest.2)) °C on average"
        } details: { stations in
            let rows = stations.map { station, months in
                [station] + months.map { celsius($0.value) }
            }
            Console.table([["°C"] + monthNames] + rows, right: Set(1...12))
        }
    }

    private func askLatestOfEachSeries() throws {
        _ = try ask("What is the latest point of each series?") {
            try db.read { snapshot in
                try snapshot.schema().series.map { series in
                    (series, try snapshot.series(series.name).latest())
                }
            }
        } answer: { latest in
            "\(latest.count) series; the newest point is of \(latest.compactMap { $0.1?.time }.max()?.minute ?? "–")"
        } details: { latest in
            for (series, point) in latest {
                guard let point else { continue }
                let values = zip(series.fields, point.values).filter { !$1.isNaN }
                    .map { "\($0) \(Console.decimal($1, 1))" }
                print(
                    "       \(series.name)  \(point.time.minute)  \(values.prefix(5).joined(separator: ", ")), …"
                )
            }
        }
    }
}

// MARK: - Writing, and who wrote

extension Questions {
    /// A sensor of Newark reported 1048 mph of wind. It is taken back, with a reason.
    private func correctTheWind() throws {
        let fields = ["wind_speed_mph", "wind_gust_mph"]
        let series = db.series("weather/EWR")
        _ = try ask(
            "What is the strongest wind at Newark, before and after the impossible one is taken back?"
        ) {
            let before = try series.field(fields[0]).max()
            let names = try db.schema().series("weather/EWR")?.fields ?? []
            let me = Provenance(
                actor: "weather-desk", kind: .person, reason: "no wind blows at more than 250 mph")
            let commit = try db.write(by: me) { tx in
                let all = try tx.series("weather/EWR").fetchAll()
                guard let column = names.firstIndex(of: fields[0]) else { return 0 }
                let wrong = all.filter { $0.values[column] > 250 }
                let right = wrong.map { point in
                    var point = point
                    for (index, name) in names.enumerated() where fields.contains(name) {
                        point.values[index] = .nan  // no value
                    }
                    return point
                }
                try tx.replace(right, in: "weather/EWR")
                return right.count
            }
            return (before, try series.field(fields[0]).max(), commit.value)
        } answer: { before, after, count in
            "\(Console.decimal(before ?? .nan, 0)) mph before, \(Console.decimal(after ?? .nan, 0)) mph "
                + "after \(count) point was replaced"
        }
    }

    /// Writes into the earthquake what the question about cities found out.
    private func noteNearestCity(_ quake: Feature, _ nearest: [Neighbor]) throws {
        guard let city = nearest.first else { return }
        let note: JSONObject = [
            "nearestCity": .string(city.feature.text("name")),
            "nearestCityKm": .double((city.distance.kilometers * 10).rounded() / 10),
        ]
        let me = Provenance(
            actor: "formdb-demo", kind: .agent, source: "cities",
            reason: "note the nearest city, as computed")
        _ = try ask("Can the nearest city be noted in the earthquake, in a transaction of its own?")
        {
            try db.write(by: me) { tx in
                try tx.merge(Self.epicentre, in: "earthquakes", patch: note)
            }
        } answer: { commit in
            "transaction \(commit.sequence), block \(commit.block), \(commit.value.text("nearestCity")), "
                + "\(commit.value.text("nearestCityKm")) km"
        }
    }

    private func askWhoWrote() throws {
        _ = try ask("Who wrote earthquake \(Self.epicentre), and why?") {
            var found: [(JournalBlock, String)] = []
            try db.journal().forEach { block in
                for operation in block.operations
                where operation.target == "earthquakes" && operation.featureID == Self.epicentre {
                    found.append((block, operation.description))
                }
            }
            return found
        } answer: { found in
            "\(found.count) of \(db.publishedSequence) transactions did"
        } details: { found in
            for (block, operation) in found {
                let licence = block.provenance?.context?["licence"]?.stringValue
                print(
                    "       #\(block.sequence) \(block.time.minute)  \(block.provenance?.description ?? "–")"
                )
                print("          \(operation)\(licence.map { "; licence: \($0)" } ?? "")")
            }
        }
    }

    private func askJournal() throws {
        let last = db.publishedSequence
        _ = try ask("What are the last five blocks of the journal?") {
            try db.journal(since: last > 5 ? last - 5 : 0).fetchAll()
        } answer: { blocks in
            "#\(blocks.first?.sequence ?? 0) to #\(blocks.last?.sequence ?? 0)"
        } details: { blocks in
            for block in blocks {
                for line in block.description.split(separator: "\n").prefix(5) {
                    print("       \(line)")
                }
            }
        }
    }
}
