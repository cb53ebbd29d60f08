extension SeriesWorkload {
    /// 50,000 points, one a minute; ranges of an hour, a day and a week; every fifth point deleted.
    /// `isQuick`: fewer of the long ranges, which take slow peers seconds.
    static func t1(isQuick: Bool = false) -> SeriesWorkload {
        var random = Random(seed: 11)
        let count = 50_000
        let minute: Int64 = 60_000_000
        let start: Int64 = 1_704_067_200_000_000  // 2024-01-01
        let times = (0..<count).map { start + Int64($0) * minute }
        var value = 20.0
        let values = (0..<count).map { _ in
            value += random.uniform(-0.5, 0.5)
            return (value * 100).rounded() / 100
        }
        func ranges(_ operation: String, _ queries: Int, minutes: Int64) -> Ranges {
            Ranges(
                operation: operation,
                starts: (0..<queries).map { _ in
                    start + Int64(random.index(below: count - Int(minutes))) * minute
                }, length: minutes * minute)
        }
        let deleted = random.distinct(count / 5, of: count / 5)
        return SeriesWorkload(
            name: "T1", title: "one series of 50,000 points, one at a time", times: times,
            values: values,
            ranges: [
                ranges("range-hour", 20_000, minutes: 60),
                ranges("range-day", isQuick ? 2_000 : 5_000, minutes: 24 * 60),
                ranges("range-week", isQuick ? 400 : 1_000, minutes: 7 * 24 * 60),
            ], deletedTimes: deleted.map { times[Int($0 - 1) * 5] })
    }
}
