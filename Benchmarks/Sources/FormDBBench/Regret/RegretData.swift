@_spi(Benchmark) import FormDB
import Foundation

/// The collections that the regret suite asks: a million made events, a track whose places and times go together, two
/// tiny ones, and the real earthquakes and cities.
struct RegretData {
    static let events = "events"
    static let track = "track"
    static let tiny = "tiny"
    static let few = "few"
    static let quakes = "quakes"
    static let cities = "cities"
    /// Cut into 200 sources of 100 rows.
    static let segments = "segments"
    static let segmentCount = 200

    /// Of the events: 2021.
    static let start: Int64 = 1_609_459_200_000_000
    static let day: Int64 = 86_400_000_000
    static let days: Int64 = 365

    private let whole: Database
    private let cut: Database
    /// Places of some rows of each collection, to ask around; and the times of some quakes.
    private(set) var places: [String: [Position]] = [:]
    private(set) var quakeTimes: ClosedRange<Int64> = 0...1
    private(set) var countries: [String] = []
    private(set) var rows: [String: Int] = [:]
    /// The middles of the events' clusters, which are also their regions.
    private(set) var clusters: [Position] = []

    init(_ surroundings: Surroundings, events: Int) throws {
        var configuration = Database.Configuration.measured
        if ProcessInfo.processInfo.environment["FORMDB_REGRET_CALIBRATED"] != nil {
            configuration.planCosts = try .measured()
        }
        whole = try .inMemory(configuration: configuration)
        configuration.cutSources(into: Self.segmentCount)
        cut = try .inMemory(configuration: configuration)
        var random = Random(seed: 31)
        clusters = (0..<300).map { _ in
            Position(longitude: random.uniform(-175, 175), latitude: random.uniform(-70, 70))
        }
        try add(Self.events, events, indexed: ["magnitude", "kind", "region"]) { [clusters] id in
            Self.event(id, clusters, &random)
        }
        // It goes once around the globe in a year.
        try add(Self.track, events / 5, indexed: ["speed"]) { id in
            let part = Double(id) / Double(events / 5)
            return Feature(
                id: .integer(Int64(id)),
                geometry: .point(
                    longitude: -179 + 358 * part + random.uniform(-0.5, 0.5),
                    latitude: 40 * sin(part * 40) + random.uniform(-0.5, 0.5)),
                properties: [
                    "speed": .double((random.uniform(0, 30) * 10).rounded() / 10),
                    "leg": .int(Int64(part * 100)),
                ],
                time: .instant(
                    Timestamp(
                        microseconds: Self.start
                            + Int64(part * Double(Self.days * Self.day)))))
        }
        for (name, count) in [
            (Self.tiny, 40), (Self.few, 2_000), (Self.segments, 100 * Self.segmentCount),
        ] {
            try add(name, count, indexed: ["magnitude"]) { [clusters] id in
                Self.event(id, clusters, &random)
            }
        }
        try addFile(
            Self.quakes, surroundings.data.appending(path: "earthquakes_2022_month.csv"),
            columns: CSVFeatureColumns(time: "time"), indexed: ["mag", "net"])
        try addFile(
            Self.cities, surroundings.data.appending(path: "cities_1000.csv"),
            columns: CSVFeatureColumns(), indexed: ["cc", "admin1"])
    }

    /// Two of three in a cluster, few clusters holding most; one in six lasts a while. Strengths are as earthquakes'
    /// are: each whole number less than a tenth as often.
    private static func event(_ id: Int, _ clusters: [Position], _ random: inout Random) -> Feature
    {
        let number = Int(Double(clusters.count) * random.unit() * random.unit())
        let isClustered = random.unit() < 0.67
        let middle = clusters[number]
        let place =
            isClustered
            ? (
                middle.longitude + 2 * (random.unit() + random.unit() - 1),
                middle.latitude + 2 * (random.unit() + random.unit() - 1)
            ) : (random.uniform(-180, 180), random.uniform(-90, 90))
        let at = start + Int64(random.unit() * Double(days * day))
        let lasts = random.index(below: 6) == 0
        let end = at + Int64(random.unit() * 3_600_000_000)
        let magnitude = min(9.5, -log10(max(random.unit(), 1e-9)))
        var properties: JSONObject = [
            "magnitude": .double((magnitude * 10).rounded() / 10),
            "kind": .string("kind \(Int(12 * random.unit() * random.unit() * random.unit()))"),
            "depth": .double((random.uniform(0, 700) * 10).rounded() / 10),
            "felt": .bool(random.index(below: 20_000) == 0),
            "title": .string("M \(id) of the north"),
        ]
        if isClustered { properties["region"] = .string("region \(number)") }
        return Feature(
            id: .integer(Int64(id)), geometry: .point(longitude: place.0, latitude: place.1),
            properties: properties,
            time: lasts
                ? .interval(Timestamp(microseconds: at), Timestamp(microseconds: end))
                : .instant(Timestamp(microseconds: at)))
    }

    /// Where a collection is.
    func database(of name: String) -> Database { name == Self.segments ? cut : whole }

    private mutating func add(
        _ name: String, _ count: Int, indexed: [String], _ make: (Int) -> Feature
    ) throws {
        let database = database(of: name)
        var some: [Position] = []
        for start in stride(from: 1, through: count, by: 1_000) {
            try database.write { tx in
                if start == 1 {
                    for path in indexed { try tx.createIndex(on: path, in: name) }
                }
                for id in start..<min(start + 1_000, count + 1) {
                    let feature = make(id)
                    if id % max(1, count / 1_000) == 0, case .point(let place)? = feature.geometry {
                        some.append(place)
                    }
                    try tx.insert(feature, into: name)
                }
            }
        }
        places[name] = some
        rows[name] = count
    }

    /// Leaves the collection out when the file is not there.
    private mutating func addFile(
        _ name: String, _ file: URL, columns: CSVFeatureColumns, indexed: [String]
    ) throws {
        guard FileManager.default.fileExists(atPath: file.path) else { return }
        let reader = try CSVFeatureReader(contentsOf: file, columns: columns)
        var features: [Feature] = []
        while var feature = try reader.next() {
            feature.id = .integer(Int64(features.count + 1))
            features.append(feature)
        }
        try add(name, features.count, indexed: indexed) { features[$0 - 1] }
        if name == Self.quakes {
            let times = features.compactMap { $0.time?.start.microseconds }
            if let first = times.min(), let last = times.max() { quakeTimes = first...last }
        }
        if name == Self.cities {
            countries = Set(features.compactMap { $0.properties?["cc"]?.stringValue }).sorted()
        }
    }

    /// A place in `name`.
    func place(in name: String, _ random: inout Random) -> Position {
        let all = places[name] ?? []
        return all.isEmpty
            ? Position(longitude: 0, latitude: 0) : all[random.index(below: all.count)]
    }
}
