extension Feature {
    /// A feature whose properties are a value of a type of yours.
    ///
    /// ```swift
    /// struct Quake: Codable { var magnitude: Double; var place: String? }
    ///
    /// let quake = try feature.record(as: Quake.self)
    /// print(quake.value.magnitude, quake.time)
    /// try tx.insert(Feature(id: 7, geometry: .point(longitude: 1, latitude: 2), value: Quake(…)), into: "quakes")
    /// ```
    public struct Record<Value> {
        /// The id; nil for a feature that is not stored yet.
        public var id: FeatureID?
        /// The geometry; nil for none.
        public var geometry: Geometry?
        /// When it is valid; nil for no time.
        public var time: FeatureTime?
        /// What its properties say.
        public var value: Value

        public init(
            id: FeatureID? = nil, geometry: Geometry?, time: FeatureTime? = nil, value: Value
        ) {
            self.id = id
            self.geometry = geometry
            self.time = time
            self.value = value
        }
    }
}

extension Feature.Record: Sendable where Value: Sendable {}
extension Feature.Record: Equatable where Value: Equatable {}
extension Feature.Record: Hashable where Value: Hashable {}

extension Feature {
    /// The feature with its properties decoded.
    ///
    /// Throws `malformed` with the feature's id, the key and what was found there, if they don't fit.
    public func record<Value: Decodable>(as type: Value.Type = Value.self) throws -> Record<Value> {
        Record(id: id, geometry: geometry, time: time, value: try value(as: type))
    }

    /// The properties decoded; throws like ``record(as:)``. Null properties are an object without members.
    public func value<Value: Decodable>(as type: Value.Type = Value.self) throws -> Value {
        do {
            return try type.init(from: JSONValueDecoder(.object(properties ?? [:])))
        } catch let error as DecodingError {
            let whose = id.map { "feature \($0.debugDescription)" } ?? "the feature"
            throw FormDBError(
                .malformed, "\(whose) is no \(Value.self): \(error.sentence)",
                advice: "make the member optional, or correct the feature")
        }
    }

    /// A feature whose properties are an encoded value; throws `invalidArgument` if that is no object.
    public init(
        id: FeatureID? = nil, geometry: Geometry?, time: FeatureTime? = nil,
        value: some Encodable
    ) throws {
        self.init(
            id: id, geometry: geometry, properties: try JSONObject(encoding: value), time: time)
    }

    /// A feature out of a typed record; throws `invalidArgument` if its value is no object.
    public init(_ record: Record<some Encodable>) throws {
        try self.init(
            id: record.id, geometry: record.geometry, time: record.time, value: record.value)
    }
}

extension JSONObject {
    /// The members that a value encodes; throws `invalidArgument` if it encodes no object.
    public init(encoding value: some Encodable) throws {
        do {
            guard case .object(let object) = try JSONValueEncoder.encode(value) else {
                throw FormDBError(
                    .invalidArgument, "properties are an object, and \(type(of: value)) is none")
            }
            self = object
        } catch let error as EncodingError {
            throw FormDBError(.invalidArgument, "\(type(of: value)) can't be encoded: \(error)")
        }
    }
}

extension DecodingError {
    /// Where and what, as a sentence.
    fileprivate var sentence: String {
        switch self {
        case .keyNotFound(let key, let context):
            "\((context.codingPath + [key]).dotted) is missing"
        case .valueNotFound(_, let context), .typeMismatch(_, let context),
            .dataCorrupted(let context):
            "\(context.codingPath.dotted): \(context.debugDescription)"
        @unknown default: "\(self)"
        }
    }
}

extension [any CodingKey] {
    fileprivate var dotted: String {
        isEmpty
            ? "the whole"
            : map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }
                .joined(separator: ".")
    }
}
