/// Who wrote something, from where, and why: kept with every transaction.
///
/// ```swift
/// let me = Provenance(actor: "gps", source: "device:42", reason: "morning run")
/// ```
public struct Provenance: Hashable, Sendable, Codable {
    /// Who.
    public var actor: String
    /// What sort of actor.
    public var kind: Kind?
    /// From where the data came.
    public var source: String?
    /// Why.
    public var reason: String?
    /// The session it happened in, as JSON.
    public var session: JSONValue?
    /// Whatever else belongs to it, as JSON.
    public var context: JSONValue?

    public init(
        actor: String, kind: Kind? = nil, source: String? = nil, reason: String? = nil,
        session: JSONValue? = nil, context: JSONValue? = nil
    ) {
        self.actor = actor
        self.kind = kind
        self.source = source
        self.reason = reason
        self.session = session
        self.context = context
    }

    /// What sort of actor wrote: an open set of names.
    public struct Kind: RawRepresentable, Hashable, Sendable, Codable, ExpressibleByStringLiteral,
        CustomStringConvertible
    {
        public let rawValue: String

        public init(rawValue: String) { self.rawValue = rawValue }
        public init(stringLiteral value: String) { rawValue = value }
        public var description: String { rawValue }

        /// A person.
        public static let person = Kind(rawValue: "person")
        /// A sensor or another device.
        public static let device = Kind(rawValue: "device")
        /// A program that acts on its own.
        public static let agent = Kind(rawValue: "agent")
        /// A service or a process.
        public static let service = Kind(rawValue: "service")
        /// An import of a file.
        public static let importer = Kind(rawValue: "import")
    }
}

extension Provenance: CustomStringConvertible {
    public var description: String {
        var text = actor
        if let kind { text += " (\(kind))" }
        if let source { text += " from \(source)" }
        if let reason { text += ": \(reason)" }
        return text
    }
}
