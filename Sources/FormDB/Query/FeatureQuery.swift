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
    struct Condition: Hashable {
        var box: BoundingBox?
        var isWithin = false
        var time: TimeRange?
    }

    /// All within a distance of a place.
    struct Radius: Hashable {
        var place: Position
        var distance: Distance
    }

    /// The nearest to a place.
    struct Nearest: Hashable {
        var place: Position
        var limit: Int
        var maxDistance: Distance?
    }

    private var name: TextKey
    /// What the index is asked for.
    var condition = Condition()
    /// Conditions beyond the first of their kind.
    var further: [Condition] = []
    /// In order, each once.
    var idList: [FeatureID]?
    var order: FeatureOrder?
    var isDescending = false
    var limitCount: Int?
    var radii: [Radius] = []
    var nearest: Nearest?

    /// All features of a collection.
    public init(in collection: String) { name = TextKey(collection) }

    /// The collection that is asked.
    public var collection: String { name.text }

    /// Itself: what all that refines a question refines.
    public var query: FeatureQuery {
        get { self }
        set { self = newValue }
    }
}

/// The order in which features come.
public struct FeatureOrder: Hashable, Sendable, CustomStringConvertible {
    public let description: String

    /// By id: integers, then texts by their UTF-8 bytes.
    public static let id = FeatureOrder(description: "id")
    /// By the start of the time; features without a time come last, equal times by id.
    public static let time = FeatureOrder(description: "time")
}

/// What narrows a question about features: a query, or one that is bound to a database.
public protocol FeatureRefining: Sendable {
    /// The question.
    var query: FeatureQuery { get set }
}

extension FeatureRefining {
    func refined(_ change: (inout FeatureQuery) -> Void) -> Self {
        var refined = self
        change(&refined.query)
        return refined
    }

    /// Features whose bounding box meets a box, edges included.
    ///
    /// `west > east` crosses the antimeridian.
    public func bounds(intersecting box: BoundingBox) -> Self {
        refined { $0.add(box, isWithin: false) }
    }

    /// Features whose bounding box lies in a box, edges included.
    public func bounds(within box: BoundingBox) -> Self {
        refined { $0.add(box, isWithin: true) }
    }

    /// Features whose time meets a range; those without a time don't.
    public func during(_ range: TimeRange) -> Self {
        refined { query in
            if query.condition.time == nil {
                query.condition.time = range
            } else if query.condition.time != range {
                query.further.append(FeatureQuery.Condition(time: range))
            }
        }
    }

    /// Features whose time meets a range of timestamps.
    public func during(_ range: PartialRangeFrom<Timestamp>) -> Self { during(TimeRange(range)) }

    /// Features whose time meets a range of timestamps.
    public func during(_ range: PartialRangeUpTo<Timestamp>) -> Self { during(TimeRange(range)) }

    /// Features whose time holds a timestamp.
    public func at(_ time: Timestamp) -> Self { during(.at(time)) }

    /// Features with one of these ids.
    public func ids(_ ids: some Swift.Sequence<FeatureID>) -> Self {
        refined { query in
            var wanted = Set(ids)
            if let before = query.idList { wanted.formIntersection(before) }
            query.idList = wanted.sorted()
        }
    }

    /// Features with one of these ids.
    public func ids(_ ids: FeatureID...) -> Self { self.ids(ids) }

    /// The order in which they come; equal times come by id. Without an order they come in none.
    public func order(by order: FeatureOrder, descending: Bool = false) -> Self {
        refined {
            $0.order = order
            $0.isDescending = descending
        }
    }

    /// So many at most: the first, if there is an order, else any.
    public func limit(_ count: Int) -> Self {
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
    public func nearest(
        to place: Position, limit: Int, maxDistance: Distance? = nil
    ) -> FeatureQuery {
        refined { $0.nearest = Nearest(place: place, limit: limit, maxDistance: maxDistance) }
    }

    /// All within a distance of a place, nearest first unless there is an order.
    public func within(_ distance: Distance, of place: Position) -> FeatureQuery {
        refined { $0.radii.append(Radius(place: place, distance: distance)) }
    }

    mutating func add(_ box: BoundingBox, isWithin: Bool) {
        if condition.box == nil {
            condition.box = box
            condition.isWithin = isWithin
        } else {
            further.append(Condition(box: box, isWithin: isWithin))
        }
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
    var hasDistance: Bool { nearest != nil || !radii.isEmpty }

    /// The place that distances are measured from.
    var place: Position? { nearest?.place ?? radii.first?.place }

    /// Whether the index answers all of it but order, limit and distance.
    var isSimple: Bool { further.isEmpty && idList == nil }
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
        for radius in radii { text += ".within(\(radius.distance), of: \(radius.place))" }
        if let nearest {
            text += ".nearest(to: \(nearest.place), limit: \(nearest.limit)"
            if let distance = nearest.maxDistance { text += ", maxDistance: \(distance)" }
            text += ")"
        }
        if let order { text += ".order(by: .\(order)\(isDescending ? ", descending: true" : ""))" }
        if let limitCount { text += ".limit(\(limitCount))" }
        return text
    }
}
