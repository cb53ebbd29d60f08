import Foundation

/// A million events of a year, with a place, a time and a magnitude; and questions about all three.
struct CombinedWorkload {
    static let name = "combined"
    static let start: Int64 = 1_609_459_200_000_000
    static let day: Int64 = 86_400_000_000
    static let days = 365

    struct Question {
        var west, south, east, north: Double
        var from, to: Int64
        var magnitude: Double
    }

    let longitudes, latitudes, magnitudes: [Double]
    let times: [Int64]
    let questions: [Question]
    /// Half of the rows: those of the middle half of the year.
    let middle: Range<Int64>
    let truth: CombinedAnswer
    let mean: Double
    let perDay: [Int64]

    var title: String {
        "\(times.count) events: 20° x 10° in a week from magnitude 3 on; the mean of half; a year by day"
    }

    init(count: Int, questionCount: Int) {
        var random = Random(seed: 61)
        // Multiples of 2^-10 are exact in float32 too.
        func coordinate(_ low: Double, _ high: Double) -> Double {
            (random.uniform(low, high) * 1024).rounded() / 1024
        }
        var longitudes: [Double] = []
        var latitudes: [Double] = []
        var magnitudes: [Double] = []
        var times: [Int64] = []
        for _ in 0..<count {
            longitudes.append(coordinate(-180, 180))
            latitudes.append(coordinate(-90, 90))
            magnitudes.append(
                (min(9.5, -log10(max(random.unit(), 1e-9))) * 10).rounded() / 10)
            times.append(Self.start + Int64(random.unit() * Double(Self.days) * Double(Self.day)))
        }
        let questions = (0..<questionCount).map { _ in
            let west = coordinate(-180, 160)
            let south = coordinate(-90, 80)
            let from = Self.start + Int64(random.index(below: Self.days - 7)) * Self.day
            return Question(
                west: west, south: south, east: west + 20, north: south + 10, from: from,
                to: from + 7 * Self.day, magnitude: 3)
        }
        let quarter = Int64(Self.days) * Self.day / 4
        let middle = Self.start + quarter..<Self.start + 3 * quarter
        var truth = CombinedAnswer()
        for question in questions {
            for row in 0..<count
            where magnitudes[row] >= question.magnitude && question.from <= times[row]
                && times[row] < question.to && question.west <= longitudes[row]
                && longitudes[row] <= question.east && question.south <= latitudes[row]
                && latitudes[row] <= question.north
            {
                truth.add(Int64(row + 1))
            }
        }
        let within = (0..<count).filter { middle.contains(times[$0]) }
        mean = within.reduce(0) { $0 + magnitudes[$1] } / Double(within.count)
        var perDay = [Int64](repeating: 0, count: Self.days)
        for time in times { perDay[Int((time - Self.start) / Self.day)] += 1 }
        self.longitudes = longitudes
        self.latitudes = latitudes
        self.magnitudes = magnitudes
        self.times = times
        self.questions = questions
        self.middle = middle
        self.truth = truth
        self.perDay = perDay
    }
}

struct CombinedAnswer: Equatable {
    var rows = 0
    var idSum: Int64 = 0

    mutating func add(_ id: Int64) {
        rows += 1
        idSum += id
    }
}

/// What an engine of the `combined` workload does; each closure is measured.
struct CombinedEngine {
    var name: String
    var find: ([CombinedWorkload.Question]) throws -> CombinedAnswer
    var mean: (Range<Int64>) throws -> Double
    var perDay: () throws -> [Int64]
}
