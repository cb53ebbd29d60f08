import Foundation
import Testing

@testable import FormDB

private let composed = "caf\u{e9}"
private let decomposed = "cafe\u{301}"

struct JSONValueTests {
    @Test func numbersAreEqualByExactValueAcrossKinds() {
        #expect(JSONValue.int(1) == .double(1.0))
        #expect(JSONValue.uint(1) == .int(1))
        #expect(JSONValue.int(1 << 53 + 1) != .double(Double(1 << 53)))
        #expect(JSONValue.int((1 << 53) + 1) != .double(9_007_199_254_740_992))
        #expect(JSONValue.double(-0.0) == .int(0))
        #expect(JSONValue.uint(.max) != .double(18_446_744_073_709_551_616))
        #expect(JSONValue.int(.max) < .double(9_223_372_036_854_775_808))
        #expect(JSONValue.int(.min) == .double(-9_223_372_036_854_775_808))
        #expect(JSONValue.double(.nan) == .double(.nan))
    }

    /// Numbers near every edge: order by exact value, equal values hash alike.
    @Test func orderIsTotalAndAgreesWithHash() {
        var numbers: [JSONValue] = [.double(-.infinity), .double(.infinity), .double(-0.0)]
        for edge in [0, 1, 53, 54, 62, 63, 64, 65] {
            let power = Double(sign: .plus, exponent: edge, significand: 1)
            for value in [power, power.nextUp, power.nextDown, power + 0.5] {
                numbers += [.double(value), .double(-value)]
            }
            for offset in [-1, 0, 1] {
                if edge < 63 {
                    let value = Int64(1) << Int64(edge)
                    numbers += [.int(value + Int64(offset)), .int(-value + Int64(offset))]
                }
                if edge < 64 {
                    numbers.append(
                        .uint((UInt64(1) << UInt64(edge)) &+ UInt64(bitPattern: Int64(offset))))
                }
            }
        }
        for a in numbers {
            for b in numbers {
                let expected = ExactReference.compare(a, b)
                #expect((a < b) == (expected < 0), "\(a) < \(b)")
                #expect((a == b) == (expected == 0), "\(a) == \(b)")
                if a == b { #expect(a.hashValue == b.hashValue, "\(a), \(b)") }
            }
        }
    }

    @Test func textsThatOnlyLookAlikeStayApart() {
        #expect(composed == decomposed)  // for Swift
        #expect(JSONValue.string(composed) != .string(decomposed))
        #expect(FeatureID.text(composed) != .text(decomposed))
        var object: JSONObject = [:]
        object[composed] = 1
        object[decomposed] = 2
        #expect(object.count == 2)
        #expect(object[composed] == 1 && object[decomposed] == 2)
        let ids: Set<FeatureID> = [.text(composed), .text(decomposed)]
        #expect(ids.count == 2)
        #expect(FeatureID.text(decomposed) < .text(composed))
    }

    @Test func idsAreOrderedIntegersFirstThenByBytes() {
        let ids: [FeatureID] = [-5, 0, 7, "", "1", "10", "2", "Z", "a", "\u{ffff}", "\u{10000}"]
        #expect(ids.shuffled().sorted() == ids)
        #expect(FeatureID(1) != "1")
        #expect(FeatureID(json: .double(1.0)) == 1)
        #expect(FeatureID(json: .double(1.5)) == nil)
        #expect(FeatureID(json: .uint(.max)) == nil)
        #expect(FeatureID(json: true) == nil)
    }

    @Test func objectsKeepOrderAndCompareWithoutIt() {
        let a: JSONObject = ["x": 1, "y": [1, 2.0, "three", nil as JSONValue? ?? .null]]
        let b: JSONObject = ["y": [1, 2, "three", .null], "x": 1.0]
        #expect(a == b && a.hashValue == b.hashValue)
        #expect(a.keys == ["x", "y"])
        #expect(a.description == #"{"x":1,"y":[1,2.0,"three",null]}"#)
        #expect(!JSONValue.object(a).isIdentical(to: .object(b)))
    }

    @Test func duplicateKeysOfALiteralLastWins() {
        let object: JSONObject = ["a": 1, "b": 2, "a": 3]
        #expect(object.keys == ["a", "b"] && object["a"] == 3)
    }

    @Test func settingNilRemovesAndNullDoesNot() {
        var object: JSONObject = ["a": 1, "b": 2]
        object["a"] = nil
        object["b"] = .null
        #expect(object.keys == ["b"] && object["b"] == .null && object["a"] == nil)
    }

    /// Large objects have an index; it must agree with the members through every change.
    @Test func largeObjectsAgreeWithADictionary() {
        var random = SeededGenerator.printed()
        var object = JSONObject()
        var model: [String: Int64] = [:]
        for _ in 0..<5000 {
            let key = "k\(random.next() % 60)"
            if random.next() % 3 == 0 {
                object[key] = nil
                model[key] = nil
            } else {
                let value = Int64(random.next() % 1000)
                object[key] = .int(value)
                model[key] = value
            }
            #expect(object.count == model.count)
            #expect(object[key]?.intValue == model[key])
        }
        for (key, value) in model { #expect(object[key] == .int(value)) }
    }

    @Test func mergePatchOfRFC7396() throws {
        for (target, patch, result) in [
            (#"{"a":"b"}"#, #"{"a":"c"}"#, #"{"a":"c"}"#),
            (#"{"a":"b","b":"c"}"#, #"{"a":null}"#, #"{"b":"c"}"#),
            (#"{"a":{"b":"c"}}"#, #"{"a":{"b":"d","c":null}}"#, #"{"a":{"b":"d"}}"#),
            (#"{"a":[{"b":"c"}]}"#, #"{"a":[1]}"#, #"{"a":[1]}"#),
            (#"{"a":"foo"}"#, #"{"b":{"c":null}}"#, #"{"a":"foo","b":{}}"#),
            (#"{"e":null}"#, #"{"a":1}"#, #"{"e":null,"a":1}"#),
        ] {
            var object = try JSONObject(jsonText: target)
            object.merge(try JSONObject(jsonText: patch))
            #expect(object.description == result)
        }
    }

    @Test func valuesGoThroughFoundationsCoders() throws {
        let value: JSONValue = ["a": [1, 2.5, "x", true, .null], "b": .uint(.max)]
        let data = try JSONEncoder().encode(value)
        #expect(try JSONDecoder().decode(JSONValue.self, from: data) == value)
        let feature = Feature(
            id: "x", geometry: .point(longitude: 1, latitude: 2, altitude: 3),
            properties: ["n": 1], time: .day(year: 2024, month: 1, day: 2))
        let coded = try JSONEncoder().encode(feature)
        #expect(try JSONDecoder().decode(Feature.self, from: coded) == feature)
        let point = DataPoint(at: .now, 1, .nan, 3)
        let pointData = try JSONEncoder().encode(point)
        #expect(try JSONDecoder().decode(DataPoint.self, from: pointData) == point)
    }

    @Test func errorsReadWell() {
        let error = FormDBError(.malformed, "a bad thing", file: "x.json", line: 3)
        #expect(
            "\(error)"
                == "malformed: a bad thing (file x.json, line 3); correct the input, or read it "
                + "leniently")
        #expect(FormDBError(.io, "no", advice: "try").advice == "try")
    }
}

/// Exact comparison that shares no code with the model: through arbitrary-size decimal halves.
private enum ExactReference {
    /// Twice the value as a 128-bit integer is exact for all test values below 2^65 with halves;
    /// the rest (tiny fractions) is compared as doubles between equal integer parts.
    static func compare(_ a: JSONValue, _ b: JSONValue) -> Int {
        let (x, xf) = parts(a)
        let (y, yf) = parts(b)
        if x != y { return x < y ? -1 : 1 }
        return xf < yf ? -1 : xf == yf ? 0 : 1
    }

    /// Floor and fraction.
    static func parts(_ value: JSONValue) -> (Int128, Double) {
        switch value {
        case .int(let value): return (Int128(value), 0)
        case .uint(let value): return (Int128(value), 0)
        case .double(let value):
            if value == .infinity { return (Int128.max, 0) }
            if value == -.infinity { return (Int128.min, 0) }
            let floor = value.rounded(.down)
            return (Int128(floor), value - floor)
        default: fatalError("no number")
        }
    }
}
