// The encoding of a provenance in a block: a CBOR map with text keys.

extension Provenance {
    /// The deterministic CBOR map.
    func encoded() throws -> [UInt8] {
        var map = JSONObject()
        map["actor"] = .string(actor)
        if let kind { map["kind"] = .string(kind.rawValue) }
        if let source { map["source"] = .string(source) }
        if let reason { map["reason"] = .string(reason) }
        if let session { map["session"] = session }
        if let context { map["context"] = context }
        var output = OutputBuffer()
        try CBOREncoder.append(map, to: &output)
        return output.bytes
    }

    /// Reads the map; members that it doesn't know are left out.
    init(encoded bytes: [UInt8]) throws {
        let map = try unsafe bytes.withUnsafeBytes { bytes in
            var decoder = unsafe CBORDecoder(bytes)
            return try decoder.readObject()
        }
        self.init(
            actor: map["actor"]?.stringValue ?? "",
            kind: map["kind"]?.stringValue.map { Kind(rawValue: $0) },
            source: map["source"]?.stringValue, reason: map["reason"]?.stringValue,
            session: map["session"], context: map["context"])
    }
}
