import FormDB

extension Database.Configuration {
    /// What databases are measured with: every question is computed, however often it is asked.
    static var measured: Database.Configuration {
        var configuration = Database.Configuration()
        configuration.cache = .off
        return configuration
    }
}
