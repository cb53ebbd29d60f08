// Random features, points and names, chosen where things go wrong: around ±180 and the poles, on equal
// coordinates and times, between neighbouring floats.
@testable import FormDB

final class RandomMaterial {
    var generator: SeededGenerator

    init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
        let places = (0..<40).map { _ in position() }
        self.places = places
    }

    /// Places that come again and again.
    private var places: [Position] = []

    func chance(_ probability: Double) -> Bool {
        Double.random(in: 0..<1, using: &generator) < probability
    }
    func below(_ count: Int) -> Int { Int.random(in: 0..<count, using: &generator) }
    func pick<Value>(_ values: [Value]) -> Value { values[below(values.count)] }
    /// One of the values; nil of none.
    func any<Value>(_ values: [Value]) -> Value? { values.isEmpty ? nil : pick(values) }
    func double(_ range: ClosedRange<Double>) -> Double {
        Double.random(in: range, using: &generator)
    }

    /// One of the values by weight.
    func weighted<Value>(_ choices: [(Int, Value)]) -> Value {
        var left = below(choices.reduce(0) { $0 + $1.0 })
        for (weight, value) in choices {
            if left < weight { return value }
            left -= weight
        }
        return choices[0].1
    }
}

// MARK: - Places

extension RandomMaterial {
    private static let edgeLongitudes: [Double] = [
        180, -180, 180.nextDown, (-180.0).nextUp, 180.nextUp, (-180.0).nextDown, 179.5, -179.5,
        180.5, -180.25, 181, -181, 179, -179, 170, -170, 360, -360, 540, -540, 359.75, 179.99999999,
    ]
    private static let smallNumbers: [Double] = [
        0, -0.0, .leastNonzeroMagnitude, -Double.leastNonzeroMagnitude, 1e-300, -1e-17, 1e-9,
    ]

    /// A number between two floats, or one of them.
    private func nearFloat(_ range: ClosedRange<Double>) -> Double {
        let single = Double(Float(double(range)))
        return pick([single, single.nextUp, single.nextDown])
    }

    func longitude() -> Double {
        switch below(100) {
        case ..<25: pick(Self.edgeLongitudes)
        case ..<40: Double(below(37) - 18) * 10
        case ..<50: nearFloat(-179...179)
        case ..<54: double(-540...540)
        case ..<58: pick(Self.smallNumbers)
        case ..<70: double(170...190) - (chance(0.5) ? 360 : 0)
        default: double(-180...180)
        }
    }

    func latitude() -> Double {
        switch below(100) {
        case ..<6: pick([90, -90, 90.nextDown, (-90.0).nextUp])
        case ..<21: Double(below(19) - 9) * 10
        case ..<31: nearFloat(-89...89)
        case ..<35: pick(Self.smallNumbers)
        case ..<70: double(-20...20)
        default: double(-90...90)
        }
    }

    func position() -> Position {
        if !places.isEmpty, chance(0.4) {
            let hot = pick(places)
            if chance(0.5) { return hot }
            return Position(
                longitude: min(540, max(-540, hot.longitude + double(-1...1))),
                latitude: min(90, max(-90, hot.latitude + double(-1...1))))
        }
        return Position(
            longitude: longitude(), latitude: latitude(),
            altitude: chance(0.1) ? double(-100...9000) : nil)
    }

    private func ring(around place: Position) -> [Position] {
        let width = pick([0.0, 0.001, 1, 20, 100, 200, 360])
        let height = pick([0.0, 0.001, 1, 20])
        let west = max(-540, place.longitude - width)
        let east = min(540, place.longitude + pick([0, width]))
        let south = max(-90, place.latitude - height)
        let north = min(90, place.latitude + height)
        let corners = [(west, south), (east, south), (east, north), (west, north), (west, south)]
        return corners.map { Position(longitude: $0.0, latitude: $0.1) }
    }

    /// Points and multipoints, now and then nothing.
    func pointGeometry() -> Geometry? {
        switch below(100) {
        case ..<84: .point(position())
        case ..<97: .multiPoint((0..<below(5)).map { _ in position() })
        default: nil
        }
    }

    func geometry(depth: Int = 0) -> Geometry? {
        switch below(depth == 0 ? 100 : 80) {
        case ..<25: .point(position())
        case ..<35: .multiPoint((0..<below(5)).map { _ in position() })
        case ..<47: .lineString((0..<(below(4) + 2)).map { _ in position() })
        case ..<52:
            .multiLineString((0..<below(3)).map { _ in [position(), position()] })
        case ..<67: .polygon([ring(around: position())])
        case ..<70: .polygon([])
        // Split at ±180, as RFC 7946 wants.
        case ..<77:
            .multiPolygon([
                [ring(around: Position(longitude: 179, latitude: latitude()))],
                [ring(around: Position(longitude: -179, latitude: latitude()))],
            ])
        case ..<80: .multiPolygon((0..<below(3)).map { _ in [ring(around: position())] })
        case ..<90: .geometryCollection((0..<below(4)).compactMap { _ in geometry(depth: 1) })
        default: nil
        }
    }
}

