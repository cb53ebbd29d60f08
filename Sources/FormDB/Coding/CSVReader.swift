#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// How CSV is read.
public struct CSVOptions: Hashable, Sendable {
    /// Lenient reading takes rows that are too short or too long, blank lines, quotes inside
    /// fields, line ends of a lone carriage return, and text that is not UTF-8 (repaired).
    public var isLenient: Bool
    /// What separates fields, one ASCII character.
    public var separator: Unicode.Scalar
    /// Whether the first row names the columns.
    public var hasHeader: Bool
    /// What a reader accepts.
    public var limits: InputLimits

    public init(
        isLenient: Bool = false, separator: Unicode.Scalar = ",", hasHeader: Bool = true,
        limits: InputLimits = .init()
    ) {
        self.isLenient = isLenient
        self.separator = separator
        self.hasHeader = hasHeader
        self.limits = limits
    }

    /// Refuses what RFC 4180 doesn't allow (line ends of LF are taken).
    public static let strict = CSVOptions()
    /// Takes what can be taken without guessing.
    public static let lenient = CSVOptions(isLenient: true)
}

/// A row of a CSV text.
public struct CSVRow: Sendable {
    /// The fields, without quotes. An empty field means "missing".
    public let fields: [String]
    /// The line (from 1) where the row starts.
    public let line: Int
    let columns: [TextKey: Int]

    /// The field of a column; nil if there is no such column, or the row ends before it.
    public subscript(column: String) -> String? {
        guard let index = columns[TextKey(column)], index < fields.count else { return nil }
        return fields[index]
    }
}

/// Reads the rows of a CSV text (RFC 4180) one after another, in bounded memory.
///
/// ```swift
/// let reader = try CSVReader(contentsOf: file)
/// while let row = try reader.next() { print(row["name"] ?? "") }
/// ```
///
/// Errors name the line. A byte order mark is skipped. A reader is not `Sendable`: it is a position
/// in an input.
public final class CSVReader {
    private let window: InputWindow
    private let options: CSVOptions
    private let separator: UInt8
    /// The names of the columns; empty without a header.
    public private(set) var columnNames: [String] = []
    /// Rows read so far, without the header.
    public private(set) var rows = 0
    private var columns: [TextKey: Int] = [:]
    private var expectedFields: Int?
    private var hasEnded = false
    private var tokens: [FieldToken] = []

    /// A field: its bytes without the quotes around it.
    private struct FieldToken {
        var range: Range<Int>
        /// Whether quotes are doubled inside.
        var hasQuotes = false
    }

    /// Opens a file and reads the header.
    public convenience init(contentsOf url: URL, options: CSVOptions = .strict) throws {
        try self.init(source: ByteSource(url: url), options: options)
    }

    /// Reads what is in memory.
    public convenience init(_ text: String, options: CSVOptions = .strict) throws {
        try self.init(source: ByteSource([UInt8](text.utf8)), options: options)
    }

    /// Reads what is in memory.
    public convenience init(
        _ bytes: some Sequence<UInt8>, options: CSVOptions = .strict
    ) throws {
        try self.init(source: ByteSource([UInt8](bytes)), options: options)
    }

    init(source: ByteSource, options: CSVOptions) throws {
        self.options = options
        window = InputWindow(source, limits: options.limits)
        guard options.separator.isASCII, !"\"\r\n".unicodeScalars.contains(options.separator) else {
            throw FormDBError(
                .invalidArgument, "\"\(options.separator)\" can't separate the fields of CSV")
        }
        separator = UInt8(ascii: options.separator)
        if try window.byte(at: 0) == 0xef, try window.byte(at: 1) == 0xbb,
            try window.byte(at: 2) == 0xbf
        {
            window.consume(3)
        }
        if options.hasHeader { try readHeader() }
    }

    /// Bytes read so far, for progress.
    public var bytesRead: UInt64 { window.offset }
    /// The length of the input, where it is known.
    public var byteCount: UInt64? { window.byteCount }
    /// The line (from 1) that reading has come to.
    public var line: Int { window.line }

    private func readHeader() throws {
        guard let row = try readRow() else { return }
        columnNames = row.fields
        for (index, name) in row.fields.enumerated() {
            if columns.updateValue(index, forKey: TextKey(name)) != nil && !options.isLenient {
                throw FormDBError(
                    .malformed, "two columns are named \"\(name.prefix(64))\"", line: row.line)
            }
        }
    }

