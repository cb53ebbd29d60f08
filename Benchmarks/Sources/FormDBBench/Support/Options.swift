import Foundation

/// What the command line asks for.
struct Options {
    var only: [String] = []
    var engines: [String] = []
    var runs: Int?
    var isQuick = false
    var countsProcessorTimeOnly = false
    var directory: URL?
    var results: URL?
    /// Of a process that only tells how much memory one engine takes.
    var resident: String?

    static let usage = """
        usage: formdb-bench [--only W1,W2,…] [--engines a,b,…] [--runs n] [--quick]
                            [--cpu] [--directory path] [--results file]
          --only       workloads: W1 W2 W2t W4 W5 T1 T3 geometry cache regret combined api
                       (default: all)
          --engines    engines by name (default: all)
          --runs       how often each engine runs, interleaved (default 5)
          --quick      fewer runs, and no files for the largest workload: less than two minutes
          --cpu        processor time instead of elapsed time, for a busy machine
          --directory  where stores on disk go (default: .results of this package)
          --results    the result file (default: Benchmarks/.results/latest.json)
        """

    init(_ arguments: [String]) throws {
        var rest = arguments[...]
        while let option = rest.popFirst() {
            func value() throws -> String {
                guard let next = rest.popFirst() else {
                    throw BenchError("\(option) needs a value\n\(Self.usage)")
                }
                return next
            }
            switch option {
            case "--only": only = try Self.list(value())
            case "--engines": engines = try Self.list(value())
            case "--runs":
                guard let count = Int(try value()), count > 0 else {
                    throw BenchError("--runs needs a number above 0")
                }
                runs = count
            case "--resident": resident = try value()
            case "--quick": isQuick = true
            case "--cpu": countsProcessorTimeOnly = true
            case "--directory": directory = URL(fileURLWithPath: try value())
            case "--results": results = URL(fileURLWithPath: try value())
            default: throw BenchError("unknown option \(option)\n\(Self.usage)")
            }
        }
    }

    private static func list(_ text: String) -> [String] {
        text.split(separator: ",").map(String.init)
    }

    func wants(workload: String) -> Bool { only.isEmpty || only.contains(workload) }
    func wants(engine: String) -> Bool { engines.isEmpty || engines.contains(engine) }
}
