/// What shares of a question's rows meet its conditions, source by source.
///
/// Of many small sources some are judged, and their mean stands for all small ones: a scan of one takes a few
/// microseconds, so that no other way in saves much.
struct SourceShares {
    /// Of the sources that are judged by themselves, in their order.
    private(set) var single: [Of] = []
    /// What stands for each of the small ones; nil when all are judged by themselves.
    private(set) var typical: Of?

    /// Rows of all sources; and those that meet the time, the time and the place, all but the filter, and that are near
    /// enough, where a distance is asked for.
    private(set) var rows = 0.0
    private(set) var timed = 0.0
    private(set) var timedAndPlaced = 0.0
    private(set) var matching = 0.0
    private(set) var reachable = 0.0

    private static let smallPositions = 256.0
    /// Of 200 sources 16 took a microsecond more than 8, which choose the same.
    private static let judgedMax = 8

    init(_ input: PlanInput) {
        let summaries = input.statistics.summaries
        var small: [Int] = []
        if summaries.count > Self.judgedMax {
            small.reserveCapacity(summaries.count)
            for number in summaries.indices where !input.isExcluded[number] {
                if Self.isSmall(summaries[number]) { small.append(number) }
            }
            if small.count > Self.judgedMax { typical = Of(meanOf: small, input) }
        }
        single.reserveCapacity(summaries.count - (typical == nil ? 0 : small.count))
        var typicalRows = 0.0
        for number in summaries.indices {
            if input.isExcluded[number] {
                rows += summaries[number].rows
            } else if standsForOthers(summaries[number]) {
                typicalRows += summaries[number].rows
            } else {
                let shares = Of(number, input)
                add(shares, rows: shares.rows)
                single.append(shares)
            }
        }
        if let typical { add(typical, rows: typicalRows) }
    }

    /// Whether a source that isn't excluded is one of those that ``typical`` stands for.
    func standsForOthers(_ source: CollectionStatistics.Summary) -> Bool {
        typical != nil && Self.isSmall(source)
    }

    /// Of the rows that the first source's condition leaves, those that meet the further ones.
    var further: Double { single.first?.further ?? typical?.further ?? 1 }

    private static func isSmall(_ source: CollectionStatistics.Summary) -> Bool {
        source.positions <= smallPositions
    }

    private mutating func add(_ shares: Of, rows more: Double) {
        rows += more
        timed += more * shares.time
        timedAndPlaced += more * shares.time * shares.place
        matching += more * shares.all
        reachable += more * shares.reachable
    }

    /// What shares of one source's rows meet which conditions.
    struct Of {
        var rows: Double
        var positions: Double
        var place = 1.0
        var time = 1.0
        var further = 1.0
        var ids = 1.0
        /// Of all rows, those that meet place, time and ids.
        var all = 1.0
        /// Those that lie in the box around what is near enough.
        var reachable = 1.0

        init(_ number: Int, _ input: PlanInput) {
            let summary = input.statistics.summaries[number]
            rows = summary.rows
            positions = summary.positions
            if rows == 0 { return }
            if let box = input.condition.box {
                place = input.statistics.share(
                    ofSource: number, in: box, isWithin: input.condition.isWithin)
            }
            if let range = input.condition.time {
                time = input.statistics.share(ofSource: number, in: range)
            }
            for condition in input.further {
                if let box = condition.box {
                    further *= input.statistics.share(
                        ofSource: number, in: box, isWithin: condition.isWithin)
                }
                if let range = condition.time {
                    further *= input.statistics.share(ofSource: number, in: range)
                }
            }
            if let reach = input.distance?.reach {
                reachable = input.statistics.share(ofSource: number, in: reach, isWithin: false)
            }
            if let count = input.idCount { ids = Swift.min(1, Double(count) / rows) }
            all = place * time * further * ids
        }

        /// The mean of some among several sources.
        init(meanOf several: [Int], _ input: PlanInput) {
            (rows, positions) = (0, 0)
            (place, time, further, ids, all, reachable) = (0, 0, 0, 0, 0, 0)
            let part = 1 / Double(SourceShares.judgedMax)
            for number in 0..<SourceShares.judgedMax {
                let one = Of(several[number * several.count / SourceShares.judgedMax], input)
                rows += part * one.rows
                positions += part * one.positions
                place += part * one.place
                time += part * one.time
                further += part * one.further
                ids += part * one.ids
                all += part * one.all
                reachable += part * one.reachable
            }
        }
    }
}
