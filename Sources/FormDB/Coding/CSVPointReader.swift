#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// Which columns of a CSV text make a point of a series.
public struct CSVPointColumns: Hashable, Sendable {
    /// When: ISO 8601 text (a day stands for its start), or milliseconds since 1970.
    public var time: String
    /// The fields of the series, in order.
    public var fields: [String]
    /// The column that names the series; nil if all rows belong to one.
    public var series: String?

    public init(time: String, fields: [String], series: String? = nil) {
        self.time = time
        self.fields = fields
        self.series = series
    }
}

/// Reads the rows of a CSV text as points of series.
///
/// An empty field is *no value* (NaN).
///
/// ```swift
/// let reader = try CSVPointReader(
///     contentsOf: file, columns: .init(time: "time", fields: ["temp_f"], series: "station"))
/// while let (station, point) = try reader.next() { print(station ?? "", point.value) }
/// ```
public final class CSVPointReader {
    private let reader: CSVReader
    private let isLenient: Bool
    private let time: Int
    private let fields: [Int]
    private let series: Int?

    /// Opens a file and finds the columns.
    public convenience init(
        contentsOf url: URL, columns: CSVPointColumns, options: CSVOptions = .strict
    ) throws {
        try self.init(
            CSVReader(contentsOf: url, options: options), columns: columns, options: options)
    }

    /// Finds the columns of a text whose header was read.
    public init(
        _ reader: CSVReader, columns: CSVPointColumns, options: CSVOptions = .strict
    ) throws {
        let names = reader.columnNames
        func find(_ name: String) throws -> Int {
            guard let index = names.firstIndex(where: { TextBytes.areEqual($0, name) }) else {
                throw FormDBError(
                    .notFound, "there is no column \"\(name)\"",
                    advice: "the columns are \(names.joined(separator: ", "))")
            }
            return index
        }
        self.reader = reader
        isLenient = options.isLenient
        time = try find(columns.time)
        fields = try columns.fields.map(find)
        series = try columns.series.map(find)
    }

    /// Bytes read so far, for progress.
    public var bytesRead: UInt64 { reader.bytesRead }
    /// The length of the input, where it is known.
    public var byteCount: UInt64? { reader.byteCount }

    /// The next point and the name of its series; nil at the end.
    public func next() throws -> (series: String?, point: DataPoint)? {
        guard let row = try reader.next() else { return nil }
        do {
            let text = time < row.fields.count ? row.fields[time] : ""
            let when = try FeatureTime(property: CSVFeatureReader.value(text), lenient: isLenient)
            let values = try fields.map { try value($0, row) }
            let name = series.flatMap { $0 < row.fields.count ? row.fields[$0] : nil }
            return (name, DataPoint(at: when.start, values: values))
        } catch var error as FormDBError {
            if error.line == nil { error.line = row.line }
            throw error
        }
    }

    private func value(_ index: Int, _ row: CSVRow) throws -> Double {
        guard index < row.fields.count, !row.fields[index].isEmpty else { return .nan }
        guard let value = CSVNumber.double(row.fields[index]) else {
            throw FormDBError(
                .malformed,
                "\"\(row.fields[index].prefix(64))\" in column "
                    + "\"\(reader.columnNames[index])\" is no number", line: row.line)
        }
        return value
    }
}
