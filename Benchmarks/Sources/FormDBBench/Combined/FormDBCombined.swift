import FormDB

extension CombinedEngine {
    /// In memory, with an index on the magnitude.
    static func formdb(_ workload: CombinedWorkload) throws -> CombinedEngine {
        let database = try Database.inMemory(configuration: .measured)
        try database.write { try $0.createIndex(on: "magnitude", in: "events") }
        for start in stride(from: 0, to: workload.times.count, by: 1_000) {
            try database.write { tx in
                for row in start..<min(start + 1_000, workload.times.count) {
                    try tx.insert(
                        Feature(
                            id: .integer(Int64(row + 1)),
                            geometry: .point(
                                longitude: workload.longitudes[row],
                                latitude: workload.latitudes[row]),
                            properties: ["magnitude": .double(workload.magnitudes[row])],
                            time: .instant(Timestamp(microseconds: workload.times[row]))),
                        into: "events")
                }
            }
        }
        let events = database.features(in: "events")
        let days = CombinedWorkload.days
        let start = CombinedWorkload.start
        return CombinedEngine(
            name: "formdb",
            find: { questions in
                var answer = CombinedAnswer()
                var ids: [Int64] = []
                for q in questions {
                    try events.bounds(
                        intersecting: BoundingBox(
                            west: q.west, south: q.south, east: q.east, north: q.north)
                    )
                    .during(
                        TimeRange(Timestamp(microseconds: q.from)..<Timestamp(microseconds: q.to))
                    )
                    .filter(.property("magnitude") >= q.magnitude)
                    .fetchIntegerIDs(into: &ids)
                    for id in ids { answer.add(id) }
                }
                return answer
            },
            mean: { range in
                try events.during(
                    TimeRange(
                        Timestamp(
                            microseconds: range.lowerBound)..<Timestamp(
                                microseconds: range.upperBound))
                ).mean(of: .property("magnitude")) ?? .nan
            },
            perDay: {
                var counts = [Int64](repeating: 0, count: days)
                for window in try events.windows(.days(1)).count() {
                    let day = (window.start.microseconds - start) / CombinedWorkload.day
                    counts[Int(day)] = Int64(window.value)
                }
                return counts
            })
    }
}
