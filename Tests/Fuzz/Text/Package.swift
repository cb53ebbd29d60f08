// swift-tools-version: 6.2
import PackageDescription

// Built by Scripts/fuzz alone, with the fuzzer's own main: a root package, so unsafe flags are fine.
let package = Package(
    name: "FuzzText",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "FormDB", path: "../../..")],
    targets: [
        .executableTarget(
            name: "fuzz_text", dependencies: [.product(name: "FormDB", package: "FormDB")],
            swiftSettings: [.unsafeFlags(["-parse-as-library"])])
    ],
    swiftLanguageModes: [.v6]
)
