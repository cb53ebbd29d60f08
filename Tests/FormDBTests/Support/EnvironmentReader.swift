import Foundation

enum EnvironmentReader {
    static func value(_ name: String) -> String? {
        ProcessInfo.processInfo.environment[name]
    }
}
