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
    dependencies: [.package(name: "FormDB", path: "..")],
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
        .executableTarget(
            name: "formdb-bench",
            dependencies: [
                "BenchBoost", "BenchCore", "BenchSQLite", "CSQLite",
                .product(name: "CFormCore", package: "FormDB"),
                .product(name: "FormDB", package: "FormDB"),
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
