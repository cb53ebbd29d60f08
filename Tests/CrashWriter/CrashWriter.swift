import FormDB
import Foundation

/// Writes numbered transactions to a store for ever, and says on standard output which ones were
/// acknowledged; until somebody kills it.
///
/// Each transaction puts the same number into two collections and a series, so that half of one
/// would show.
@main
struct CrashWriter {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 3, let durability = durability(named: arguments[2]) else {
            throw FormDBError(
                .invalidArgument, "usage: CrashWriter DIRECTORY full|direct|batched|none")
        }
        var configuration = Database.Configuration()
        configuration.durability = durability
        configuration.directLog = arguments[2] == "direct" ? .on : .off
        configuration.logFileBytes = 1 << 18
        let database = try Database(path: arguments[1], configuration: configuration)
        var number = Int64(try nextNumber(in: database))
        while true {
            let current = number
            try database.write(by: Provenance(actor: "crash-writer")) { transaction in
                let feature = Feature(
                    id: .integer(current),
                    geometry: .point(longitude: Double(current % 360) - 180, latitude: 10),
                    properties: ["filler": .string(String(repeating: "x", count: 300))])
                try transaction.insert(feature, into: "left")
                try transaction.append(
                    [DataPoint(at: Timestamp(microseconds: current), Double(current))],
                    to: "points")
                try transaction.insert(feature, into: "right")
            }
            FileHandle.standardOutput.write(Data("\(current)\n".utf8))
            number += 1
        }
    }

    static func durability(named name: String) -> Database.Durability? {
        switch name {
        case "full", "direct": .full
        case "batched": .batched(.milliseconds(5))
        case "none": Database.Durability.none
        default: nil
        }
    }

    static func nextNumber(in database: Database) throws -> Int {
        guard try database.collectionNames().contains("left") else { return 0 }
        return try database.features(in: "left").fetchCount()
    }
}
