/// What the parts of plans cost, in nanoseconds.
///
/// The standard ones were fitted to the times of all forced plans of the benchmark's regret suite (`make bench
/// ONLY=regret` prints them beside their estimates); a ``Calibration`` fits them to another machine. Only their ratios
/// matter.
struct CostModel: Hashable, Sendable, Codable {
    /// Asking a tree at all, and for each of its leaves that is opened.
    var tree = 2_000.0
    var leaf = Scattered(near: 14, far: 45)
    /// What more a leaf costs when place and time are tested together.
    var bothFactor = 1.35
    /// A row handed on by a tree; a row of a node that is counted as a whole.
    var treeRow = 1.6
    var countedRow = 0.3
    /// A row of the columns that a scan looks at: seen, tested for time, and for place (where its time answers).
    var scannedRow = 1.0
    var scannedTime = 4.0
    var scannedBox = 6.5
    /// Testing place and time of a row that something else found: in a collection that the processor's cache holds,
    /// and in one that it doesn't.
    var restrictedRow = Scattered(near: 9, far: 45)
    /// Asking an index for a range, and a row it hands on; a row that it hands on in order.
    var index = 8_000.0
    var indexRow = 3.0
    var orderedRow = 60.0
    /// Having rows in order of time: finding, testing and sorting one.
    var timeOrderedRow = Scattered(near: 60, far: 200)
    /// Finding a row by its id; making a set of ids, for each of them; asking it.
    var id = 60.0
    var idOfSet = 170.0
    var idTest = 60.0
    /// Testing a filter on a record: one after another as a scan does, and of rows here and there.
    var filteredRow = 65.0
    var scatteredFilteredRow = Scattered(near: 75, far: 180)
    /// What a row costs to be sorted: its key, and each comparison. A property's key lies in the record.
    var sortKey = 12.0
    var sortPropertyKey = 80.0
    var sortComparison = 6.0
    /// One distance on the ellipsoid, and a step of the walk to the nearest.
    var distance = 320.0
    var nearestRow = 1_200.0
    /// One stretch of an answer in order of time.
    var stretch = 4_000.0

    static let standard = CostModel()

    /// All of them.
    static let constants: [WritableKeyPath<CostModel, Double> & Sendable] = [
        \.tree, \.leaf.near, \.leaf.far, \.bothFactor, \.treeRow, \.countedRow, \.scannedRow,
        \.scannedTime,
        \.scannedBox, \.restrictedRow.near, \.restrictedRow.far, \.index, \.indexRow, \.orderedRow,
        \.timeOrderedRow.near, \.timeOrderedRow.far, \.id, \.idOfSet, \.idTest, \.filteredRow,
        \.scatteredFilteredRow.near, \.scatteredFilteredRow.far, \.sortKey, \.sortPropertyKey,
        \.sortComparison,
        \.distance, \.nearestRow, \.stretch,
    ]

    /// What something costs at a row here and there: more, where most rows are in no cache.
    struct Scattered: Hashable, Sendable, Codable {
        var near, far: Double

        private static let rowsNear = 16_384.0
        private static let doublings = 5.0

        /// In a collection of so many rows.
        func among(_ rows: Double) -> Double {
            let doublings = Double((rows / Self.rowsNear).exponent) + 1
            return near + (far - near) * min(max(doublings / Self.doublings, 0), 1)
        }
    }
}
