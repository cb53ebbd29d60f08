import Foundation
import Testing

/// What a user meets who has nothing but the README and the public API.
@Suite("Clients", .serialized)
struct ClientTests {
    @Test(
        "The README's program and a client that names every public type build and run",
        .disabled(if: Thoroughness.isQuick, "a build of its own, without the sanitizer"))
    func clientsBuildAndRun() throws {
        let package = try ClientPackage()
        let build = try package.build()
        try #require(build.status == 0, "\(build.output)")

        let directory = TemporaryDirectory()
        try FileManager.default.createDirectory(
            at: directory.url, withIntermediateDirectories: true)
        let readme = try package.run("Readme", in: directory.url)
        #expect(readme.status == 0, "\(readme.output)")
        for text in [
            "transaction 1, block ", "Apus apus", " km\n", " 7.5\n", "#1 ", "spring count",
        ] {
            #expect(readme.output.contains(text), "no \"\(text)\" in: \(readme.output)")
        }
        // The database is there the second time.
        let again = try package.run("Readme", in: directory.url)
        #expect(again.output.contains("transaction 2, block "), "\(again.output)")

        let client = try package.run("Client", in: directory.url)
        #expect(client.status == 0, "\(client.output)")
        #expect(client.output.contains("streamed 11, answered 20 of 20"), "\(client.output)")
    }

    @Test("The client names every public type of the sources")
    func everyTypeIsNamed() throws {
        let root = try ClientPackage().root
        let client = try String(
            contentsOf: root.appendingPathComponent("Tests/Client/Types.swift"), encoding: .utf8)
        let named = Set(client.matches(of: /\w+/).map { String($0.output) })
        let sources = root.appendingPathComponent("Sources/FormDB")
        let files = FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil)
        var types = Set<String>()
        while let file = files?.nextObject() as? URL {
            guard file.pathExtension == "swift" else { continue }
            let text = try String(contentsOf: file, encoding: .utf8)
            let declaration =
                /\bpublic (?:final |indirect )?(?:struct|enum|class|actor|protocol|typealias) (\w+)/
            for match in text.matches(of: declaration) { types.insert(String(match.output.1)) }
        }
        #expect(types.count > 50)
        #expect(types.subtracting(named).sorted() == [])
    }

    @Test("The README's first Swift block is a program of about twenty lines")
    func readmeProgramIsShort() throws {
        let program = ClientPackage.firstSwiftBlock(of: try ClientPackage().readme())
        let lines = program.split(separator: "\n").filter { !$0.hasPrefix("//") }
        #expect(program.contains("import FormDB"))
        #expect((10...30).contains(lines.count), "\(lines.count) lines")
    }
}
