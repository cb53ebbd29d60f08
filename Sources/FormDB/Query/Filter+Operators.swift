// What filters are written with.

extension PropertyPath {
    private func compared(
        _ comparison: FilterNode.Comparison, _ value: some JSONConvertible
    ) -> Filter {
        Filter(.compare(self, comparison, value.jsonValue))
    }

    public static func == (a: PropertyPath, b: some JSONConvertible) -> Filter {
        a.compared(.equal, b)
    }

    public static func != (a: PropertyPath, b: some JSONConvertible) -> Filter {
        !a.compared(.equal, b)
    }

    public static func < (a: PropertyPath, b: some JSONConvertible) -> Filter {
        a.compared(.less, b)
    }

    public static func <= (a: PropertyPath, b: some JSONConvertible) -> Filter {
        a.compared(.lessOrEqual, b)
    }

    public static func > (a: PropertyPath, b: some JSONConvertible) -> Filter {
        a.compared(.greater, b)
    }

    public static func >= (a: PropertyPath, b: some JSONConvertible) -> Filter {
        a.compared(.greaterOrEqual, b)
    }

    /// Equal to one of these: the same as comparing with each, joined by `||`.
    public func isIn(_ values: [some JSONConvertible]) -> Filter {
        .any(of: values.map { compared(.equal, $0) })
    }

    /// At least the one and at most the other.
    public func between<Value: JSONConvertible>(_ lower: Value, and upper: Value) -> Filter {
        compared(.greaterOrEqual, lower) && compared(.lessOrEqual, upper)
    }

    /// In a closed range: `.property("magnitude").between(2.5...4)`.
    public func between(_ range: ClosedRange<some JSONConvertible>) -> Filter {
        between(range.lowerBound, and: range.upperBound)
    }

    /// A text that begins with this one.
    public func beginsWith(_ prefix: some StringProtocol) -> Filter {
        Filter(.begins(self, with: String(prefix)))
    }

    /// A text that has this one somewhere in it. Both as they stand: no case is folded, and equal
    /// means the same UTF-8 bytes.
    public func contains(_ text: some StringProtocol) -> Filter {
        Filter(.text(self, contains: String(text)))
    }

    /// An array with an element that equals this value; unknown for what is no array.
    public func containsElement(_ value: some JSONConvertible) -> Filter {
        Filter(.element(self, value.jsonValue))
    }

    /// Whether the property is there, be it null. Never unknown.
    public var exists: Filter { Filter(.states(self, [.value, .null])) }

    /// Whether the property is there and null. Never unknown.
    public var isNull: Filter { Filter(.states(self, .null)) }

    /// Whether the property is not there. Never unknown.
    public var isMissing: Filter { Filter(.states(self, .missing)) }
}

extension TimestampProperty {
    private func compared(_ comparison: FilterNode.Comparison, _ time: Timestamp) -> Filter {
        Filter(.compare(path, comparison, .int(time.microseconds)))
    }

    public static func == (a: TimestampProperty, b: Timestamp) -> Filter { a.compared(.equal, b) }
    public static func != (a: TimestampProperty, b: Timestamp) -> Filter { !a.compared(.equal, b) }
    public static func < (a: TimestampProperty, b: Timestamp) -> Filter { a.compared(.less, b) }
    public static func > (a: TimestampProperty, b: Timestamp) -> Filter { a.compared(.greater, b) }

    public static func <= (a: TimestampProperty, b: Timestamp) -> Filter {
        a.compared(.lessOrEqual, b)
    }

    public static func >= (a: TimestampProperty, b: Timestamp) -> Filter {
        a.compared(.greaterOrEqual, b)
    }

    /// Equal to one of these.
    public func isIn(_ times: [Timestamp]) -> Filter {
        .any(of: times.map { compared(.equal, $0) })
    }

    /// At least the one and at most the other.
    public func between(_ lower: Timestamp, and upper: Timestamp) -> Filter {
        compared(.greaterOrEqual, lower) && compared(.lessOrEqual, upper)
    }

    /// From the start of a range up to, but not including, its end.
    public func during(_ range: TimeRange) -> Filter {
        let after = range.start.map { compared(.greaterOrEqual, $0) }
        let before = range.end.map { compared(.less, $0) }
        return .all(of: [after, before].compactMap(\.self))
    }

    /// Whether there is a time, or null. Never unknown.
    public var exists: Filter { Filter(.states(path, [.value, .null])) }

    /// Whether the property is there and null. Never unknown.
    public var isNull: Filter { Filter(.states(path, .null)) }

    /// Whether there is nothing that reads as a time, nor null. Never unknown.
    public var isMissing: Filter { Filter(.states(path, .missing)) }
}
