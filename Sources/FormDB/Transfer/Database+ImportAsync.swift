internal import Dispatch

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

// Imports that don't block a thread of the cooperative pool. Cancelling the task stops them between
// batches with `CancellationError`; the batches before stay.

extension Database {
    /// Imports the features of a GeoJSON file into a collection, in batches.
    ///
    /// ```swift
    /// let report = try await db.importGeoJSON(from: file, into: "places", by: me) { progress in
    ///     print(progress.fraction ?? 0)
    /// }
    /// ```
    ///
    /// It takes a FeatureCollection, a single feature or geometry, newline-delimited GeoJSON and text
    /// sequences. Memory is bounded by the largest feature and a batch, not by the file. Cancelling the
    /// task stops it.
    ///
    /// After an error the batches before it stay; the error names the line. What the closure throws stops the
    /// import as well.
    @discardableResult
    public func importGeoJSON(
        from file: URL, into collection: String,
        by provenance: Provenance? = nil, options: ImportOptions = ImportOptions(),
        progress: (@Sendable (ImportProgress) throws -> Void)? = nil
    ) async throws -> ImportReport {
        try await offPool { check in
            try ImportJob(self, provenance, options, progress, check).geoJSON(
                file, into: collection)
        }
    }

    /// Imports a file with one GeoJSON feature a line; see ``importGeoJSON(from:into:by:options:progress:)``.
    @discardableResult
    public func importGeoJSONLines(
        from file: URL, into collection: String,
        by provenance: Provenance? = nil, options: ImportOptions = ImportOptions(),
        progress: (@Sendable (ImportProgress) throws -> Void)? = nil
    ) async throws -> ImportReport {
        try await offPool { check in
            try ImportJob(self, provenance, options, progress, check).geoJSON(
                file, into: collection)
        }
    }

    /// Imports the rows of a CSV file as point features into a collection, in batches.
    ///
    /// ```swift
    /// try await db.importCSV(from: file, into: "airports", columns: CSVFeatureColumns(id: "iata"))
    /// ```
    ///
    /// Columns that `columns` doesn't name become properties. Cancelling the
    /// task stops it. After an error the batches before it
    /// stay; the error names the line.
    @discardableResult
    public func importCSV(
        from file: URL, into collection: String,
        columns: CSVFeatureColumns = CSVFeatureColumns(),
        by provenance: Provenance? = nil, options: ImportOptions = ImportOptions(),
        progress: (@Sendable (ImportProgress) throws -> Void)? = nil
    ) async throws -> ImportReport {
        try await offPool { check in
            try ImportJob(self, provenance, options, progress, check).csv(
                file, into: collection, columns)
        }
    }

    /// Imports the rows of a CSV file as points of a series, or of several, in batches.
    ///
    /// ```swift
    /// try await db.importCSV(
    ///     from: file, intoSeries: "weather",
    ///     columns: CSVPointColumns(time: "time", fields: ["temp", "wind"], series: "station"))
    /// // series "weather/SEA", "weather/JFK", …
    /// ```
    ///
    /// Without a column that names the series, all points go to `series`; with one, each goes to
    /// `series`, a slash and that name, or, if `series` is empty, to that name alone. The columns
    /// of values are the fields. Cancelling the
    /// task stops it. After an error the batches before it stay; the error names the
    /// line.
    @discardableResult
    public func importCSV(
        from file: URL, intoSeries series: String, columns: CSVPointColumns,
        by provenance: Provenance? = nil, options: ImportOptions = ImportOptions(),
        progress: (@Sendable (ImportProgress) throws -> Void)? = nil
    ) async throws -> ImportReport {
        try await offPool { check in
            try ImportJob(self, provenance, options, progress, check).csv(
                file, intoSeries: series, columns)
        }
    }

    /// Runs long work on a thread of its own; it is given what throws once the task is cancelled.
    private func offPool<Value: Sendable>(
        _ work: @escaping @Sendable (_ check: @escaping @Sendable () throws -> Void) throws -> Value
    ) async throws -> Value {
        try Task.checkCancellation()
        let cancellation = Cancellation()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                queue.async {
                    continuation.resume(
                        with: Result {
                            try work { if cancellation.isCancelled { throw CancellationError() } }
                        })
                }
            }
        } onCancel: {
            cancellation.cancel()
        }
    }
}
