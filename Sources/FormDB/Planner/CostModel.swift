/// What the parts of plans cost, in nanoseconds.
///
/// Measured once, by fitting the time of every forced plan of the benchmark's regret suite (`make bench
/// ONLY=regret` prints them beside their estimates); only their ratios matter, and those differ little between
/// machines.
struct CostModel: Hashable, Sendable {
    /// Asking a tree at all, and for each of its leaves that is opened.
    var tree = 600.0
    var leaf = 14.0
    /// What more a leaf costs when place and time are tested together.
    var bothFactor = 1.35
    /// A row handed on by a tree; a row of a node that is counted as a whole.
    var treeRow = 1.6
    var countedRow = 0.3
    /// A row of the columns that a scan looks at: seen, and tested for place, and for time.
    var scannedRow = 0.9
    var scannedBox = 1.4
    var scannedTime = 0.7
    /// Testing place and time of a row that something else found: a miss or two.
    var restrictedRow = 9.0
    /// Asking an index for a range, and a row it hands on; a row that it hands on in order.
    var index = 700.0
    var indexRow = 3.0
    var orderedRow = 30.0
    /// Finding a row by its id.
    var id = 90.0
    /// Testing a filter on a record: the record's misses included.
    var filteredRow = 75.0
    /// What a row costs to be sorted: its key, and each comparison. A property's key lies in the record.
    var sortKey = 12.0
    var sortPropertyKey = 80.0
    var sortComparison = 6.0
    /// One distance on the ellipsoid, and a step of the walk to the nearest.
    var distance = 320.0
    var nearestRow = 500.0
    /// One stretch of an answer in order of time.
    var stretch = 2_000.0

    static let standard = CostModel()
}
