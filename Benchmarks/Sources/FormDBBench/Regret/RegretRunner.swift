@_spi(Benchmark) import FormDB
import Foundation

/// The regret suite: each question is answered by every plan there is and by paths written by hand, and what the
/// planner chose is held against the fastest of them.
///
/// Times are minima of 5, planning included, at least 20 µs; a plan that at first takes twice as long as the best
/// so far is measured once. All answers are compared.
struct RegretRunner {
    static let title = "what was chosen beside the best of all plans and of paths by hand"
    static let floor = 20_000.0
    private static let repetitions = 5

    let isQuick: Bool
    let surroundings: Surroundings
    let recorder: Recorder

    func run() throws {
        Progress.show("regret: filling")
        let data = try RegretData(surroundings, events: isQuick ? 100_000 : 1_000_000)
        var maker = RegretQuestions(data, seed: 47)
        let questions = maker.questions(
            ProcessInfo.processInfo.environment["FORMDB_REGRET_QUESTIONS"].flatMap { Int($0) }
                ?? (isQuick ? 280 : 1_120))
        let references = ReferencePaths()
        var tally = RegretTally()
        for (number, question) in questions.enumerated() {
            if number % 20 == 0 {
                Progress.show("regret: question \(number) of \(questions.count)")
            }
            // Explaining asks once more: of a third of the questions.
            tally.add(
                try measure(question, data, references, estimates: number % 3 == 0))
        }
        Progress.clear()
        try record(tally, count: questions.count)
        try planning(questions, data)
        tally.print()
        if ProcessInfo.processInfo.environment["FORMDB_REGRET_WORST"] != nil {
            tally.printCosts()
            tally.printWorst()
        }
    }

    private func record(_ tally: RegretTally, count: Int) throws {
        let regrets = tally.regrets
        for (operation, value) in [
            ("p50", regrets.percentile(0.5)), ("p95", regrets.percentile(0.95)),
            ("p99", regrets.percentile(0.99)), ("worst", regrets.percentile(1)),
            ("rows-p95", tally.estimateErrors(together: false).percentile(0.95)),
            ("rows-together-p95", tally.estimateErrors(together: true).percentile(0.95)),
        ] {
            try recorder.add(
                workload: "regret", operation: operation, engine: "formdb", unit: .ratio,
                value: value, hits: Int64(count))
        }
    }

    /// The planner alone, and what it is told gathered too; a mean over all questions.
    private func planning(_ questions: [RegretQuestion], _ data: RegretData) throws {
        let times = 200
        let some = questions.prefix(620)
        let probes = some.filter { $0.collection != RegretData.segments }
            .map { PlanProbe($0.request(in: data)) }
        let cut = some.filter { $0.collection == RegretData.segments }
            .map { PlanProbe($0.request(in: data)) }
        for (operation, gathers, probes) in [
            ("planning", false, probes), ("planning-gathering", true, probes),
            ("planning-200-sources", false, cut),
        ] {
            for _ in 0..<Self.repetitions {
                var nanoseconds = 0.0
                for probe in probes {
                    // The first is for statistics that were not asked for lately.
                    _ = try probe.plan(times: 1, gathering: gathers)
                    let measured = try Stopwatch.time {
                        try probe.plan(times: times, gathering: gathers)
                    }
                    nanoseconds += measured.nanoseconds
                }
                try recorder.add(
                    workload: "regret", operation: operation, engine: "formdb",
                    unit: .nanoseconds, value: nanoseconds / Double(times * probes.count),
                    hits: Int64(probes.count))
            }
        }
    }

    // MARK: One question

    private func measure(
        _ question: RegretQuestion, _ data: RegretData, _ references: ReferencePaths,
        estimates: Bool
    ) throws -> RegretResult {
        let request = question.request(in: data)
        let probe = PlanProbe(request)
        var best = Double.infinity
        var answer: [Int64] = []
        let truth = try Truth(answered(request, question))

        func time(_ body: () throws -> Void) throws -> Double {
            var least = Double.infinity
            for repetition in 0..<Self.repetitions {
                least = min(least, try Stopwatch.time(body).nanoseconds)
                if repetition == 0 && least > 2 * max(best, Self.floor) { break }
            }
            best = min(best, least)
            return least
        }
        func timed(_ request: FeatureRequest, _ name: String) throws -> Double {
            let nanoseconds = try time { answer = try answered(request, question) }
            try check(answer[...], truth, question, name)
            return nanoseconds
        }

        var result = RegretResult(question: question, chosenName: try probe.chosen())
        result.chosen = try timed(request, "the chosen plan")
        for choice in try probe.choices() {
            result.plans.append(
                RegretResult.Plan(
                    name: choice.name, nanoseconds: try timed(choice.request, choice.name),
                    expected: choice.cost, candidates: choice.candidates))
            if estimates { result.estimates += try self.estimates(choice, question) }
        }
        // By hand all rows are asked at once: beside 200 sources that says nothing.
        if !question.counts && question.collection != RegretData.segments {
            for outcome in try references.outcomes(question, in: data, time: time) {
                try check(outcome.ids, truth, question, "\(outcome.name) by hand")
                result.byHand.append((outcome.name, outcome.nanoseconds))
            }
        }
        // Once more: what disturbed the first measuring is not the planner's.
        result.chosen = min(result.chosen, try timed(request, "the chosen plan"))
        return result
    }

    private func answered(_ request: FeatureRequest, _ question: RegretQuestion) throws -> [Int64] {
        if question.counts { return [Int64(try request.fetchCount())] }
        return try request.fetchIntegerIDs()
    }

    /// The ids of an answer, and what they come to in any order.
    private struct Truth {
        let ids: [Int64]
        let digest: UInt64

        init(_ ids: [Int64]) {
            self.ids = ids
            digest = Self.digest(ids[...])
        }

        static func digest(_ ids: ArraySlice<Int64>) -> UInt64 {
            var sum: UInt64 = 0
            for id in ids {
                let mixed = UInt64(bitPattern: id) &* 0x9E37_79B9_7F4A_7C15
                sum &+= mixed ^ (mixed >> 29)
            }
            return sum
        }
    }

    /// In order where there is one; else as a set; any of them where there is a limit besides.
    private func check(
        _ ids: ArraySlice<Int64>, _ truth: Truth, _ question: RegretQuestion, _ name: String
    ) throws {
        let isOrdered = question.order != nil || question.nearestTo != nil || question.counts
        let agrees =
            isOrdered
            ? ids.elementsEqual(truth.ids)
            : ids.count == truth.ids.count
                && (question.limit != nil || Truth.digest(ids) == truth.digest)
        if !agrees {
            throw BenchError("\(question): \(name) found \(ids.count), not \(truth.ids.count) rows")
        }
    }

    /// Rows that a single path was expected to hand on, and did: only of plans that gather by one path.
    private func estimates(
        _ choice: PlanProbe.Choice, _ question: RegretQuestion
    ) throws -> [RegretResult.Estimate] {
        // Where a collection is cut, each source is handed the rows of all by its tree.
        guard ["place", "time", "both", "index"].contains(choice.name), question.limit == nil,
            question.collection != RegretData.segments
        else { return [] }
        let explained = try choice.request.explain(analyze: true)
        guard let actual = explained.actual else { return [] }
        return [
            RegretResult.Estimate(
                path: choice.name, expected: explained.chosen.estimatedCandidates,
                actual: Double(actual.candidates))
        ]
    }
}
