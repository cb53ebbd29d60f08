@_spi(Benchmark) import FormDB
import Foundation
import GRDB

// Names every public type of FormDB in a file that imports Foundation and GRDB too: none may be
// ambiguous, but for `Database`, which both packages have. It is compiled, never run; `make lint` looks
// into the sources for types that are missing here.

/// Every type that a value of `Any.Type` can stand for.
public let publicTypes: [Any.Type] = [
    // Database
    FormDB.Database.self, FormDB.Database.Configuration.self, FormDB.Database.Access.self,
    FormDB.Database.Durability.self, FormDB.Database.History.self, FormDB.Database.DirectLog.self,
    FormDB.Database.PlanCosts.self,
    FormDB.Database.Statistics.self, FormDB.Database.Cache.self,
    FormDB.Database.CacheStatistics.self, LRUCache<Boxed>.self, LRUKey.self, LRUStatistics.self,
    PreparedCount.self, PlanProbe.self, PlanProbe.Choice.self, PlanProbe.Core.self,
    PlanProbe.Core.Index.self, Commit<Int>.self, Snapshot.self, DatabaseSchema.self,
    CollectionDescription.self, IndexDescription.self, SeriesDescription.self,
    // Model
    Feature.self, Feature.Time.self, FeatureID.self, FeatureTime.self, FeatureTime.Granularity.self,
    Geometry.self, Position.self, BoundingBox.self, Timestamp.self, Timestamp.Parsing.self,
    TimeRange.self, DataPoint.self, Provenance.self, Provenance.Kind.self, JSONValue.self,
    JSONObject.self, JSONObject.Element.self, JSONObject.Iterator.self, Distance.self,
    WindowLength.self, FormDBError.self, FormDBError.Code.self,
    // Questions
    PropertyPath.self, TimestampProperty.self,
    PageToken.self, FeaturePage.self, QueryExplanation.self,
    QueryExplanation.Actual.self, QueryExplanation.Option.self, QueryExplanation.Source.self,
    QueryExplanation.CacheOutcome.self,
    FeatureQuery.self, FeatureOrder.self, FeatureRequest.self, NeighborRequest.self, Neighbor.self,
    FeatureCursor.self, FeatureStream.self, FeatureStream.AsyncIterator.self,
    FeatureStream.Element.self,
    SeriesQuery.self, SeriesRequest.self, SeriesColumns.self, SeriesCursor.self, SeriesStream.self,
    SeriesStream.AsyncIterator.self, SeriesStream.Element.self, WindowRequest.self,
    WindowedAggregate.self, WindowedValue<Double?>.self,
    Filter.self, PropertyPath.self, TimestampProperty.self, Field<Feature, Double>.self,
    Feature.Record<Int>.self, TypedRequest<Int>.self, TypedCursor<Int>.self,
    TypedStream<Int>.self, TypedStream<Int>.AsyncIterator.self, TypedStream<Int>.Element.self,
    // Aggregates
    Aggregate.self, AggregateGroup<Int>.self, GroupedRequest.self, GroupedWindowRequest.self,
    FeatureWindowRequest.self, Windows.self, CalendarUnit.self, EmptyWindows.self,
    EmptyWindows.Filling.self, SeriesCollectionRequest.self, NamedWindows.self,
    // Audit
    Journal.self, Journal.AsyncIterator.self, Journal.Element.self, JournalCursor.self,
    JournalBlock.self, JournalOperation.self, JournalOperation.Kind.self, BlockID.self,
    // Files
    GeoJSONReader.self, GeoJSONWriter.self, GeoJSONWriter.Format.self, GeoJSONOptions.self,
    GeoJSONReport.self, CSVReader.self, CSVWriter.self, CSVRow.self, CSVOptions.self,
    CSVFeatureReader.self, CSVFeatureColumns.self, CSVPointReader.self, CSVPointColumns.self,
    InputLimits.self, ImportOptions.self, ImportOptions.Conflict.self, ImportProgress.self,
    ImportReport.self,
]

/// What a cache of objects keeps.
@_spi(Benchmark) public final class Boxed: LRUEntry, @unchecked Sendable {}

// What can't be copied is no `Any.Type`; protocols are named by what they constrain.

public func name(_ tx: borrowing WriteTransaction) -> UInt64 { tx.sequence }
public func name(_ view: borrowing FeatureView) -> FeatureID { view.id }
public func name(_ query: some FeatureRefining) -> FeatureQuery { query.query }
public func name(_ query: some SeriesRefining) -> SeriesQuery { query.query }
public func name(_ value: some JSONConvertible) -> JSONValue { value.jsonValue }
