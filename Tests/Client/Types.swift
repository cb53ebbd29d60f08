@_spi(Benchmark) import FormDB
import Foundation

// Names every public type in a file that imports Foundation too: none may be ambiguous. The test
// beside it looks into the sources for types that are missing here.

let publicTypes: [Any.Type] = [
    // Database
    Database.self, Database.Configuration.self, Database.Access.self, Database.Durability.self,
    Database.DirectLog.self, Database.PlanCosts.self,
    Database.History.self, Database.Statistics.self, Commit<Int>.self, Snapshot.self,
    DatabaseSchema.self, CollectionDescription.self, IndexDescription.self, SeriesDescription.self,
    Database.Cache.self, Database.CacheStatistics.self, LRUCache<Boxed>.self, LRUKey.self,
    LRUStatistics.self, PreparedCount.self, PlanProbe.self, PlanProbe.Choice.self,
    PlanProbe.Core.self, PlanProbe.Core.Index.self,
    // Model
    Feature.self, Feature.Time.self, FeatureID.self, FeatureTime.self, FeatureTime.Granularity.self,
    Geometry.self, Position.self, BoundingBox.self, Timestamp.self, Timestamp.Parsing.self,
    TimeRange.self, DataPoint.self, Provenance.self, Provenance.Kind.self, JSONValue.self,
    JSONObject.self, JSONObject.Element.self, JSONObject.Iterator.self, Distance.self,
    WindowLength.self,
    FormDBError.self, FormDBError.Code.self,
    // Questions
    FeatureQuery.self, FeatureOrder.self, FeatureRequest.self, NeighborRequest.self, Neighbor.self,
    FeatureCursor.self, FeatureStream.self, FeatureStream.AsyncIterator.self,
    FeatureStream.Element.self,
    SeriesQuery.self, SeriesRequest.self, SeriesColumns.self, SeriesCursor.self, SeriesStream.self,
    SeriesStream.AsyncIterator.self, SeriesStream.Element.self, WindowRequest.self,
    WindowedAggregate.self, WindowedValue<Double?>.self,
    Filter.self, PropertyPath.self, TimestampProperty.self, Field<Feature, Double>.self,
    Feature.Record<Int>.self, TypedRequest<Int>.self, TypedCursor<Int>.self,
    TypedStream<Int>.self, TypedStream<Int>.AsyncIterator.self, TypedStream<Int>.Element.self,
    PageToken.self, FeaturePage.self,
    QueryExplanation.self, QueryExplanation.Actual.self, QueryExplanation.Option.self,
    QueryExplanation.Source.self, QueryExplanation.CacheOutcome.self,
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
final class Boxed: LRUEntry, @unchecked Sendable {}

// What can't be copied is no `Any.Type`; protocols are named by what they constrain.

func name(_ tx: borrowing WriteTransaction) -> UInt64 { tx.sequence }
func name(_ view: borrowing FeatureView) -> FeatureID { view.id }
func name(_ query: some FeatureRefining) -> FeatureQuery { query.query }
func name(_ query: some SeriesRefining) -> SeriesQuery { query.query }
func name(_ value: some JSONConvertible) -> JSONValue { value.jsonValue }
