/// A JSON object: members in the order in which they came, with keys that differ in any byte apart.
///
/// ```swift
/// var p: JSONObject = ["name": "Ferry Building", "floors": 3]
/// p["open"] = true
/// p["floors"] = nil       // removes; `.null` would be a value
/// ```
///
/// Two objects are equal if they have equal members, in whatever order. Looking a key up costs O(1)
/// (small objects are searched in line, and so are the properties of a fetched feature, which are
/// decoded key by key; there each member before it is passed over, of fewer than 256).
public struct JSONObject: Sendable {
    struct Member: Sendable {
        var key: String
        var value: JSONValue
    }

    private enum Storage: Sendable {
        /// In order; and where each key is, only from `indexedFrom` members on.
        case members([Member], [TextKey: Int]?)
        /// Of a fetched feature: its members are decoded when they are asked for.
        case encoded(EncodedObject)
    }

    private var storage = Storage.members([], nil)

    private static let indexedFrom = 17

    /// Creates an object without members.
    public init() {}

    /// Members in order; of equal keys the last value wins, at the place of the first.
    init(lastWins elements: some Collection<(String, JSONValue)>) {
        if elements.count >= Self.indexedFrom {
            for (key, value) in elements { self[key] = value }
            return
        }
        var members: [Member] = []
        members.reserveCapacity(elements.count)
        for (key, value) in elements {
            if let position = Self.search(key, in: members) {
                members[position].value = value
            } else {
                members.append(Member(key: key, value: value))
            }
        }
        storage = .members(members, nil)
    }

    /// Takes members whose keys are known to differ.
    init(uniqueMembers: [Member]) {
        storage = .members(uniqueMembers, Self.index(of: uniqueMembers))
    }

    init(_ encoded: EncodedObject) { storage = .encoded(encoded) }

    /// In order.
    var members: [Member] {
        switch storage {
        case .members(let members, _): members
        case .encoded(let object): object.members
        }
    }

    /// The CBOR map that it still is, if it is one.
    var encoded: EncodedObject? {
        if case .encoded(let object) = storage { object } else { nil }
    }

    /// The bytes of that, good while this is.
    @inline(__always)
    private var encodedBytes: UnsafeRawBufferPointer? {
        if case .encoded(let object) = storage { unsafe object.bytes } else { nil }
    }

    /// How many members there are.
    public var count: Int {
        switch storage {
        case .members(let members, _): members.count
        case .encoded(let object): object.count
        }
    }
    /// Whether there are none.
    public var isEmpty: Bool { count == 0 }
    /// The keys in order.
    public var keys: [String] {
        switch storage {
        case .members(let members, _): members.map(\.key)
        case .encoded(let object): object.keys
        }
    }
    /// The values in order.
    public var values: [JSONValue] { members.map(\.value) }

    /// The value of a key; setting nil removes the member, setting ``JSONValue/null`` does not.
    public subscript(key: String) -> JSONValue? {
        get {
            // Read in place: taking the object out of the storage first counts a reference, half of what a
            // number costs to be read.
            if let bytes = unsafe encodedBytes {
                return withExtendedLifetime(self) {
                    unsafe EncodedObject.value(forKey: key, in: bytes)
                }
            }
            guard case .members(let members, let index) = storage else { return nil }
            return Self.position(of: key, members, index).map { members[$0].value }
        }
        set {
            change { members, index in
                switch (Self.position(of: key, members, index), newValue) {
                case (let position?, let value?): members[position].value = value
                case (nil, let value?): Self.append(key, value, &members, &index)
                case (let position?, nil): Self.remove(position, &members, &index)
                case (nil, nil): break
                }
            }
        }
    }

    /// The value of a key, or `default` where there is none.
    public subscript(key: String, default defaultValue: @autoclosure () -> JSONValue) -> JSONValue {
        get { self[key] ?? defaultValue() }
        set { self[key] = newValue }
    }

    /// Whether there is a member of that key.
    public func contains(key: String) -> Bool {
        switch storage {
        case .members(let members, let index): Self.position(of: key, members, index) != nil
        case .encoded(let object): object.contains(key: key)
        }
    }

    /// Removes a member, and gives its value. COST: O(count).
    @discardableResult
    public mutating func removeValue(forKey key: String) -> JSONValue? {
        change { members, index in
            guard let position = Self.position(of: key, members, index) else { return nil }
            return Self.remove(position, &members, &index)
        }
    }

    /// Applies a merge patch (RFC 7396): objects merge, `null` removes, anything else replaces.
    public mutating func merge(_ patch: JSONObject) {
        for member in patch.members {
            switch member.value {
            case .null: removeValue(forKey: member.key)
            case .object(let inner):
                var target = self[member.key]?.objectValue ?? JSONObject()
                target.merge(inner)
                self[member.key] = .object(target)
            default: self[member.key] = member.value
            }
        }
    }

