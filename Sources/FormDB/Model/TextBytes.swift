// Text is compared, ordered and hashed by its UTF-8 bytes, as the core does. Swift's own String ==
// is canonical equivalence ("é" in one scalar equals "e" with an accent), which would make two
// stored keys or ids look like one.
#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

extension String {
    /// Calls `body` with the text's UTF-8 bytes in place; copies only bridged (foreign) strings.
    @inline(__always)
    func withUTF8Bytes<Result>(
        _ body: (UnsafeBufferPointer<UInt8>) throws -> Result
    ) rethrows -> Result {
        if let result = try unsafe utf8.withContiguousStorageIfAvailable(body) { return result }
        var copy = self
        return try copy.withUTF8(body)
    }
}

/// Equality, order and hash of text by UTF-8 bytes.
enum TextBytes {
    static func areEqual(_ a: String, _ b: String) -> Bool {
        unsafe a.withUTF8Bytes { x in
            unsafe b.withUTF8Bytes { y in
                unsafe x.count == y.count
                    && (x.isEmpty || memcmp(x.baseAddress!, y.baseAddress!, x.count) == 0)
            }
        }
    }

    /// Negative, zero or positive; a proper prefix comes first.
    static func compare(_ a: String, _ b: String) -> Int {
        unsafe a.withUTF8Bytes { x in
            unsafe b.withUTF8Bytes { y in
                let common = min(x.count, y.count)
                if common > 0 {
                    let order = unsafe memcmp(x.baseAddress!, y.baseAddress!, common)
                    if order != 0 { return Int(order) }
                }
                return x.count - y.count
            }
        }
    }

    /// Order of the deterministic CBOR encodings of two texts: shorter first, then by bytes.
    static func compareEncoded(_ a: String, _ b: String) -> Int {
        unsafe a.withUTF8Bytes { x in
            unsafe b.withUTF8Bytes { y in
                if x.count != y.count { return x.count - y.count }
                if x.isEmpty { return 0 }
                return unsafe Int(memcmp(x.baseAddress!, y.baseAddress!, x.count))
            }
        }
    }

    /// The text of UTF-8 bytes; nil if they are not UTF-8.
    ///
    /// Several times faster than `String(validating:as:)`: what `String(decoding:as:)` repairs
    /// differs from what it was given.
    @inline(__always)
    static func validated(_ bytes: UnsafeRawBufferPointer) -> String? {
        if unsafe bytes.isEmpty { return "" }
        let text = unsafe String(decoding: bytes, as: UTF8.self)
        let isSame = unsafe text.withUTF8Bytes { read in
            unsafe read.count == bytes.count
                && memcmp(read.baseAddress!, bytes.baseAddress!, bytes.count) == 0
        }
        return isSame ? text : nil
    }

    static func hash(_ text: String, into hasher: inout Hasher) {
        unsafe text.withUTF8Bytes { bytes in
            hasher.combine(bytes.count)
            unsafe hasher.combine(bytes: UnsafeRawBufferPointer(bytes))
        }
    }
}

/// A dictionary key that is a text by its bytes.
struct TextKey: Hashable, Sendable {
    let text: String

    init(_ text: String) { self.text = text }

    static func == (a: TextKey, b: TextKey) -> Bool { TextBytes.areEqual(a.text, b.text) }
    func hash(into hasher: inout Hasher) { TextBytes.hash(text, into: &hasher) }
}

/// The text that was asked for last, to be recognised without looking at its bytes.
struct LastName {
    private let text: String?

    init() { text = nil }
    init(_ text: String) { self.text = text }

    /// Whether it is the very same text: the same small one, or the same place in memory, which nothing
    /// else can take while this one holds it. Equal bytes elsewhere are looked at as such.
    @inline(__always)
    func isSame(as other: String) -> Bool {
        guard let text else { return false }
        let mine = unsafe unsafeBitCast(text, to: (UInt64, UInt64).self)
        let theirs = unsafe unsafeBitCast(other, to: (UInt64, UInt64).self)
        return mine == theirs || TextBytes.areEqual(text, other)
    }
}
