/// Encodes `Encodable` types as JSON values, without text in between.
enum JSONValueEncoder {
    static func encode(_ value: some Encodable) throws -> JSONValue {
        let place = Place()
        try place.put(value, at: [])
        return place.value
    }

    /// A place of the result under construction: containers are filled after they were handed out.
    fileprivate final class Place {
        enum Content {
            case value(JSONValue)
            case array([Place])
            case object([(key: String, place: Place)])
        }
        /// An object without members, until it is known better (as of an empty struct).
        var content = Content.object([])

        var value: JSONValue {
            switch content {
            case .value(let value): value
            case .array(let places): .array(places.map(\.value))
            case .object(let members): .object(JSONObject(lastWins: members.map { ($0, $1.value) }))
            }
        }

        func put(_ value: some Encodable, at codingPath: [any CodingKey]) throws {
            switch value {
            case let value as JSONValue: content = .value(value)
            case let value as JSONObject: content = .value(.object(value))
            default: try value.encode(to: PlaceEncoder(place: self, codingPath: codingPath))
            }
        }

        func appendElement() -> Place {
            let place = Place()
            if case .array(var places) = content {
                content = .array([])  // so that the array is not copied
                places.append(place)
                content = .array(places)
            }
            return place
        }

        func appendMember(_ key: String) -> Place {
            let place = Place()
            if case .object(var members) = content {
                content = .object([])
                members.append((key, place))
                content = .object(members)
            }
            return place
        }

        var count: Int {
            if case .array(let places) = content { places.count } else { 0 }
        }
    }
}

private struct PlaceEncoder: Encoder, SingleValueEncodingContainer {
    let place: JSONValueEncoder.Place
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        // A class and its superclass may both ask for the container of one place.
        if case .object = place.content {} else { place.content = .object([]) }
        return KeyedEncodingContainer(ObjectContainer(place: place, codingPath: codingPath))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        if case .array = place.content {} else { place.content = .array([]) }
        return ArrayContainer(place: place, codingPath: codingPath)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { self }

    private func put(_ value: JSONValue) { place.content = .value(value) }

    func encodeNil() { put(.null) }
    func encode(_ value: Bool) { put(.bool(value)) }
    func encode(_ value: String) { put(.string(value)) }
    func encode(_ value: Float) throws { try encode(Double(value)) }
    func encode(_ value: Int) { put(JSONValue(value)) }
    func encode(_ value: Int8) { put(JSONValue(value)) }
    func encode(_ value: Int16) { put(JSONValue(value)) }
    func encode(_ value: Int32) { put(JSONValue(value)) }
    func encode(_ value: Int64) { put(JSONValue(value)) }
    func encode(_ value: UInt) { put(JSONValue(value)) }
    func encode(_ value: UInt8) { put(JSONValue(value)) }
    func encode(_ value: UInt16) { put(JSONValue(value)) }
    func encode(_ value: UInt32) { put(JSONValue(value)) }
    func encode(_ value: UInt64) { put(JSONValue(value)) }

    func encode(_ value: Double) throws {
        guard value.isFinite else {
            throw EncodingError.invalidValue(
                value,
                .init(codingPath: codingPath, debugDescription: "\(value) is no JSON value"))
        }
        put(.double(value))
    }

    func encode(_ value: some Encodable) throws { try place.put(value, at: codingPath) }
}

private struct ObjectContainer<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let place: JSONValueEncoder.Place
    let codingPath: [any CodingKey]

    private func member(_ key: some CodingKey) -> PlaceEncoder {
        PlaceEncoder(place: place.appendMember(key.stringValue), codingPath: codingPath + [key])
    }

    func encodeNil(forKey key: Key) { member(key).encodeNil() }
    func encode(_ value: some Encodable, forKey key: Key) throws { try member(key).encode(value) }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
        member(key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        member(key).unkeyedContainer()
    }

    func superEncoder() -> any Encoder { member(SuperKey()) }
    func superEncoder(forKey key: Key) -> any Encoder { member(key) }
}

private struct ArrayContainer: UnkeyedEncodingContainer {
    let place: JSONValueEncoder.Place
    let codingPath: [any CodingKey]

    var count: Int { place.count }

    private func element() -> PlaceEncoder {
        let key = ArrayIndexKey(count)
        return PlaceEncoder(place: place.appendElement(), codingPath: codingPath + [key])
    }

    func encodeNil() { element().encodeNil() }
    func encode(_ value: some Encodable) throws { try element().encode(value) }

    func nestedContainer<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        element().container(keyedBy: type)
    }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { element().unkeyedContainer() }
    func superEncoder() -> any Encoder { element() }
}
