/// What every engine does with features, through its Swift interface. Each box is one call, which asks
/// what was last committed.
protocol ApiEngine: AnyObject {
    func insert(_ rows: ArraySlice<ApiRow>, perTransaction: Int) throws
    /// Whole rows as values of their own, every column read.
    func features(_ boxes: [ApiBox]) throws -> ApiAnswer
    /// The same, read in place and not kept.
    func views(_ boxes: [ApiBox]) throws -> ApiAnswer
    /// Ids as an array of integers.
    func ids(_ boxes: [ApiBox]) throws -> ApiAnswer
    func count(_ boxes: [ApiBox]) throws -> Int
    func close() throws
}

/// An engine that can also read rows into `Codable` records: a line under a name of its own.
protocol CodableApiEngine: ApiEngine {
    static var codableName: String { get }
    func codableFeatures(_ boxes: [ApiBox]) throws -> ApiAnswer
}

struct ApiEngineKind: Sendable {
    let name: String
    var isPeer = false
    var isOnDisk = false
    let make: @Sendable (Surroundings) throws -> any ApiEngine

    static let all: [ApiEngineKind] = [.formdb, .formdbDurable, .grdb]
}