    /// Adds a member unless its key is there; says whether it wasn't.
    mutating func appendIfNew(_ key: String, _ value: JSONValue) -> Bool {
        change { members, index in
            if Self.position(of: key, members, index) != nil { return false }
            Self.append(key, value, &members, &index)
            return true
        }
    }

    /// Lends the members to be changed in place; an encoded object is decoded first.
    private mutating func change<Result>(
        _ body: (inout [Member], inout [TextKey: Int]?) -> Result
    ) -> Result {
        var members: [Member]
        var index: [TextKey: Int]? = nil
        switch storage {
        case .members(let all, let places): (members, index) = (all, places)
        case .encoded(let object):
            members = object.members
            index = Self.index(of: members)
        }
        // Nobody else may hold them now, or the change would copy them.
        storage = .members([], nil)
        defer { storage = .members(members, index) }
        return body(&members, &index)
    }

    /// Adds a member whose key is not there yet.
    private static func append(
        _ key: String, _ value: JSONValue, _ members: inout [Member], _ index: inout [TextKey: Int]?
    ) {
        members.append(Member(key: key, value: value))
        if index != nil {
            index?[TextKey(key)] = members.count - 1
        } else {
            index = Self.index(of: members)
        }
    }

    @discardableResult
    private static func remove(
        _ position: Int, _ members: inout [Member], _ index: inout [TextKey: Int]?
    ) -> JSONValue {
        let removed = members.remove(at: position).value
        index = Self.index(of: members)
        return removed
    }

    private static func position(
        of key: String, _ members: [Member], _ index: [TextKey: Int]?
    ) -> Int? {
        if let index { return index[TextKey(key)] }
        return search(key, in: members)
    }

    private static func search(_ key: String, in members: [Member]) -> Int? {
        members.firstIndex { TextBytes.areEqual($0.key, key) }
    }

    /// Where each key is; nil for few members.
    private static func index(of members: [Member]) -> [TextKey: Int]? {
        if members.count < indexedFrom { return nil }
        var index: [TextKey: Int] = [:]
        index.reserveCapacity(members.count)
        for (position, member) in members.enumerated() { index[TextKey(member.key)] = position }
        return index
    }

    /// Members sorted by the bytes of their keys.
    var sortedByBytes: [Member] {
        members.sorted { TextBytes.compare($0.key, $1.key) < 0 }
    }

    /// Whether order, kinds and bits agree too.
    func isIdentical(to other: JSONObject) -> Bool {
        count == other.count
            && zip(members, other.members).allSatisfy {
                TextBytes.areEqual($0.key, $1.key) && $0.value.isIdentical(to: $1.value)
            }
    }
}

extension JSONObject: Hashable {
    public static func == (a: JSONObject, b: JSONObject) -> Bool {
        if let x = a.encoded, let y = b.encoded, x.hasSameBytes(as: y) { return true }
        return a.count == b.count && a.members.allSatisfy { b[$0.key] == $0.value }
    }

    public func hash(into hasher: inout Hasher) {
        // Order must not matter, so members are hashed apart and added up.
        var sum: UInt64 = 0
        for member in members {
            var inner = Hasher()
            TextBytes.hash(member.key, into: &inner)
            inner.combine(member.value)
            sum &+= UInt64(bitPattern: Int64(inner.finalize()))
        }
        hasher.combine(count)
        hasher.combine(sum)
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    /// Of equal keys the last value wins.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        // What `[:]` is given for, as a default of each feature made.
        if elements.isEmpty { self.init() } else { self.init(lastWins: elements) }
    }
}

extension JSONObject: RandomAccessCollection {
    public typealias Element = (key: String, value: JSONValue)

    public var startIndex: Int { 0 }
    public var endIndex: Int { count }
    /// The member at a place in the order. COST: O(position), less than 256, in the properties of a
    /// fetched feature; going through all in turn is O(count).
    public subscript(position: Int) -> Element {
        let member =
            switch storage {
            case .members(let members, _): members[position]
            case .encoded(let object): object.member(at: position)
            }
        return (member.key, member.value)
    }

    public func makeIterator() -> Iterator { Iterator(members: members.makeIterator()) }

    /// Goes through the members in order.
    public struct Iterator: IteratorProtocol {
        var members: IndexingIterator<[Member]>

        public mutating func next() -> Element? { members.next().map { ($0.key, $0.value) } }
    }
}

extension JSONObject: CustomStringConvertible {
    /// JSON text on one line.
    public var description: String { JSONValue.object(self).description }

    /// JSON text on one line; throws `invalidArgument` for NaN and the infinities.
    public func jsonText() throws -> String { try JSONValue.object(self).jsonText() }

    /// Reads one JSON object and nothing else.
    public init(jsonText text: String, lenient: Bool = false, limits: InputLimits = .init()) throws
    {
        let value = try JSONValue(jsonText: text, lenient: lenient, limits: limits)
        guard case .object(let object) = value else {
            throw FormDBError(.malformed, "the text is JSON, but no object")
        }
        self = object
    }
}
