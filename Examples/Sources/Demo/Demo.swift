import FormDB
import Foundation

/// The main job on real input: import, ask, be killed, come back, and draw a page of it.
///
///     swift run -c release --package-path Examples formdb-demo
@main
struct Demo {
    static func main() {
        do {
            let options = try Options(Array(CommandLine.arguments.dropFirst()))
            switch options.job {
            case .help: print(Options.usage)
            case .writer(let store, let pauseAfter):
                try CrashWriter(store: store, pauseAfter: pauseAfter).run()
            case .demo: try run(options)
            }
        } catch {
            FileHandle.standardError.write(Data("formdb-demo: \(error)\n".utf8))
            exit(1)
        }
    }

    private static func run(_ options: Options) throws {
        let clock = ContinuousClock()
        let start = clock.now
        let data = try SampleData(folder: options.data)
        let store = options.store ?? temporaryStore()
        defer { if options.store == nil { try? FileManager.default.removeItem(at: store) } }

        Console.title(
            "FormDB \(Database.version): a store on disk, each write synced before it returns")
        print(
            "  data   \(data.folder.path)\(data.isExcerpt ? " (excerpts: small parts of the files)" : "")"
        )
        print("  store  \(store.path)")

        var db = try Database(at: store)
        Console.title("1. Importing, each file with its provenance")
        let imported = try Importing(db, data).run()

        Console.title("2. Asking")
        let questions = Questions(db)
        try questions.run()

        Console.title("3. Killing the writer")
        try db.close()
        let crashes = try CrashShow(store: store).run()

        Console.title("4. Drawing a page")
        db = try Database(at: store)
        let page = try Page(db, data, imported, questions.answers, crashes)
        try page.write(to: options.page)
        try db.close()
        print("  \(options.page.path)")
        Console.title("Done in \(Console.time(clock.now - start)), with nothing lost.")
    }

    private static func temporaryStore() -> URL {
        FileManager.default.temporaryDirectory.appendingPathComponent(
            "formdb-demo-\(ProcessInfo.processInfo.processIdentifier)")
    }
}

/// What the command line asks for.
struct Options {
    enum Job {
        case demo, help
        /// The child that gets killed; it stops in the middle of a transaction after so many.
        case writer(store: URL, pauseAfter: Int?)
    }

    var job = Job.demo
    var data: URL?
    var store: URL?
    var page = URL(fileURLWithPath: "demo-page.html")

    static let usage = """
        usage: formdb-demo [--data FOLDER] [--store FOLDER] [--page FILE]

          --data FOLDER   the sample files (default: ../shared/data beside the repository,
                          else the excerpts in Examples/Data)
          --store FOLDER  a folder for the database that is kept and must not exist yet
                          (default: a temporary one)
          --page FILE     the HTML page to write (default: demo-page.html)
        """

    init(_ arguments: [String]) throws {
        var rest = arguments[...]
        func value(of option: String) throws -> String {
            guard let value = rest.popFirst() else { throw DemoError("\(option) needs a value") }
            return value
        }
        while let argument = rest.popFirst() {
            switch argument {
            case "--data": data = URL(fileURLWithPath: try value(of: argument))
            case "--page": page = URL(fileURLWithPath: try value(of: argument))
            case "--store":
                let folder = URL(fileURLWithPath: try value(of: argument))
                guard !FileManager.default.fileExists(atPath: folder.path) else {
                    throw DemoError("\(folder.path) exists; the demo starts with a new store")
                }
                store = folder
            case "--crash-writer":
                let folder = URL(fileURLWithPath: try value(of: argument))
                job = .writer(store: folder, pauseAfter: Int(try value(of: argument)))
            case "--help", "-h": job = .help
            default: throw DemoError("unknown argument \(argument)\n\(Options.usage)")
            }
        }
    }
}

/// A sentence about what went wrong.
struct DemoError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
