/// A question about the features of a collection: a value that can be kept, compared and asked of any
/// database, snapshot or transaction.
///
/// ```swift
/// let cafes = FeatureQuery(in: "places").bounds(intersecting: box).during(today).limit(20)
/// let now = try db.fetchAll(cafes)
/// let then = try snapshot.fetchAll(cafes)
/// ```
///
/// Conditions add up: a feature has to meet all of them. What a question can't mean (a box whose south
/// lies north of its north, a negative limit) throws when it is asked.
public struct FeatureQuery: Hashable, Sendable, FeatureRefining {
    /// A condition on a feature's bounding box or time.
    struct Condition: Hashable, Sendable {
        var box: BoundingBox?
        var isWithin = false
        var time: TimeRange?
    }

    /// All within a distance of a place.
    struct Radius: Hashable, Sendable {
        var place: Position
        var distance: Distance
    }

    /// The nearest to a place.
    struct Nearest: Hashable, Sendable {
        var place: Position
        var limit: Int
        var maxDistance: Distance?
    }

    /// All that is asked.
    private struct Parts: Hashable, Sendable {
        var name: TextKey
        var condition = Condition()
        var further: [Condition] = []
        var idList: [FeatureID]?
        var filter: Filter?
        var order: FeatureOrder?
        var isDescending = false
        var limitCount: Int?
        var radii: [Radius] = []
        var nearest: Nearest?
        var pageToken: PageToken?
        var projection: FeatureProjection?

        // Asked of each question, where its parts lie.
        @inline(__always)
        var hasDistance: Bool { nearest != nil || !radii.isEmpty }
        @inline(__always)
        var isSimple: Bool {
            further.isEmpty && idList == nil && filter == nil && pageToken == nil
        }
    }

    /// Shared by copies until one of them is changed, which then gets its own.
    private final class Storage: @unchecked Sendable {
        @exclusivity(unchecked) var parts: Parts
        init(_ parts: Parts) { unsafe self.parts = parts }
    }

    /// A query is copied with each request, and looked up by its storage before its parts are compared: one
    /// reference is cheap to do both with.
    private var storage: Storage

    private var parts: Parts {
        _read { yield unsafe storage.parts }
        _modify {
            if !isKnownUniquelyReferenced(&storage) { storage = unsafe Storage(storage.parts) }
            yield unsafe &storage.parts
        }
    }

    /// Of the storage, without what it leads to.
    static var storedBytes: Int { 16 + MemoryLayout<Parts>.stride }

    /// All features of a collection.
    public init(in collection: String) {
        storage = Storage(Parts(name: TextKey(collection)))
    }

    /// The collection that is asked.
    public var collection: String { parts.name.text }

    /// Itself: what all that refines a question refines.
    public var query: FeatureQuery {
        _read { yield self }
        _modify { yield &self }
    }

    /// Whether it is the very same value, or a copy of it; false of many that are equal.
    @inline(__always)
    func isIdentical(to other: FeatureQuery) -> Bool { storage === other.storage }

    public static func == (a: FeatureQuery, b: FeatureQuery) -> Bool {
        a.storage === b.storage || a.parts == b.parts
    }

    public func hash(into hasher: inout Hasher) { parts.hash(into: &hasher) }
}

extension FeatureQuery {
    /// What a tree is asked for in one go.
    private(set) var condition: Condition {
        _read { yield parts.condition }
        _modify { yield &parts.condition }
    }
    /// Conditions of place and time beyond those, in an order of their own and each once, so that the order in
    /// which they were added doesn't matter.
    private(set) var further: [Condition] {
        _read { yield parts.further }
        _modify { yield &parts.further }
    }
    /// In order, each once.
    var idList: [FeatureID]? {
        _read { yield parts.idList }
        _modify { yield &parts.idList }
    }
    /// On properties, normalised.
    private(set) var filter: Filter? {
        _read { yield parts.filter }
        _modify { yield &parts.filter }
    }
    var order: FeatureOrder? {
        _read { yield parts.order }
        _modify { yield &parts.order }
    }
    var isDescending: Bool {
        _read { yield parts.isDescending }
        _modify { yield &parts.isDescending }
    }
    var limitCount: Int? {
        _read { yield parts.limitCount }
        _modify { yield &parts.limitCount }
    }
    var radii: [Radius] {
        _read { yield parts.radii }
        _modify { yield &parts.radii }
    }
    var nearest: Nearest? {
        _read { yield parts.nearest }
        _modify { yield &parts.nearest }
    }
    /// Where an earlier page ended.
    var pageToken: PageToken? {
        _read { yield parts.pageToken }
        _modify { yield &parts.pageToken }
    }
    /// What is read of each feature; nil for all.
    var projection: FeatureProjection? {
        _read { yield parts.projection }
        _modify { yield &parts.projection }
    }
}

