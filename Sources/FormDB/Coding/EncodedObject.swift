/// A JSON object that is still CBOR: the properties of a fetched feature.
///
/// Its members are in the order of the encoding, shorter keys first. It has fewer than 256.
///
/// COST: `count` O(1); a key, a member: the heads before it are walked over, and one value is
/// decoded. Nothing is allocated but what the value itself needs (a text of more than 15
/// bytes, an array, an object).
struct EncodedObject: Sendable {
    let batch: RecordBatch
    /// Where the map lies in the batch.
    let start, length: UInt32

    /// Good while the batch is.
    @inline(__always)
    var bytes: UnsafeRawBufferPointer { unsafe batch.bytes(start, length) }

    private func withDecoder<Result>(_ body: (inout CBORDecoder) throws -> Result) -> Result {
        do {
            return try withExtendedLifetime(batch) {
                var decoder = unsafe CBORDecoder(bytes, isTrusted: true)
                return try body(&decoder)
            }
        } catch { recordIsDamaged(error) }
    }

    var count: Int {
        withDecoder { decoder in Int(try decoder.readMapHead()) }
    }

    /// The value of a key in the bytes of an object, which the caller keeps alive.
    static func value(forKey key: String, in bytes: UnsafeRawBufferPointer) -> JSONValue? {
        do {
            var decoder = unsafe CBORDecoder(bytes, isTrusted: true)
            return try decoder.value(forKey: key)
        } catch { recordIsDamaged(error) }
    }

    func contains(key: String) -> Bool {
        withDecoder { try $0.find(key) }
    }

    func member(at position: Int) -> JSONObject.Member {
        withDecoder { decoder in
            let count = Int(try decoder.readMapHead())
            precondition(position >= 0 && position < count, "no member at that position")
            for _ in 0..<(2 * position) { try decoder.skipValue() }
            return try decoder.readMember()
        }
    }

    /// All members, decoded.
    var members: [JSONObject.Member] {
        withDecoder { try $0.readMembers() }
    }

    /// The keys alone.
    var keys: [String] {
        withDecoder { decoder in
            try (0..<(try decoder.readMapHead())).map { _ in
                let key = try decoder.readKey()
                try decoder.skipValue()
                return key
            }
        }
    }

    /// Whether both are the same bytes, and so equal objects.
    func hasSameBytes(as other: EncodedObject) -> Bool {
        if length != other.length { return false }
        if batch === other.batch && start == other.start { return true }
        return withExtendedLifetime((batch, other.batch)) {
            unsafe batch.bytes(start, length).elementsEqual(other.batch.bytes(other.start, length))
        }
    }

    /// Appends the map as it is. REQUIRES: `output` needs it as an outermost value.
    func append(to output: inout OutputBuffer) {
        unsafe output.append(batch.bytes(start, length))
        withExtendedLifetime(batch) {}
    }
}
