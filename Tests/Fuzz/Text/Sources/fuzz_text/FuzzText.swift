import FormDB

/// GeoJSON and JSON as an attacker would hand them over: an error, or a value that is written and
/// read back as itself, and stored and fetched as itself.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzText(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = UnsafeBufferPointer(start: bytes, count: count)
    guard let text = String(validating: input, as: UTF8.self) else { return 0 }
    for options in [GeoJSONOptions.strict, .lenient] {
        guard let feature = try? Feature(geoJSON: text, options: options) else { continue }
        check(feature, options)
    }
    if let value = try? JSONValue(jsonText: text, lenient: true) {
        guard let written = try? value.jsonText(), let again = try? JSONValue(jsonText: written),
            again == value
        else { fatalError("JSON that is not read back as itself") }
    }
    return 0
}

private func check(_ feature: Feature, _ options: GeoJSONOptions) {
    guard let written = try? feature.geoJSON(),
        let again = try? Feature(geoJSON: written, options: options), again == feature
    else { fatalError("a feature that is not read back as itself") }
    guard let database = try? Database.inMemory() else { fatalError("no database") }
    // What cannot be stored is refused; what was stored comes back as it was.
    guard let id = try? database.write({ try $0.insert(feature, into: "fuzz") }).value else {
        return
    }
    var stored = feature
    stored.id = id
    guard let fetched = try? database.feature(id, in: "fuzz"), fetched == stored else {
        fatalError("a feature that is not fetched as it was stored")
    }
    try? database.close()
}
