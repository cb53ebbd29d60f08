/// Where a page of an answer ended, so that the next one can go on from there.
///
/// A token names the last row of its page by its place in the order and its id, not by a number: the next page is
/// right also after other rows came or went, after that row itself went, and after the database was opened again.
/// As text (``description``) it can travel in a URL.
///
/// ```swift
/// let first = try db.features(in: "quakes").order(by: .time).page(100)
/// let second = try db.features(in: "quakes").order(by: .time).page(100, after: first.next)
/// ```
public struct PageToken: Hashable, Sendable, Codable, LosslessStringConvertible {
    /// A place in the order: the row's time, its property's value or its distance, and its id.
    struct Key: Hashable, Sendable {
        var time: Timestamp?
        /// nil for a missing property.
        var value: JSONValue?
        var meters: Double?
        var id: FeatureID
    }

    let key: Key
    /// How many features of a limited answer are left; nil where there is no limit.
    let left: Int?
    /// Of the question that it is a place in the answer of.
    private let question: UInt64

    init(_ key: Key, of query: FeatureQuery, left: Int? = nil) {
        self.key = key
        self.left = left
        question = query.pagingHash
    }

    /// Throws `invalidArgument` where it belongs to another question.
    func validate(for query: FeatureQuery) throws {
        if query.pagingHash != question {
            throw FormDBError(
                .invalidArgument, "the page token belongs to another question",
                advice: "ask the question that the page came from, with the same order")
        }
    }

    // MARK: Text

    /// Letters, digits, `-` and `_`.
    public var description: String {
        var object: JSONObject = ["q": .uint(question), "i": key.id.jsonValue]
        if let time = key.time { object["t"] = .int(time.microseconds) }
        if let value = key.value { object["v"] = value }
        if let meters = key.meters { object["m"] = .double(meters) }
        if let left { object["l"] = .int(Int64(left)) }
        var output = OutputBuffer()
        // Values that are stored can be encoded.
        try? CBOREncoder.append(object, to: &output)
        return Base64URL.text(of: output.bytes)
    }

    /// Reads the text of a token; nil where it is none.
    public init?(_ description: String) {
        guard let bytes = Base64URL.bytes(of: description),
            let object = unsafe bytes.withUnsafeBytes({
                unsafe try? CBORDecoder.decode($0).objectValue
            }),
            let id = object["i"].flatMap(FeatureID.init(jsonValue:))
        else { return nil }
        switch object["q"] {
        case .uint(let value)?: question = value
        case .int(let value)? where value >= 0: question = UInt64(value)
        default: return nil
        }
        switch object["l"] {
        case nil: left = nil
        case .int(let value)? where value >= 0: left = Int(value)
        default: return nil
        }
        key = Key(
            time: object["t"]?.intValue.map { Timestamp(microseconds: $0) }, value: object["v"],
            meters: object["m"]?.doubleValue, id: id)
    }

    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let token = PageToken(text) else {
            throw FormDBError(.malformed, "a text that is no page token")
        }
        self = token
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// A page of an answer.
public struct FeaturePage: Hashable, Sendable {
    /// The features, in order.
    public let features: [Feature]
    /// Where the next page begins; nil when this is the last.
    public let next: PageToken?
}

extension FeatureQuery {
    /// What a page token is checked against: the question without limits, page and projection.
    fileprivate var pagingHash: UInt64 {
        var plain = self
        plain.limitCount = nil
        plain.nearest?.limit = 0
        plain.pageToken = nil
        plain.projection = nil
        // FNV-1a, which is the same in every process.
        return plain.description.utf8.reduce(0xcbf2_9ce4_8422_2325) {
            ($0 ^ UInt64($1)) &* 0x100_0000_01b3
        }
    }
}

extension FeatureID {
    fileprivate init?(jsonValue: JSONValue) {
        switch jsonValue {
        case .int(let integer): self = .integer(integer)
        case .string(let text): self = .text(text)
        default: return nil
        }
    }
}

/// Base64 with the alphabet for URLs, without padding. SOURCE: RFC 4648, section 5.
enum Base64URL {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    static func text(of bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let part = bytes[start..<min(start + 3, bytes.count)]
            let bits = part.enumerated().reduce(0) { $0 | Int($1.element) << (16 - 8 * $1.offset) }
            for index in 0...part.count { text.append(alphabet[bits >> (18 - 6 * index) & 63]) }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// nil for what is no such text.
    static func bytes(of text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        var bits = 0
        var count = 0
        for character in text.utf8 {
            guard let value = alphabet.firstIndex(of: character) else { return nil }
            bits = (bits << 6 | value) & 0xFFFF
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(bits >> count & 0xFF))
            }
        }
        // What is left over is less than a character, and zeros.
        return count < 6 && bits & (1 << count - 1) == 0 ? bytes : nil
    }
}
