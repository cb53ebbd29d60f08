/// Writes JSON text: shortest doubles that read back the same, `1.0` as `1.0`, texts escaped only
/// where JSON demands it.
enum JSONWriter {
    /// What to do with a double that JSON can't write.
    enum NonFinite {
        case null
    }

    /// Appends a value; throws `invalidArgument` for NaN and the infinities, and then appends
    /// nothing.
    static func append(_ value: JSONValue, to output: inout OutputBuffer) throws {
        try checkFinite(value)
        append(value, to: &output, whenNotFinite: .null)
    }

    static func append(
        _ value: JSONValue, to output: inout OutputBuffer, whenNotFinite: NonFinite
    ) {
        switch value {
        case .null: output.append("null")
        case .bool(let value): output.append(value ? "true" : "false")
        case .int(let value): append(value, to: &output)
        case .uint(let value): output.append(utf8: String(value))
        case .double(let value): append(value, to: &output)
        case .string(let value): append(text: value, to: &output)
        case .array(let elements):
            output.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                append(element, to: &output, whenNotFinite: whenNotFinite)
            }
            output.append(UInt8(ascii: "]"))
        case .object(let object): append(object, to: &output)
        }
    }

    static func append(_ object: JSONObject, to output: inout OutputBuffer) {
        output.append(UInt8(ascii: "{"))
        for (index, member) in object.members.enumerated() {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            append(member: member.key, member.value, to: &output)
        }
        output.append(UInt8(ascii: "}"))
    }

    /// Appends `"key":value`.
    static func append(member key: String, _ value: JSONValue, to output: inout OutputBuffer) {
        append(text: key, to: &output)
        output.append(UInt8(ascii: ":"))
        append(value, to: &output, whenNotFinite: .null)
    }

    /// Appends a double, or `null` for what JSON has no number for.
    static func append(_ value: Double, to output: inout OutputBuffer) {
        if value.isFinite {
            output.append(utf8: value.description)
        } else {
            output.append("null")
        }
    }

    static func append(_ value: Int64, to output: inout OutputBuffer) {
        var magnitude = value.magnitude
        output.reserve(20)
        if value < 0 { output.append(UInt8(ascii: "-")) }
        var divisor: UInt64 = 1
        while magnitude / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            output.append(UInt8(ascii: "0") + UInt8(magnitude / divisor))
            magnitude %= divisor
            divisor /= 10
        }
    }

    static func append(text: String, to output: inout OutputBuffer) {
        output.append(UInt8(ascii: "\""))
        if needsEscapes(text) {
            for byte in text.utf8 { append(escaping: byte, to: &output) }
        } else {
            output.append(utf8: text)
        }
        output.append(UInt8(ascii: "\""))
    }

    private static func needsEscapes(_ text: String) -> Bool {
        unsafe text.withUTF8Bytes { bytes in
            var found = false
            for index in bytes.indices {
                let byte = unsafe bytes[index]
                found =
                    found || byte < 0x20 || byte == UInt8(ascii: "\"")
                    || byte == UInt8(ascii: "\\")
            }
            return found
        }
    }

    private static func append(escaping byte: UInt8, to output: inout OutputBuffer) {
        switch byte {
        case UInt8(ascii: "\""): output.append("\\\"")
        case UInt8(ascii: "\\"): output.append("\\\\")
        case 0x0a: output.append("\\n")
        case 0x0d: output.append("\\r")
        case 0x09: output.append("\\t")
        case 0..<0x20:
            output.append("\\u00")
            output.append(UInt8(ascii: byte < 0x10 ? "0" : "1"))
            let low = byte & 0x0f
            output.append(low < 10 ? UInt8(ascii: "0") + low : UInt8(ascii: "a") + low - 10)
        default: output.append(byte)
        }
    }

    /// Throws `invalidArgument` if a double anywhere in the value is not finite.
    static func checkFinite(_ value: JSONValue) throws {
        switch value {
        case .double(let value) where !value.isFinite:
            throw FormDBError(.invalidArgument, "\(value) is no JSON value")
        case .array(let elements): for element in elements { try checkFinite(element) }
        case .object(let object): for member in object.members { try checkFinite(member.value) }
        default: break
        }
    }
}
