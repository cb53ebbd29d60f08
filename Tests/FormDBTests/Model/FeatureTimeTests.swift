import Foundation
import Testing

@testable import FormDB

struct FeatureTimeTests {
    private func read(_ text: String, lenient: Bool = false) throws -> FeatureTime {
        try FeatureTime(jsonFG: JSONObject(jsonText: text), lenient: lenient)
    }

    @Test func aDateIsItsWholeDay() throws {
        let day = try read(#"{"date":"2024-05-01"}"#)
        #expect(day.start.iso8601 == "2024-05-01T00:00:00Z")
        #expect(day.end.iso8601 == "2024-05-01T23:59:59.999999Z")
        #expect(day.granularity == .day)
        #expect(day.jsonFG.description == #"{"date":"2024-05-01"}"#)
        #expect(day == .day(year: 2024, month: 5, day: 1))
    }

    @Test func intervalsOfDaysAndOpenEnds() throws {
        let days = try read(#"{"interval":["2024-05-01","2024-05-02"]}"#)
        #expect(days.end.iso8601 == "2024-05-02T23:59:59.999999Z")
        #expect(days.granularity == .day)
        let open = try read(#"{"interval":["..","2024-05-01T00:00:00Z"]}"#)
        #expect(open.start == .min && open.source == nil)
        #expect(open.jsonFG.description == #"{"interval":["..","2024-05-01T00:00:00Z"]}"#)
        #expect(try read(#"{"interval":["..",".."]}"#) == .interval(nil as Timestamp?, nil))
    }

    @Test func intervalWinsOverInstant() throws {
        let text = #"{"date":"1999-01-01","interval":["2024-05-01T00:00:00Z",".."]}"#
        let time = try read(text)
        #expect(time.start.iso8601 == "2024-05-01T00:00:00Z" && time.end == .max)
        #expect(time.jsonFG.description == text)
    }

    @Test func whatStartAndEndReproduceIsNotKept() throws {
        #expect(try read(#"{"timestamp":"2024-05-01T00:00:00.5Z"}"#).source == nil)
        #expect(try read(#"{"timestamp":"2024-05-01T00:00:00.500Z"}"#).source != nil)
        #expect(try read(#"{"timestamp":"2024-05-01T00:00:00Z","uncertainty":5}"#).source != nil)
    }

    @Test(arguments: [
        "{}", #"{"date":"2024-02-30"}"#, #"{"date":5}"#, #"{"timestamp":"2024-01-01"}"#,
        #"{"interval":["2024-01-02","2024-01-01"]}"#, #"{"interval":["2024-01-01"]}"#,
        #"{"interval":["a","b"]}"#, #"{"timestamp":"2024-01-01T00:00:00+01:00"}"#,
        #"{"interval":[1,2]}"#, #"{"interval":{}}"#,
    ])
    func refusesWhatIsNoTime(_ text: String) {
        #expect(throws: FormDBError.self) { try read(text) }
    }

    @Test func instantsTakeDatesAndTimestamps() {
        let date = Date(timeIntervalSince1970: 1.5)
        #expect(FeatureTime.instant(date) == .instant(Timestamp(microseconds: 1_500_000)))
        #expect(FeatureTime.instant(.now).isInstant)
        #expect(throws: FormDBError.self) {
            try FeatureTime.interval(Timestamp(microseconds: 2), Timestamp(microseconds: 1))
                .validate()
        }
    }
}
