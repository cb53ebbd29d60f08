extension Filter: CustomStringConvertible {
    /// The condition as one would say it: `kind == "cafe" and magnitude >= 5`.
    public var description: String { node.described }
}

extension FilterNode {
    fileprivate var described: String {
        switch shape {
        case .all(let parts) where parts.isEmpty: return "everything"
        case .any(let parts) where parts.isEmpty: return "nothing"
        case .unknown: return "unknown"
        case .all(let parts): return parts.map { $0.describedInside }.joined(separator: " and ")
        case .any(let parts): return parts.map { $0.describedInside }.joined(separator: " or ")
        case .states(let path, let states): return Self.describe(path, states)
        case .text(let path, let text, let isNegated):
            let not = isNegated ? "does not contain" : "contains"
            return "\(path) \(not) \(JSONValue.string(text))"
        case .element(let path, let value, let isNegated):
            return "\(path) has \(isNegated ? "no" : "an") element \(value)"
        case .ranges(let path, let ranges): return ranges.describe(path)
        }
    }

    private var describedInside: String {
        let text = described
        switch shape {
        case .all(let parts), .any(let parts): return parts.isEmpty ? text : "(\(text))"
        case .ranges(_, let ranges): return ranges.needsParentheses ? "(\(text))" : text
        default: return text
        }
    }

    private static func describe(_ path: PropertyPath, _ states: States) -> String {
        switch states {
        case .value: "\(path) is a value"
        case .null: "\(path) is null"
        case .missing: "\(path) is missing"
        case [.value, .null]: "\(path) exists"
        case [.value, .missing]: "\(path) is not null"
        default: "\(path) is null or missing"
        }
    }
}

extension FilterRanges {
    private enum Form {
        case everyOrNone
        case values(isNegated: Bool, [JSONValue])
        case prefix(isNegated: Bool, String)
        case spans
    }

    private var form: Form {
        if cuts.isEmpty { return .everyOrNone }
        let values = stride(from: 0, to: cuts.count, by: 2).compactMap { index in
            !cuts[index].isAfter && index + 1 < cuts.count
                && cuts[index + 1].value == cuts[index].value ? cuts[index].value : nil
        }
        if values.count * 2 == cuts.count {
            return .values(isNegated: startsInside, values)
        }
        if case .string(let prefix) = cuts[0].value, cuts.count == 2, !cuts[0].isAfter,
            !cuts[1].isAfter, !prefix.isEmpty,
            Self.successor(of: prefix).map({ cuts[1].value == .string($0) }) == true
        {
            return .prefix(isNegated: startsInside, prefix)
        }
        return .spans
    }

    fileprivate var needsParentheses: Bool {
        if case .spans = form { spans.count > 1 } else { false }
    }

    fileprivate func describe(_ path: PropertyPath) -> String {
        func show(_ value: JSONValue) -> String {
            if path.reading == .timestamp, let microseconds = value.intValue {
                return Timestamp(microseconds: microseconds).description
            }
            return value.description
        }
        switch form {
        case .everyOrNone:
            return startsInside ? "\(path) is of kind \(kind)" : "\(path) in no \(kind)"
        case .values(let isNegated, let values) where values.count == 1:
            return "\(path) \(isNegated ? "!=" : "==") \(show(values[0]))"
        case .values(let isNegated, let values):
            let list = values.map(show).joined(separator: ", ")
            return "\(path) \(isNegated ? "not in" : "in") [\(list)]"
        case .prefix(let isNegated, let prefix):
            let verb = isNegated ? "does not begin with" : "begins with"
            return "\(path) \(verb) \(show(.string(prefix)))"
        case .spans:
            return spans.map { span in
                let lower = span.lower.map { (show($0.value), $0.isAfter ? "<" : "<=") }
                let upper = span.upper.map { (show($0.value), $0.isAfter ? "<=" : "<") }
                switch (lower, upper) {
                case (let low?, let high?) where low.0 == high.0: return "\(path) == \(low.0)"
                case (let low?, let high?):
                    return "\(low.0) \(low.1) \(path) \(high.1) \(high.0)"
                case (let low?, nil): return "\(path) \(low.1 == "<" ? ">" : ">=") \(low.0)"
                case (nil, let high?): return "\(path) \(high.1) \(high.0)"
                case (nil, nil): return "\(path) is of kind \(kind)"
                }
            }.joined(separator: " or ")
        }
    }
}
