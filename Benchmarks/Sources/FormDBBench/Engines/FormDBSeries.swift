import BenchCore
import FormDB
import Foundation

extension SeriesEngineKind {
    static let formdb = SeriesEngineKind(name: "formdb") { _ in
        FormDBSeries(try .inMemory(configuration: .measured))
    }

    static let formdbDurable = SeriesEngineKind(name: "formdb-durable", isOnDisk: true) {
        let directory = try $0.makeDirectory()
        return FormDBSeries(
            try Database(at: directory, configuration: .measured), removing: directory)
    }
}

private final class FormDBSeries: ColumnSeriesEngine {
    private let database: Database
    private let directory: URL?

    init(_ database: Database, removing directory: URL? = nil) {
        self.database = database
        self.directory = directory
    }

    func append(times: [Int64], values: [Double]) throws {
        try database.write { tx in
            for i in times.indices {
                let time = Timestamp(microseconds: times[i])
                try tx.append(at: time, values[i], to: "points")
            }
        }
    }

    func appendColumns(times: [Int64], values: [Double]) throws {
        for start in stride(from: 0, to: times.count, by: rowsPerTransaction) {
            let rows = start..<min(start + rowsPerTransaction, times.count)
            try database.write { tx in
                try tx.append(
                    times: times.span.extracting(rows), values: values.span.extracting(rows),
                    to: "points")
            }
        }
    }

    func ranges(starts: [Int64], length: Int64) throws -> bench_series_answer {
        var answer = bench_series_answer()
        for start in starts {
            let range = Timestamp(microseconds: start)..<Timestamp(microseconds: start + length)
            try database.series("points").during(range).withColumns { times, values in
                var timeSum: UInt64 = 0
                var valueSum = 0.0
                for i in times.indices {
                    timeSum &+= UInt64(bitPattern: times[i])
                    valueSum += values[i]
                }
                answer.hits += UInt64(times.count)
                answer.time_sum &+= timeSum
                answer.value_sum += valueSum
            }
        }
        return answer
    }

    func delete(times: [Int64]) throws -> Int {
        try database.write { tx in
            var deleted = 0
            for time in times {
                deleted += try tx.delete(
                    series: "points", during: .at(Timestamp(microseconds: time)))
            }
            return deleted
        }.value
    }

    func close() throws {
        try database.close()
        if let directory { try FileManager.default.removeItem(at: directory) }
    }
}
