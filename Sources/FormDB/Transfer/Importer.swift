/// Reads a stream of records and writes them in batches.
///
/// Memory is bounded: a batch ends at its count, or at 16 MiB of input.
struct Importer {
    let database: Database
    let provenance: Provenance
    let options: ImportOptions
    /// Throws `CancellationError` when the task was cancelled.
    let checkCancellation: () throws -> Void
    let progress: ((ImportProgress) throws -> Void)?

    private static let batchBytes: UInt64 = 16 << 20
    /// How many records are read between looks at whether the task was cancelled.
    private static let stepsBetweenChecks = 256

    /// A source of records, and how far it has come.
    struct Source<Record> {
        let next: () throws -> Record?
        let bytesRead: () -> UInt64
        let byteCount: () -> UInt64?
        let line: () -> Int
    }

    init(
        _ database: Database, provenance: Provenance?, file: String, options: ImportOptions,
        checkCancellation: @escaping () throws -> Void,
        progress: ((ImportProgress) throws -> Void)?
    ) throws {
        guard options.batchSize > 0 else {
            throw FormDBError(.invalidArgument, "a batch of \(options.batchSize)")
        }
        if provenance == nil, database.configuration.requireProvenance {
            throw FormDBError(
                .invalidArgument, "this database wants to know who imports",
                advice: "give the import a provenance")
        }
        self.database = database
        if let provenance {
            self.provenance = provenance
        } else {
            // Nobody said more, but the file is known.
            var own = try Provenance(encoded: database.defaultProvenance)
            own.kind = own.kind ?? .importer
            own.source = own.source ?? file
            self.provenance = own
        }
        self.options = options
        self.checkCancellation = checkCancellation
        self.progress = progress
    }

    /// Imports features into a collection.
    func run(
        _ source: Source<Feature>, into collection: String, report: inout ImportReport
    ) throws {
        let replaces = options.conflict == .replace
        try batches(source, &report) { tx, batch in
            for (feature, line) in batch {
                do {
                    if replaces {
                        try tx.upsert(feature, into: collection)
                    } else {
                        try tx.insert(feature, into: collection)
                    }
                } catch {
                    throw Self.located(error, line)
                }
            }
        } count: {
            $0.features += $1
        }
    }

    /// Imports points, each with the name of its series.
    func run(
        _ source: Source<(series: String, point: DataPoint)>, fields: [String],
        report: inout ImportReport
    ) throws {
        var names = Set<TextKey>()
        try batches(source, &report) { tx, batch in
            var order: [TextKey] = []
            var points: [TextKey: (points: [DataPoint], line: Int)] = [:]
            for (record, line) in batch {
                let key = TextKey(record.series)
                if points[key] == nil { order.append(key) }
                points[key, default: ([], line)].points.append(record.point)
            }
            for key in order {
                guard let group = points[key] else { continue }
                do {
                    try tx.append(group.points, to: key.text, fields: fields)
                } catch {
                    throw Self.located(error, group.line)
                }
                names.insert(key)
            }
        } count: {
            $0.points += $1
        }
        report.series = names.count
    }

    private func batches<Record>(
        _ source: Source<Record>, _ report: inout ImportReport,
        _ write: (borrowing WriteTransaction, [(Record, Int)]) throws -> Void,
        count: (inout ImportReport, Int) -> Void
    ) throws {
        var batch: [(Record, Int)] = []
        var isAtEnd = false
        while !isAtEnd {
            try checkCancellation()
            batch.removeAll(keepingCapacity: true)
            let start = source.bytesRead()
            while batch.count < options.batchSize, source.bytesRead() - start < Self.batchBytes {
                guard let record = try source.next() else {
                    isAtEnd = true
                    break
                }
                batch.append((record, source.line()))
                if batch.count % Self.stepsBetweenChecks == 0 { try checkCancellation() }
            }
            report.bytesRead = source.bytesRead()
            if !batch.isEmpty {
                let commit = try database.write(by: provenance) { tx in try write(tx, batch) }
                report.lastSequence = commit.sequence
                report.batches += 1
                count(&report, batch.count)
            }
            try progress?(
                ImportProgress(
                    count: report.features + report.points, batches: report.batches,
                    bytesRead: report.bytesRead, byteCount: source.byteCount()))
        }
    }

    /// The error with the line of the record that it is about.
    private static func located(_ error: any Error, _ line: Int) -> any Error {
        guard var located = error as? FormDBError, located.line == nil else { return error }
        located.line = line
        return located
    }
}