    /// The next row; nil at the end. After an error the reader is at its end.
    public func next() throws -> CSVRow? {
        guard let row = try readRow() else { return nil }
        rows += 1
        return row
    }

    private func readRow() throws -> CSVRow? {
        if hasEnded { return nil }
        do {
            while try window.byte(at: 0) != nil {
                let end = try scanRow()
                let line = window.line
                let isBlank = tokens.count == 1 && tokens[0].range.isEmpty && !tokens[0].hasQuotes
                if isBlank && options.isLenient {
                    window.consume(end)
                    continue
                }
                if let expected = expectedFields, tokens.count != expected, !options.isLenient {
                    throw window.failure(
                        "a row of \(tokens.count) fields; the first has \(expected)", at: 0)
                }
                if expectedFields == nil { expectedFields = tokens.count }
                let fields = try tokens.map { try text($0) }
                window.consume(end)
                return CSVRow(fields: fields, line: line, columns: columns)
            }
        } catch {
            hasEnded = true
            throw error
        }
        hasEnded = true
        return nil
    }

    // MARK: Scanning

    /// Finds the fields of the row at index 0; gives the index after its line end.
    private func scanRow() throws -> Int {
        tokens.removeAll(keepingCapacity: true)
        var index = 0
        while true {
            if tokens.count > options.limits.elements {
                throw window.failure("too many fields in a row", at: index, code: .tooLarge)
            }
            index =
                try window.byte(at: index) == UInt8(ascii: "\"")
                ? scanQuoted(from: index) : scanPlain(from: index)
            switch try window.byte(at: index) {
            case separator: index += 1
            case 0x0a: return index + 1
            case 0x0d:
                if try window.byte(at: index + 1) == 0x0a { return index + 2 }
                guard options.isLenient else {
                    throw window.failure("a carriage return without a line feed", at: index)
                }
                return index + 1
            case nil: return index
            default: throw window.failure("text after a closing quote", at: index)
            }
        }
    }

    private func scanPlain(from start: Int) throws -> Int {
        var index = start
        while true {
            if index >= window.count, try !window.fill() { break }
            let bytes = unsafe window.bytes
            var found = false
            while index < bytes.count {
                let byte = unsafe bytes[index]
                if byte == separator || byte == 0x0a || byte == 0x0d {
                    found = true
                    break
                }
                if byte == UInt8(ascii: "\"") && !options.isLenient {
                    throw window.failure(
                        "a quote inside a field that has none around it", at: index)
                }
                index += 1
            }
            if found { break }
        }
        tokens.append(FieldToken(range: start..<index))
        return index
    }

    private func scanQuoted(from start: Int) throws -> Int {
        var token = FieldToken(range: (start + 1)..<(start + 1))
        var index = start + 1
        while true {
            guard let byte = try window.byte(at: index) else {
                throw window.failure("the text ends inside quotes", at: start)
            }
            if byte != UInt8(ascii: "\"") {
                index += 1
                continue
            }
            let after = try window.byte(at: index + 1)
            if after == UInt8(ascii: "\"") {
                token.hasQuotes = true
                index += 2
                continue
            }
            let ends = after == nil || after == separator || after == 0x0a || after == 0x0d
            if ends || !options.isLenient { break }
            // Lenient: a quote in the middle belongs to the text.
            index += 1
        }
        token.range = (start + 1)..<index
        tokens.append(token)
        return index + 1
    }

    private func text(_ token: FieldToken) throws -> String {
        let bytes = unsafe UnsafeRawBufferPointer(rebasing: window.bytes[token.range])
        if token.hasQuotes { return unsafe try decode(unquoted(bytes), at: token.range.lowerBound) }
        if let text = unsafe TextBytes.validated(bytes) { return text }
        return unsafe try decode([UInt8](bytes), at: token.range.lowerBound)
    }

    private func unquoted(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count)
        var wasQuote = false
        for index in bytes.indices {
            let byte = unsafe bytes[index]
            let isQuote = byte == UInt8(ascii: "\"")
            if isQuote && wasQuote {
                wasQuote = false
            } else {
                output.append(byte)
                wasQuote = isQuote
            }
        }
        return output
    }

    private func decode(_ bytes: [UInt8], at index: Int) throws -> String {
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        guard options.isLenient else {
            throw window.failure("a field that is not UTF-8", at: index)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
