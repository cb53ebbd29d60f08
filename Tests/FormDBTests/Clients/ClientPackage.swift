import Foundation

/// A package outside of this one, that depends on it by path: the README's program and a client.
///
/// It lies in `.build-clients` of the repository, so that the second build is short, and is built beside the examples
/// (`Scripts/check`), so that the library is compiled once for both.
struct ClientPackage {
    let root: URL
    private let folder: URL
    private let scratch: URL

    /// What a child process came to.
    struct Outcome {
        let status: Int32
        let output: String
    }

    init() throws {
        var root = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { root.deleteLastPathComponent() }
        self.root = root
        folder = root.appendingPathComponent(".build-clients/package")
        scratch = root.appendingPathComponent(".build-clients/scratch")
        try write("Package.swift", Self.manifest(root: root.path))
        try write("Sources/Readme/main.swift", Self.firstSwiftBlock(of: readme()))
        for name in ["Client", "Queries", "Types"] {
            let source = root.appendingPathComponent("Tests/Client/\(name).swift")
            try write("Sources/Client/\(name).swift", String(contentsOf: source, encoding: .utf8))
        }
    }

    func readme() throws -> String {
        try String(contentsOf: root.appendingPathComponent("README.md"), encoding: .utf8)
    }

    /// The text between the first "```swift" line and the next "```".
    static func firstSwiftBlock(of markdown: String) -> String {
        let lines = markdown.split(separator: "\n", omittingEmptySubsequences: false)
        guard let start = lines.firstIndex(of: "```swift") else { return "" }
        return lines[(start + 1)...].prefix { $0 != "```" }.joined(separator: "\n") + "\n"
    }

    /// Warnings are errors, one about an expression that takes half a second to check among them.
    private static func manifest(root: String) -> String {
        """
        // swift-tools-version: 6.2
        import PackageDescription

        let settings: [SwiftSetting] = [
            .treatAllWarnings(as: .error),
            .unsafeFlags(["-Xfrontend", "-warn-long-expression-type-checking=500"]),
        ]
        let formDB = Target.Dependency.product(name: "FormDB", package: "FormDB")
        let package = Package(
            name: "Clients", platforms: [.macOS(.v15)],
            dependencies: [.package(name: "FormDB", path: "\(root)")],
            targets: [
                .executableTarget(name: "Readme", dependencies: [formDB], swiftSettings: settings),
                .executableTarget(name: "Client", dependencies: [formDB], swiftSettings: settings),
            ],
            swiftLanguageModes: [.v6]
        )

        """
    }

    /// Writes a file, unless it is there as it should be: an unchanged one is not built again.
    private func write(_ name: String, _ text: String) throws {
        let file = folder.appendingPathComponent(name)
        if (try? String(contentsOf: file, encoding: .utf8)) == text { return }
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try text.write(to: file, atomically: true, encoding: .utf8)
    }

    func build() throws -> Outcome {
        try Self.run(
            URL(fileURLWithPath: "/usr/bin/env"),
            [
                "swift", "build", "--package-path", folder.path, "--scratch-path", scratch.path,
            ], in: folder)
    }

    /// Runs one of the two programs in a folder.
    func run(_ product: String, in directory: URL) throws -> Outcome {
        try Self.run(
            scratch.appendingPathComponent("debug/\(product)"), [], in: directory)
    }

    private static func run(_ program: URL, _ arguments: [String], in directory: URL) throws
        -> Outcome
    {
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        process.currentDirectoryURL = directory
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let output = pipe.readToEnd()
        process.waitUntilExit()
        return Outcome(
            status: process.terminationStatus, output: String(decoding: output, as: UTF8.self))
    }
}
