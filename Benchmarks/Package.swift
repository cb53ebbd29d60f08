// swift-tools-version: 6.2
import PackageDescription

// What the core's kernels are dispatched to, so that a peer is not held back by an older processor.
#if arch(x86_64)
    let peerFlags = ["-O3", "-mavx2", "-mfma", "-mbmi", "-mlzcnt", "-mpopcnt"]
#else
    let peerFlags = ["-O3"]
#endif

// A package of its own, so that somebody who links FormDB never resolves what the peers need.
let package = Package(
    name: "FormDBBenchmarks",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "formdb-bench", targets: ["formdb-bench"])],
    dependencies: [
        .package(name: "FormDB", path: ".."),
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
    ],
    targets: [
        .systemLibrary(
            name: "CSQLite", pkgConfig: "sqlite3",
            providers: [.apt(["libsqlite3-dev"]), .brew(["sqlite"])]),
        // The hot loops over the C core: what is measured there must not pay for another language.
        .target(
            name: "BenchCore", dependencies: [.product(name: "CFormCore", package: "FormDB")],
            cSettings: [.treatAllWarnings(as: .error)]),
        .target(
            name: "BenchSQLite", dependencies: ["BenchCore", "CSQLite"],
            cSettings: [.treatAllWarnings(as: .error)]),
        .target(
            name: "BenchBoost", dependencies: ["BenchCore"],
            cxxSettings: [
                .define("NDEBUG"), .unsafeFlags(peerFlags), .treatAllWarnings(as: .error),
            ]),
        .systemLibrary(
            name: "CLMDB", pkgConfig: "lmdb",
            providers: [.apt(["liblmdb-dev"]), .brew(["lmdb"])]),
        .target(
            name: "BenchLMDB", dependencies: ["BenchCore", "CLMDB"],
            cSettings: [.treatAllWarnings(as: .error)]),
        .systemLibrary(
            name: "CRocksDB", pkgConfig: "rocksdb",
            providers: [.apt(["librocksdb-dev"]), .brew(["rocksdb"])]),
        .target(
            name: "BenchRocksDB", dependencies: ["BenchCore", "CRocksDB"],
            cxxSettings: [.treatAllWarnings(as: .error)],
            linkerSettings: [.linkedLibrary("rocksdb")]),
        .systemLibrary(
            name: "CGeodesic", pkgConfig: "proj",
            providers: [.apt(["libproj-dev"]), .brew(["proj"])]),
        .target(
            name: "BenchProj",
            dependencies: ["CGeodesic", .product(name: "CFormCore", package: "FormDB")],
            cSettings: [.treatAllWarnings(as: .error)]),
        // Compiled, never run: FormDB's names beside GRDB's.
        .target(
            name: "PublicNames",
            dependencies: [
                .product(name: "FormDB", package: "FormDB"),
                .product(name: "GRDB", package: "GRDB.swift"),
            ],
            swiftSettings: [
                .treatAllWarnings(as: .error),
                .enableUpcomingFeature("MemberImportVisibility"),
            ]),
        .executableTarget(
            name: "formdb-bench",
            dependencies: [
                "BenchBoost", "BenchCore", "BenchSQLite", "CSQLite",
                "BenchLMDB", "BenchProj", "BenchRocksDB", "CLMDB",
                .product(name: "CFormCore", package: "FormDB"),
                .product(name: "FormDB", package: "FormDB"),
                .product(name: "GRDB", package: "GRDB.swift"),
            ],
            path: "Sources/FormDBBench",
            swiftSettings: [
                .treatAllWarnings(as: .error),
                .enableUpcomingFeature("MemberImportVisibility"),
            ]),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .c17,
    cxxLanguageStandard: .cxx17
)
