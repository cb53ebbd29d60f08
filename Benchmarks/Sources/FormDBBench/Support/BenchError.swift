import BenchCore

/// Why the benchmark stopped: a wrong answer, or something that failed.
struct BenchError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }

    /// Throws unless `status` is OK.
    static func check(_ status: fc_status, _ what: String) throws {
        guard status == FC_STATUS_OK else {
            throw BenchError("\(what): \(String(cString: fc_status_name(status)))")
        }
    }
}