/// What narrows a question about features: a query, or one that is bound to a database.
public protocol FeatureRefining: Sendable {
    /// The question.
    var query: FeatureQuery { get set }
}

extension FeatureRefining {
    /// The same, changed: in place where nobody else has it, as in a chain of calls.
    consuming func refined(_ change: (inout FeatureQuery) -> Void) -> Self {
        change(&query)
        return self
    }

    /// Features whose bounding box meets a box, edges included.
    ///
    /// `west > east` crosses the antimeridian.
    public consuming func bounds(intersecting box: BoundingBox) -> Self {
        refined { $0.add(box, isWithin: false) }
    }

    /// Features whose bounding box lies in a box, edges included.
    public consuming func bounds(within box: BoundingBox) -> Self {
        refined { $0.add(box, isWithin: true) }
    }

    /// Features whose time meets a range; those without a time don't.
    public consuming func during(_ range: TimeRange) -> Self {
        refined { $0.add(range) }
    }

    /// Features whose time meets a range of timestamps.
    public consuming func during(_ range: PartialRangeFrom<Timestamp>) -> Self {
        during(TimeRange(range))
    }

    /// Features whose time meets a range of timestamps.
    public consuming func during(_ range: PartialRangeUpTo<Timestamp>) -> Self {
        during(TimeRange(range))
    }

    /// Features whose time holds a timestamp.
    public consuming func at(_ time: Timestamp) -> Self { during(.at(time)) }

    /// Features with one of these ids.
    public consuming func ids(_ ids: some Swift.Sequence<FeatureID>) -> Self {
        refined { query in
            var wanted = Set(ids)
            if let before = query.idList { wanted.formIntersection(before) }
            query.idList = wanted.sorted()
        }
    }

    /// Features with one of these ids.
    public consuming func ids(_ ids: FeatureID...) -> Self { self.ids(ids) }

    /// Features whose properties meet a condition; see ``Filter``.
    ///
    /// ```swift
    /// let strong = try db.features(in: "quakes").filter(.property("magnitude") >= 6).fetchAll()
    /// ```
    public consuming func filter(_ filter: Filter) -> Self {
        refined { $0.add(filter) }
    }

    /// The order in which they come; equal ones come by id. Without an order they come in none.
    public consuming func order(by order: FeatureOrder, descending: Bool = false) -> Self {
        refined {
            $0.order = order
            $0.isDescending = descending
        }
    }

    /// Those that come after the page that a token ends; see ``FeatureRequest/page(_:after:)``.
    public consuming func after(_ token: PageToken) -> Self {
        refined { $0.pageToken = token }
    }

    /// Reads no more than these properties of each feature, and its geometry only if that is asked for.
    public consuming func reading(properties names: [String], geometry: Bool = true) -> Self {
        refined { $0.projection = FeatureProjection(names, hasGeometry: geometry) }
    }

    /// So many at most: the first, if there is an order, else any.
    public consuming func limit(_ count: Int) -> Self {
        refined { $0.limitCount = count }
    }
}

extension FeatureQuery {
    /// The `limit` nearest to a place of those that meet the other conditions, nearest first; equal
    /// distances by id.
    ///
    /// Distances are metres on the ellipsoid. A feature that meets the other conditions and is
    /// neither a point nor a multipoint makes asking throw `unsupportedGeometry`, with its id; one
    /// without a place is left out. An explicit order makes it throw `invalidArgument`.
    public consuming func nearest(
        to place: Position, limit: Int, maxDistance: Distance? = nil
    ) -> FeatureQuery {
        refined { $0.nearest = Nearest(place: place, limit: limit, maxDistance: maxDistance) }
    }

    /// All within a distance of a place, nearest first unless there is an order.
    public consuming func within(_ distance: Distance, of place: Position) -> FeatureQuery {
        refined { $0.radii.append(Radius(place: place, distance: distance)) }
    }

    /// Of several boxes the smallest is what a tree is asked for.
    fileprivate mutating func add(_ box: BoundingBox, isWithin: Bool) {
        let added = Condition(box: box, isWithin: isWithin)
        guard let before = condition.box else {
            condition.box = box
            condition.isWithin = isWithin
            return
        }
        let first = Condition(box: before, isWithin: condition.isWithin)
        if first == added { return }
        let (least, other) = added.rank < first.rank ? (added, first) : (first, added)
        condition.box = least.box
        condition.isWithin = least.isWithin
        addFurther(other)
    }

