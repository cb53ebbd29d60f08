import BenchBoost
import CFormCore
import CSQLite
import Foundation

/// What the figures were measured on.
struct Machine: Codable {
    var cores: Int
    var cpu: String
    var memory: String
    var kernel: String
    var disk: String
    var clock = "elapsed time, and processor time of other threads"
    /// How many threads wanted a processor in the minute before.
    var load = Self.currentLoad
    var versions: [String: String]

    var isBusy: Bool { load > 0.5 * Double(cores) }

    static var currentLoad: Double {
        var load = 0.0
        return getloadavg(&load, 1) == 1 ? (load * 100).rounded() / 100 : 0
    }

    static func current(disk directory: URL) -> Machine {
        var versions = [
            "formdb": String(cString: fc_version()),
            "boost": String(cString: bench_boost_version()),
            "sqlite": String(cString: sqlite3_libversion()),
            "swift": swiftVersion,
        ]
        versions.merge(PeerVersions.all) { $1 }
        versions["system"] = ProcessInfo.processInfo.operatingSystemVersionString
        let gibibytes = Double(ProcessInfo.processInfo.physicalMemory) / 0x1p30
        return Machine(
            cores: ProcessInfo.processInfo.activeProcessorCount, cpu: cpuName(),
            memory: "\((gibibytes * 10).rounded() / 10) GiB", kernel: kernelName(),
            disk: fileSystem(of: directory), versions: versions)
    }

    private static var swiftVersion: String {
        #if compiler(>=6.4)
            "6.4 or later"
        #elseif compiler(>=6.3)
            "6.3"
        #else
            "6.2"
        #endif
    }

    private static func cpuName() -> String {
        #if canImport(Darwin)
            var length = 0
            sysctlbyname("machdep.cpu.brand_string", nil, &length, nil, 0)
            var name = [CChar](repeating: 0, count: length + 1)
            sysctlbyname("machdep.cpu.brand_string", &name, &length, nil, 0)
            return String(cString: name)
        #else
            let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
            let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
            let name = line?.split(separator: ":").last.map {
                $0.trimmingCharacters(in: .whitespaces)
            }
            return name ?? "unknown"
        #endif
    }

    private static func kernelName() -> String {
        var info = utsname()
        guard uname(&info) == 0 else { return "unknown" }
        func text<T>(_ field: T) -> String {
            withUnsafeBytes(of: field) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
        }
        return "\(text(info.sysname)) \(text(info.release)) \(text(info.machine))"
    }

    /// The file system that holds `directory`, by the longest mount point above it.
    private static func fileSystem(of directory: URL) -> String {
        let path = directory.resolvingSymlinksInPath().path
        let mounts = (try? String(contentsOfFile: "/proc/mounts", encoding: .utf8)) ?? ""
        var best = (length: 0, text: "unknown")
        for line in mounts.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count > 2 else { continue }
            let mount = String(fields[1])
            let holds = mount == "/" || path == mount || path.hasPrefix(mount + "/")
            if holds, mount.utf8.count > best.length {
                best = (mount.utf8.count, "\(fields[2]) on \(fields[0])")
            }
        }
        return best.text
    }
}
