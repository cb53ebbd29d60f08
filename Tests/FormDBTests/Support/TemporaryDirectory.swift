import Foundation

/// A fresh directory that goes with the value.
final class TemporaryDirectory: Sendable {
    let url: URL

    init() {
        url = FileManager.default.temporaryDirectory
            .appendingPathComponent("formdb-test-\(UUID().uuidString)")
    }

    var path: String { url.path }

    deinit { try? FileManager.default.removeItem(at: url) }
}