    /// Of several ranges the shortest is what a tree is asked for. (A time that meets two ranges need not meet what
    /// they share.)
    fileprivate mutating func add(_ range: TimeRange) {
        guard let before = condition.time else {
            condition.time = range
            return
        }
        if before == range { return }
        let added = Condition(time: range)
        let first = Condition(time: before)
        let (least, other) = added.rank < first.rank ? (added, first) : (first, added)
        condition.time = least.time
        addFurther(other)
    }

    private mutating func addFurther(_ condition: Condition) {
        if further.contains(condition) { return }
        further.append(condition)
        further.sort { $0.rank < $1.rank }
    }

    fileprivate mutating func add(_ added: Filter) {
        filter = filter.map { $0 && added } ?? added
    }
}

extension FeatureQuery.Condition {
    /// An order among conditions in which smaller ones come first, and no two are equal.
    fileprivate struct Rank: Comparable {
        var size: Double
        var parts: [Double]

        static func < (a: Rank, b: Rank) -> Bool {
            a.size != b.size ? a.size < b.size : a.parts.lexicographicallyPrecedes(b.parts)
        }
    }

    fileprivate var rank: Rank {
        if let box {
            let width = box.west > box.east ? box.east + 360 - box.west : box.east - box.west
            return Rank(
                size: width * (box.north - box.south),
                parts: [box.west, box.south, box.east, box.north, isWithin ? 0 : 1])
        }
        let start = time?.start.map { Double($0.microseconds) } ?? -.infinity
        let end = time?.end.map { Double($0.microseconds) } ?? .infinity
        // Microseconds that a Double can't tell apart are told by what is left of them.
        let rest = [time?.start, time?.end].map { Double(($0?.microseconds ?? 0) & 0xFFFF) }
        return Rank(size: end - start, parts: [start, end] + rest)
    }
}

extension FeatureQuery {
    /// Throws for what a question can't mean.
    func validate() throws {
        try condition.box?.validate()
        for condition in further { try condition.box?.validate() }
        if let limitCount, limitCount < 0 { throw Self.negativeLimit(limitCount) }
        for radius in radii {
            try radius.place.validate()
            try radius.distance.validate()
        }
        try pageToken?.validate(for: self)
        guard let nearest else { return }
        try nearest.place.validate()
        try nearest.maxDistance?.validate()
        if nearest.limit < 0 { throw Self.negativeLimit(nearest.limit) }
        if order != nil {
            throw FormDBError(
                .invalidArgument, "the nearest come by distance, not by another order",
                advice: "leave out order(by:), or sort what was fetched")
        }
    }

    private static func negativeLimit(_ limit: Int) -> FormDBError {
        FormDBError(.invalidArgument, "a limit of \(limit)")
    }

    /// Whether nothing can meet it: a range of no time, a limit of none.
    var isImpossible: Bool {
        condition.time?.isEmpty == true || further.contains { $0.time?.isEmpty == true }
            || limitCount == 0 || nearest?.limit == 0 || idList?.isEmpty == true
    }

    /// Whether distances decide.
    var hasDistance: Bool { parts.hasDistance }

    /// The place that distances are measured from.
    var place: Position? { nearest?.place ?? radii.first?.place }

    /// Whether one question to a tree answers all of it but order, limit and distance.
    var isSimple: Bool { parts.isSimple }
}

extension FeatureQuery.Condition {
    var question: CoreQuestion { CoreQuestion(box: box, isWithin: isWithin, time: time) }
}

extension FeatureQuery: CustomStringConvertible {
    /// The question, as it would be written.
    public var description: String {
        var text = "FeatureQuery(in: \(collection.debugDescription))"
        for condition in [condition] + further {
            if let box = condition.box {
                text += ".bounds(\(condition.isWithin ? "within" : "intersecting"): \(box))"
            }
            if let time = condition.time { text += ".during(\(time))" }
        }
        if let idList {
            text += ".ids(\(idList.map(\.debugDescription).joined(separator: ", ")))"
        }
        if let filter { text += ".filter(\(filter))" }
        for radius in radii { text += ".within(\(radius.distance), of: \(radius.place))" }
        if let nearest {
            text += ".nearest(to: \(nearest.place), limit: \(nearest.limit)"
            if let distance = nearest.maxDistance { text += ", maxDistance: \(distance)" }
            text += ")"
        }
        if let order { text += ".order(by: .\(order)\(isDescending ? ", descending: true" : ""))" }
        if let pageToken { text += ".after(\(pageToken))" }
        if let limitCount { text += ".limit(\(limitCount))" }
        if let projection { text += ".reading(\(projection))" }
        return text
    }
}
