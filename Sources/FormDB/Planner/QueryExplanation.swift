/// How a question is answered, and why so.
///
/// ```swift
/// let quakes = db.features(in: "quakes").bounds(intersecting: box).during(week)
/// print(try quakes.explain())               // the plan, and what was rejected
/// print(try quakes.explain(analyze: true))  // asks the question too: what it really took
/// ```
public struct QueryExplanation: Hashable, Sendable {
    /// A way to answer the question.
    public struct Option: Hashable, Sendable {
        /// In words.
        public let description: String
        /// How many rows are expected to be found before the rest of the conditions is tested.
        public let estimatedCandidates: Double
        /// How many rows the answer is expected to have.
        public let estimatedRows: Double
        /// How long it is expected to take. Only ratios mean much: the constants are those of one machine.
        public let estimatedTime: Duration
    }

    /// What is done with one source of rows.
    public struct Source: Hashable, Sendable {
        /// How its rows are found, in words.
        public let path: String
        /// How many rows it has, about.
        public let rows: Double
        /// How many of them are expected to be found.
        public let estimatedCandidates: Double
    }

    /// What asking took.
    public struct Actual: Hashable, Sendable {
        /// Rows of the answer.
        public let rows: Int
        /// Rows that were found, before the rest of the conditions was tested.
        public let candidates: Int
        /// Nodes of trees that were looked at; of a property index what sixteen rows take counts as one.
        public let nodesRead: Int
        /// Records that were read to test a filter, and their bytes.
        public let recordsRead, bytesRead: Int
        /// Whether an ordered plan found too little for what it cost, and gave way to gathering.
        public let changedPlan: Bool
        public let time: Duration
    }

    /// What the kept answers have for the question; see ``Database/Cache``.
    public enum CacheOutcome: Hashable, Sendable, CustomStringConvertible {
        /// An answer is kept that holds: to fetch it all costs a look-up.
        case hit
        /// None is kept: it was not asked before, or the answer was given up.
        case absent
        /// The one that was kept was touched by a write.
        case touched
        /// The one that is kept is of a later state than the one that is asked.
        case later
        /// Answers are not kept: by ``Database/Configuration/cache``, by `uncached()`, inside a write
        /// transaction, or because tests force a plan.
        case off, uncached, writing, forced

        public var description: String {
            switch self {
            case .hit: "hit"
            case .absent: "miss: no answer is kept"
            case .touched: "miss: a write touched the answer that was kept"
            case .later: "miss: the answer that is kept is of a later state"
            case .off: "not kept: the cache is off"
            case .uncached: "not kept: asked uncached"
            case .writing: "not kept: inside a write transaction"
            case .forced: "not kept: a plan is forced"
            }
        }
    }

    /// The question.
    public let question: String
    /// What is done.
    public let chosen: Option
    /// What could have been done, cheapest first.
    public let rejected: [Option]
    /// What is done with each source.
    public let sources: [Source]
    /// Which conditions are tested on the rows that were found, in order.
    public let tests: [String]
    /// What asking took; nil unless it was asked.
    public let actual: Actual?
    /// What the kept answers had, just before it was asked, for one who fetches all of it; nil unless it was asked,
    /// which it is whether an answer is kept or not.
    public internal(set) var cache: CacheOutcome?
}

extension QueryExplanation: CustomStringConvertible {
    /// A text of a few lines for a terminal.
    public var description: String {
        var lines = ["Question  \(question)"]
        lines.append("Plan      \(chosen.description)")
        for test in tests { lines.append("          then test: \(test)") }
        lines.append(
            "Estimate  \(Self.count(chosen.estimatedRows)) of "
                + "\(Self.count(chosen.estimatedCandidates)) found, "
                + "\(Self.time(chosen.estimatedTime))")
        if let actual {
            var line = "Actual    \(Self.count(Double(actual.rows))) of "
            line += "\(Self.count(Double(actual.candidates))) found, \(Self.time(actual.time))"
            lines.append(line)
            var read: [String] = []
            if actual.nodesRead > 0 { read.append(Self.count(Double(actual.nodesRead), "node")) }
            if actual.recordsRead > 0 {
                let records = Self.count(Double(actual.recordsRead), "record")
                read.append("\(records) of \(Self.count(Double(actual.bytesRead), "byte"))")
            }
            if !read.isEmpty { lines.append("          \(read.joined(separator: ", ")) read") }
            if actual.changedPlan {
                lines.append("          gave way to gathering: too few answered on the way")
            }
        }
        if let cache { lines.append("Cache     \(cache)") }
        lines += sourceLines
        let width = rejected.map(\.description.count).max() ?? 0
        for (number, option) in rejected.enumerated() {
            let label = number == 0 ? "Rejected  " : "          "
            let padding = String(repeating: " ", count: width - option.description.count)
            lines.append(
                "\(label)\(option.description)\(padding)  \(Self.time(option.estimatedTime))")
        }
        return lines.joined(separator: "\n")
    }

    /// Sources of which the same is done, together.
    private var sourceLines: [String] {
        var lines: [String] = []
        var index = sources.startIndex
        while index < sources.endIndex {
            let path = sources[index].path
            let end = sources[index...].firstIndex { $0.path != path } ?? sources.endIndex
            let same = sources[index..<end]
            let numbers = same.count == 1 ? "\(index + 1)" : "\(index + 1) to \(end)"
            let rows = Self.count(same.reduce(0) { $0 + $1.rows })
            lines.append(
                "\(lines.isEmpty ? "Sources   " : "          ")\(numbers) of \(sources.count), "
                    + "\(rows): \(path)")
            index = end
        }
        return lines
    }

    private static func count(_ count: Double, _ noun: String = "row") -> String {
        let number = Int(min(count, 1e15).rounded())
        let digits = Array(String(number))
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0 && (digits.count - index) % 3 == 0 { text += "," }
            text.append(digit)
        }
        return "\(text) \(noun)\(number == 1 ? "" : "s")"
    }

    private static func time(_ time: Duration) -> String {
        let nanoseconds = time / .nanoseconds(1)
        if nanoseconds < 1_000 { return "\(Int(nanoseconds.rounded())) ns" }
        if nanoseconds < 999_500 { return "\(Self.digits(nanoseconds / 1_000)) µs" }
        return "\(Self.digits(nanoseconds / 1_000_000)) ms"
    }

    /// Two digits where one would say little.
    private static func digits(_ value: Double) -> String {
        value < 10 ? "\((value * 10).rounded() / 10)" : "\(Int(value.rounded()))"
    }
}