// MARK: - Times

extension RandomMaterial {
    static let hour: Int64 = 3_600_000_000
    private static let epoch: Int64 = 1_704_067_200_000_000  // 2024

    func timestamp() -> Timestamp {
        let hours = Int64(below(500)) * Self.hour
        return switch below(20) {
        case 0: Timestamp(microseconds: hours - 400 * Self.hour)  // before 1970 too
        case 1: Timestamp(microseconds: pick([-1, 0, 1, .min, .max, .min + 1, .max - 1]))
        case 2: Timestamp(microseconds: Self.epoch + hours + Int64(below(3)) - 1)
        default: Timestamp(microseconds: Self.epoch + hours)
        }
    }

    func featureTime() -> FeatureTime {
        switch below(20) {
        case ..<11: .instant(timestamp())
        case ..<17:
            {
                let ends = [timestamp(), timestamp()].sorted()
                return .interval(ends[0], ends[1])
            }()
        case 17: .interval(timestamp(), nil)
        case 18: .interval(nil, timestamp())
        default: .day(year: 2024, month: 1 + below(2), day: 1 + below(28))
        }
    }

    func timeRange() -> TimeRange {
        switch below(20) {
        case ..<12:
            {
                let ends = [timestamp(), timestamp()].sorted()
                return TimeRange(start: ends[0], end: ends[1])
            }()
        case ..<15: TimeRange(start: timestamp())
        case ..<18: TimeRange(end: timestamp())
        case 18: .at(timestamp())
        default: chance(0.3) ? TimeRange(start: timestamp(), end: timestamp()) : .all
        }
    }
}

// MARK: - Ids, properties, values

extension RandomMaterial {
    func featureID() -> FeatureID {
        switch below(1000) {
        case ..<800: .integer(Int64(below(500) + 1))
        case ..<840: .integer(Int64(-below(50)))
        case ..<845: .integer(pick([1 << 53, .max, .min]))
        case 845: .integer((1 << 53) - 1)
        case ..<900: .text(pick(["1", "2", "caf\u{e9}", "cafe\u{301}", "\u{1F30D}", "\u{FF5E}"]))
        default: .text("t\(below(60))")
        }
    }

    func properties() -> JSONObject? {
        if chance(0.1) { return nil }
        var properties: JSONObject = ["n": .int(Int64(below(1000)))]
        if chance(0.3) { properties["caf\u{e9}"] = .string(pick(["a", "b", "caf\u{e9}"])) }
        if chance(0.2) { properties["cafe\u{301}"] = .bool(chance(0.5)) }
        if chance(0.6) { properties["k"] = mixedValue() }
        if chance(0.2) { properties["list"] = [1, 2.5, .null, "x"] }
        if chance(0.2) { properties["inner"] = ["a": .double(double(-1...1)), "b": .null] }
        return properties
    }

    /// Few different values of every kind, and such as are nearly equal.
    func mixedValue() -> JSONValue {
        switch below(12) {
        case 0: .null
        case 1: .bool(chance(0.5))
        case 2:
            pick([
                .int(1 << 53), .int((1 << 53) + 1), .double(0x1p53), .uint(.max), .double(0x1p64),
            ])
        case 3: pick([.double(1.5), .double(-0.0), .int(0), .double(1)])
        case ..<7: .int(Int64(below(6)))
        case ..<10: .string(pick(["", "a", "ab", "abc", "abcdefgh", "abcdefghi", "b", "\u{e9}"]))
        case 10: .array([.int(Int64(below(3)))])
        default: ["a": .int(Int64(below(3)))]
        }
    }

    func feature(isPointsOnly: Bool, id: FeatureID?, timed: Double) -> Feature {
        Feature(
            id: id, geometry: isPointsOnly ? pointGeometry() : geometry(), properties: properties(),
            time: chance(timed) ? featureTime() : nil)
    }

    private static let strangeValues: [Double] = [
        .nan, .nan, .nan, .infinity, -.infinity, 0, -0.0, 1e308, -1e308, .greatestFiniteMagnitude,
        -.greatestFiniteMagnitude, .leastNonzeroMagnitude, -Double.leastNonzeroMagnitude, 1e-300,
        1e16, -1e16, 0.1, 1,
        Double(bitPattern: 0xfff8_0000_0000_1234), Double(bitPattern: 0x7ff8_0000_0000_0001),
    ]

    func value(strange: Double) -> Double {
        if chance(strange) { return pick(Self.strangeValues) }
        return chance(0.5) ? double(-100...100) : double(-1e10...1e10)
    }
}
