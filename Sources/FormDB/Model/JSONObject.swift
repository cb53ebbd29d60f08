/// A JSON object: members in the order in which they came, with keys that differ in any byte apart.
///
/// ```swift
/// var p: JSONObject = ["name": "Ferry Building", "floors": 3]
/// p["open"] = true
/// p["floors"] = nil       // removes; `.null` would be a value
/// ```
///
/// Two objects are equal if they have equal members, in whatever order. Looking a key up costs O(1)
/// (small objects are searched in line).
public struct JSONObject: Sendable {
    struct Member: Sendable {
        var key: String
        var value: JSONValue
    }

    /// In order.
    private(set) var members: [Member] = []
    /// Where each key is; only from `indexedFrom` members on.
    private var index: [TextKey: Int]?

    private static let indexedFrom = 17

    /// Creates an object without members.
    public init() {}

    /// Members in order; of equal keys the last value wins, at the place of the first.
    init(lastWins elements: some Collection<(String, JSONValue)>) {
        members.reserveCapacity(elements.count)
        for (key, value) in elements { self[key] = value }
    }

    /// Takes members whose keys are known to differ.
    init(uniqueMembers: [Member]) {
        members = uniqueMembers
        if members.count >= Self.indexedFrom { rebuildIndex() }
    }

    /// How many members there are.
    public var count: Int { members.count }
    /// Whether there are none.
    public var isEmpty: Bool { members.isEmpty }
    /// The keys in order.
    public var keys: [String] { members.map(\.key) }
    /// The values in order.
    public var values: [JSONValue] { members.map(\.value) }

    /// The value of a key; setting nil removes the member, setting ``JSONValue/null`` does not.
    public subscript(key: String) -> JSONValue? {
        get { position(of: key).map { members[$0].value } }
        set {
            switch (position(of: key), newValue) {
            case (let position?, let value?): members[position].value = value
            case (nil, let value?): append(key, value)
            case (_?, nil): removeValue(forKey: key)
            case (nil, nil): break
            }
        }
    }

    /// The value of a key, or `default` where there is none.
    public subscript(key: String, default defaultValue: @autoclosure () -> JSONValue) -> JSONValue {
        get { self[key] ?? defaultValue() }
        set { self[key] = newValue }
    }

    /// Whether there is a member of that key.
    public func contains(key: String) -> Bool { position(of: key) != nil }

    /// Removes a member, and gives its value. COST: O(count).
    @discardableResult
    public mutating func removeValue(forKey key: String) -> JSONValue? {
        guard let position = position(of: key) else { return nil }
        let removed = members.remove(at: position).value
        if index != nil { rebuildIndex() }
        return removed
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
        if position(of: key) != nil { return false }
        append(key, value)
        return true
    }

    /// Adds a member whose key is not there yet.
    private mutating func append(_ key: String, _ value: JSONValue) {
        members.append(Member(key: key, value: value))
        if index != nil {
            index?[TextKey(key)] = members.count - 1
        } else if members.count >= Self.indexedFrom {
            rebuildIndex()
        }
    }

    private func position(of key: String) -> Int? {
        if let index { return index[TextKey(key)] }
        for position in members.indices where TextBytes.areEqual(members[position].key, key) {
            return position
        }
        return nil
    }

    private mutating func rebuildIndex() {
        guard members.count >= Self.indexedFrom else {
            index = nil
            return
        }
        var index: [TextKey: Int] = [:]
        index.reserveCapacity(members.count)
        for (position, member) in members.enumerated() { index[TextKey(member.key)] = position }
        self.index = index
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
        a.count == b.count && a.members.allSatisfy { b[$0.key] == $0.value }
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
        self.init(lastWins: elements)
    }
}

extension JSONObject: RandomAccessCollection {
    public typealias Element = (key: String, value: JSONValue)

    public var startIndex: Int { 0 }
    public var endIndex: Int { members.count }
    /// The member at a place in the order.
    public subscript(position: Int) -> Element {
        (members[position].key, members[position].value)
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
