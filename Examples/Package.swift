// swift-tools-version: 6.2
import PackageDescription

let swiftSettings: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
    name: "Examples",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "formdb-demo", targets: ["Demo"]),
        .executable(name: "formdb-tour", targets: ["Tour"]),
    ],
    dependencies: [.package(name: "FormDB", path: "..")],
    targets: [
        .executableTarget(
            name: "Demo", dependencies: [.product(name: "FormDB", package: "FormDB")],
            swiftSettings: swiftSettings),
        .executableTarget(
            name: "Tour", dependencies: [.product(name: "FormDB", package: "FormDB")],
            swiftSettings: swiftSettings),
    ],
    swiftLanguageModes: [.v6]
)
