// swift-tools-version: 6.2
import PackageDescription

let swiftSettings: [SwiftSetting] = [
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "FormDB",
    platforms: [.macOS(.v15), .iOS(.v18)],
    products: [
        .library(name: "FormDB", targets: ["FormDB"]),
        // The core alone: for the benchmark, tools and tests of the engine. No stability is promised.
        .library(name: "CFormCore", targets: ["CFormCore"]),
    ],
    targets: [
        .systemLibrary(
            name: "CLZ4", pkgConfig: "liblz4",
            providers: [.apt(["liblz4-dev"]), .brew(["lz4"])]),
        .systemLibrary(
            name: "CXXHash", pkgConfig: "libxxhash",
            providers: [.apt(["libxxhash-dev"]), .brew(["xxhash"])]),
        .target(
            name: "CFormCore", dependencies: ["CLZ4", "CXXHash"],
            cSettings: [.treatAllWarnings(as: .error)]),
        .target(name: "FormDB", dependencies: ["CFormCore"], swiftSettings: swiftSettings),
        // Crash, fault and damage scenarios in C, driven by the tests.
        .target(
            name: "CoreScenarios", dependencies: ["CFormCore"], path: "Tests/CoreScenarios",
            cSettings: [.treatAllWarnings(as: .error)]),
        // PROJ's geodesics, which the distances are checked against.
        .systemLibrary(
            name: "CProj", path: "Tests/CProj",
            providers: [.apt(["libproj-dev"]), .brew(["proj"])]),
        // The writer that a test kills with SIGKILL.
        .executableTarget(
            name: "CrashWriter", dependencies: ["FormDB"], path: "Tests/CrashWriter",
            swiftSettings: swiftSettings),
        .testTarget(
            name: "FormDBTests",
            dependencies: ["FormDB", "CFormCore", "CoreScenarios", "CProj", "CrashWriter"],
            resources: [.copy("Fixtures")],
            swiftSettings: swiftSettings),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .c17
)
