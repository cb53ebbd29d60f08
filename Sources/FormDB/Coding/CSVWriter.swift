#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// Writes the rows of a CSV text (RFC 4180) one after another, in bounded memory.
///
/// Fields are quoted only where they must be; lines end with a line feed. A writer is not
/// `Sendable`: it is a position in an output.
///
/// ```swift
/// let writer = try CSVWriter(to: file)
/// try writer.write(["name", "population"])
/// try writer.finish()
/// ```
public final class CSVWriter {
    private let sink: ByteSink
    private let separator: UInt8
    private var output = OutputBuffer(capacity: 96 << 10)
    private var isFinished = false
    private static let flushBytes = 64 << 10

    /// Bytes written so far.
    public private(set) var bytesWritten: UInt64 = 0

    /// Creates a file, or replaces one.
    public convenience init(to url: URL, separator: Unicode.Scalar = ",") throws {
        try self.init(sink: ByteSink(url: url), separator: separator)
    }

    init(sink: ByteSink, separator: Unicode.Scalar = ",") throws {
        guard separator.isASCII, !"\"\r\n".unicodeScalars.contains(separator) else {
            throw FormDBError(.invalidArgument, "\"\(separator)\" can't separate the fields of CSV")
        }
        self.sink = sink
        self.separator = UInt8(ascii: separator)
    }

    /// Writes a row.
    public func write(_ fields: some Collection<String>) throws {
        guard !isFinished else { throw FormDBError(.closed, "the writer has finished") }
        var isFirst = true
        for field in fields {
            if !isFirst { output.append(separator) }
            isFirst = false
            append(field, mayBeBare: fields.count > 1)
        }
        output.append(UInt8(ascii: "\n"))
        if output.count >= Self.flushBytes { try flush() }
    }

    /// Appends a field. A single empty field is quoted, as its row would be a blank line otherwise.
    private func append(_ field: String, mayBeBare: Bool) {
        let separator = separator
        let mustQuote = unsafe field.withUTF8Bytes { bytes in
            for index in bytes.indices {
                let byte = unsafe bytes[index]
                if byte == separator || byte == UInt8(ascii: "\"") || byte == 0x0a || byte == 0x0d {
                    return true
                }
            }
            return false
        }
        if !mustQuote && (mayBeBare || !field.isEmpty) {
            output.append(utf8: field)
            return
        }
        output.append(UInt8(ascii: "\""))
        for byte in field.utf8 {
            if byte == UInt8(ascii: "\"") { output.append(byte) }
            output.append(byte)
        }
        output.append(UInt8(ascii: "\""))
    }

    /// Writes what is still in memory.
    public func finish() throws {
        if isFinished { return }
        isFinished = true
        try flush()
    }

    private func flush() throws {
        unsafe try output.withBytes { unsafe try sink.write($0) }
        bytesWritten += UInt64(output.count)
        output.removeAll()
    }
}
