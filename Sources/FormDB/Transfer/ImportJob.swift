#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

/// An import of one file: opens the reader, and hands its records to an ``Importer``.
struct ImportJob {
    private let database: Database
    private let provenance: Provenance?
    private let options: ImportOptions
    private let progress: ((ImportProgress) throws -> Void)?
    private let checkCancellation: () throws -> Void

    init(
        _ database: Database, _ provenance: Provenance?, _ options: ImportOptions,
        _ progress: ((ImportProgress) throws -> Void)?,
        _ checkCancellation: @escaping () throws -> Void = {}
    ) {
        self.database = database
        self.provenance = provenance
        self.options = options
        self.progress = progress
        self.checkCancellation = checkCancellation
    }

    private func importer(_ file: URL) throws -> Importer {
        try Importer(
            database, provenance: provenance, file: file.lastPathComponent, options: options,
            checkCancellation: checkCancellation, progress: progress)
    }

    func geoJSON(_ file: URL, into collection: String) throws -> ImportReport {
        let reader = try GeoJSONReader(
            contentsOf: file,
            options: GeoJSONOptions(
                isLenient: options.isLenient, timeProperty: options.timeProperty,
                limits: options.limits))
        let idProperty = options.idProperty
        var report = ImportReport()
        let source = Importer.Source<Feature>(
            next: {
                guard var feature = try reader.next() else { return nil }
                if let idProperty, feature.id == nil, let value = feature.properties?[idProperty] {
                    guard let id = FeatureID(json: value) else {
                        throw FormDBError(
                            .malformed, "property \"\(idProperty)\" is no id: \(value)",
                            line: reader.line)
                    }
                    feature.id = id
                }
                return feature
            }, bytesRead: { reader.bytesRead }, byteCount: { reader.byteCount },
            line: { reader.line })
        try importer(file).run(source, into: collection, report: &report)
        report.reading = reader.report
        return report
    }

    func csv(
        _ file: URL, into collection: String, _ columns: CSVFeatureColumns
    ) throws -> ImportReport {
        let rows = try CSVReader(contentsOf: file, options: csvOptions)
        let reader = try CSVFeatureReader(rows, columns: columns, options: csvOptions)
        var line = 0
        let source = Importer.Source<Feature>(
            next: {
                line = rows.line
                return try reader.next()
            }, bytesRead: { rows.bytesRead }, byteCount: { rows.byteCount }, line: { line })
        var report = ImportReport()
        try importer(file).run(source, into: collection, report: &report)
        return report
    }

    func csv(
        _ file: URL, intoSeries series: String, _ columns: CSVPointColumns
    ) throws -> ImportReport {
        let rows = try CSVReader(contentsOf: file, options: csvOptions)
        let reader = try CSVPointReader(rows, columns: columns, options: csvOptions)
        var line = 0
        let source = Importer.Source<(series: String, point: DataPoint)>(
            next: {
                line = rows.line
                guard let record = try reader.next() else { return nil }
                guard let key = record.series else { return (series, record.point) }
                return (series.isEmpty ? key : "\(series)/\(key)", record.point)
            }, bytesRead: { rows.bytesRead }, byteCount: { rows.byteCount }, line: { line })
        var report = ImportReport()
        try importer(file).run(source, fields: columns.fields, report: &report)
        return report
    }

    private var csvOptions: CSVOptions {
        CSVOptions(
            isLenient: options.isLenient, separator: options.separator, limits: options.limits)
    }
}
