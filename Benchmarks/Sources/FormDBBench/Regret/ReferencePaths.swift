import BenchCore
@_spi(Benchmark) import FormDB

/// Answers a question by paths written by hand over the core's calls (bench_paths.h): no planner, no executor.
final class ReferencePaths {
    private static let paths: [(path: bench_path, name: String)] = [
        (BENCH_PATH_PLACE, "place"), (BENCH_PATH_TIME, "time"), (BENCH_PATH_BOTH, "both"),
        (BENCH_PATH_SCAN, "scan"), (BENCH_PATH_INDEX, "index"),
        (BENCH_PATH_TIME_ORDER, "time-order"), (BENCH_PATH_INDEX_ORDER, "index-order"),
    ]

    /// Of each collection that was asked, its rows by time.
    private var byTime: [String: UnsafeMutableBufferPointer<UInt32>] = [:]
    private var ids: [Int64] = []

    deinit { for list in byTime.values { list.deallocate() } }

    struct Outcome {
        var name: String
        var nanoseconds: Double
        var ids: ArraySlice<Int64>
    }

    /// By each path that can answer: `time` measures a closure as often as it is worth.
    func outcomes(
        _ question: RegretQuestion, in data: RegretData,
        time: (() throws -> Void) throws -> Double
    ) throws -> [Outcome] {
        // Neither ids nor distances have paths of their own here.
        if question.ids != nil || question.nearestTo != nil { return [] }
        return try PlanProbe(question.request(in: data)).withCore { core in
            var asked = try self.asked(question, core)
            if ids.isEmpty { ids = [Int64](repeating: 0, count: 1 << 21) }
            var outcomes: [Outcome] = []
            for (path, name) in Self.paths where bench_path_answers(&asked, path) {
                var count = 0
                let nanoseconds = try time {
                    let status = bench_path_ids(&asked, path, &ids, ids.count, &count)
                    guard status == FC_STATUS_OK else {
                        throw BenchError("the path \(name) by hand failed: \(status)")
                    }
                }
                outcomes.append(
                    Outcome(name: name, nanoseconds: nanoseconds, ids: ids[..<count]))
            }
            return outcomes
        }
    }

    private func asked(_ question: RegretQuestion, _ core: PlanProbe.Core) throws -> bench_question
    {
        var asked = bench_question()
        asked.view = core.view
        if let box = question.box {
            asked.has_box = true
            (asked.west, asked.south, asked.east, asked.north) = (
                box.west, box.south, box.east, box.north
            )
        }
        if let time = question.time {
            asked.has_time = true
            asked.start_us = time.lowerBound.microseconds
            asked.end_us = time.upperBound.microseconds
        }
        asked.predicate = core.predicate
        if let index = core.index {
            asked.has_index = true
            asked.index_id = index.id
            asked.ranges = index.ranges?.assumingMemoryBound(to: fc_value_range.self)
            asked.range_count = index.count
            asked.rest = index.rest
        }
        asked.descending = question.isDescending
        asked.limit = question.limit ?? 0
        switch question.order {
        case nil: asked.order = BENCH_ORDER_NONE
        case .time?:
            asked.order = BENCH_ORDER_TIME
            let rows = try rowsByTime(question.collection, core.view)
            asked.by_time = UnsafePointer(rows.baseAddress)
            asked.by_time_count = rows.count
        case .id?: asked.order = BENCH_ORDER_ID
        default: asked.order = BENCH_ORDER_PROPERTY
        }
        return asked
    }

    private func rowsByTime(
        _ collection: String, _ view: OpaquePointer
    ) throws -> UnsafeMutableBufferPointer<UInt32> {
        if let list = byTime[collection] { return list }
        var first: UnsafeMutablePointer<UInt32>?
        var count = 0
        guard bench_rows_by_time(view, &first, &count) == FC_STATUS_OK else {
            throw BenchError("the rows of \(collection) can't be sorted by hand")
        }
        let list = UnsafeMutableBufferPointer(start: first, count: count)
        byTime[collection] = list
        return list
    }
}
