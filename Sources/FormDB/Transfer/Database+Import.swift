#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

// Imports that wait: each form of Database+ImportAsync.swift has its twin here.

extension Database {
    /// Imports the features of a GeoJSON file into a collection, in batches.
    ///
    /// ```swift
    /// let report = try db.importGeoJSON(from: file, into: "places", by: me) { progress in
    ///     print(progress.fraction ?? 0)
    /// }
    /// ```
    ///
    /// It takes a FeatureCollection, a single feature or geometry, newline-delimited GeoJSON and text
    /// sequences. Memory is bounded by the largest feature and a batch, not by the file.
    ///
    /// After an error the batches before it stay; the error names the line. What the closure throws stops the
    /// import as well.
    @discardableResult
    public func importGeoJSON(
        from file: URL, into collection: String,
        by provenance: Provenance? = nil, options: ImportOptions = ImportOptions(),
        progress: ((ImportProgress) throws -> Void)? = nil
    ) throws -> ImportReport {
        try ImportJob(self, provenance, options, progress).geoJSON(file, into: collection)
    }

    /// Imports a file with one GeoJSON feature a line; see ``importGeoJSON(from:into:by:options:progress:)``.
    @discardableResult
    public func importGeoJSONLines(
        from file: URL, into collection: String,
        by provenance: Provenance? = nil, options: ImportOptions = ImportOptions(),
        progress: ((ImportProgress) throws -> Void)? = nil
    ) throws -> ImportReport {
        try ImportJob(self, provenance, options, progress).geoJSON(file, into: collection)
    }

    /// Imports the rows of a CSV file as point features into a collection, in batches.
    ///
    /// ```swift
    /// try db.importCSV(from: file, into: "airports", columns: CSVFeatureColumns(id: "iata"))
    /// ```
    ///
    /// Columns that `columns` doesn't name become properties. After an error the batches before it
    /// stay; the error names the line.
    @discardableResult
    public func importCSV(
        from file: URL, into collection: String,
        columns: CSVFeatureColumns = CSVFeatureColumns(),
        by provenance: Provenance? = nil, options: ImportOptions = ImportOptions(),
        progress: ((ImportProgress) throws -> Void)? = nil
    ) throws -> ImportReport {
        try ImportJob(self, provenance, options, progress).csv(file, into: collection, columns)
    }

    /// Imports the rows of a CSV file as points of a series, or of several, in batches.
    ///
    /// ```swift
    /// try db.importCSV(
    ///     from: file, intoSeries: "weather",
    ///     columns: CSVPointColumns(time: "time", fields: ["temp", "wind"], series: "station"))
    /// // series "weather/SEA", "weather/JFK", …
    /// ```
    ///
    /// Without a column that names the series, all points go to `series`; with one, each goes to
    /// `series`, a slash and that name, or, if `series` is empty, to that name alone. The columns
    /// of values are the fields. After an error the batches before it stay; the error names the
    /// line.
    @discardableResult
    public func importCSV(
        from file: URL, intoSeries series: String, columns: CSVPointColumns,
        by provenance: Provenance? = nil, options: ImportOptions = ImportOptions(),
        progress: ((ImportProgress) throws -> Void)? = nil
    ) throws -> ImportReport {
        try ImportJob(self, provenance, options, progress).csv(file, intoSeries: series, columns)
    }
}
