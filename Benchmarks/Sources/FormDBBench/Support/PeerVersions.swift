import BenchRocksDB
import CLMDB

/// Of the peers of series, commits and features.
enum PeerVersions {
    static var all: [String: String] {
        [
            "lmdb": lmdbVersion,
            "rocksdb": String(cString: bench_rocksdb_version()),
            "grdb": "7.10.0",  // the manifest asks for exactly this one
        ]
    }

    private static var lmdbVersion: String {
        var (major, minor, patch): (Int32, Int32, Int32) = (0, 0, 0)
        mdb_version(&major, &minor, &patch)
        return "\(major).\(minor).\(patch)"
    }
}
