/// How a question is asked, beside what it asks: nothing of it changes the answer.
struct RequestOptions: Sendable {
    var timeLimit: Duration?
    /// For tests and benchmarks.
    var forced: ForcedPlan?

    /// The same for the executor; the time begins.
    var executor: FeatureExecutor.Options {
        FeatureExecutor.Options(
            interruption: Interruption(timeLimit: timeLimit), forced: forced)
    }
}
