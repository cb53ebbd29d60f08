import FormDB
import Foundation

/// One HTML page of what the demo did, with nothing outside of it: figures are inline SVG.
struct Page {
    private let map: EarthquakeMap
    private let year: TemperatureChart
    private let month: TemperatureChart
    private let data: SampleData
    private let imported: [ImportedFile]
    private let answers: [Answer]
    private let crashes: CrashReport
    private let transactions: UInt64
    private let monthName: String

    init(
        _ db: Database, _ data: SampleData, _ imported: [ImportedFile], _ answers: [Answer],
        _ crashes: CrashReport
    ) throws {
        self.data = data
        self.imported = imported
        self.answers = answers
        self.crashes = crashes
        let snapshot = try db.snapshot()
        transactions = snapshot.sequence
        map = try EarthquakeMap(snapshot)
        // The year as far as the data go, and the month whose days differ most from their means.
        let series = snapshot.series("weather/JFK").field("temp_f")
        let first = try series.first()?.time ?? .now
        let last = try series.latest()?.time ?? .now
        year = try TemperatureChart(
            snapshot, series: "weather/JFK", during: first..<last + .seconds(3600))
        let whole = TimeRange.from(try Timestamp(iso8601: "2013-01-08T00:00:00Z"))
        let from = max(first, whole.start ?? first)
        month = try TemperatureChart(
            snapshot, series: "weather/JFK", during: from..<from + .seconds(28 * 86_400))
        monthName = "four weeks from \(from.day)"
    }

    func write(to url: URL) throws {
        try Data(html().utf8).write(to: url)
    }

    private func html() -> String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>FormDB demo</title>
        <style>\(PageStyle.css)</style>
        </head>
        <body>
        <main>
        <header>
        <h1>FormDB demo</h1>
        <p class="lead">Imported, asked, killed and opened again on this machine\
        \(data.isExcerpt ? ", with small excerpts of the files" : "").</p>
        \(facts())
        </header>
        \(figure(
            "A month of earthquakes",
            "Magnitude \(Console.decimal(EarthquakeMap.magnitudeMin, 1)) and above: "
                + "\(Console.number(map.drawn)) of \(Console.number(map.all)) events from 6 February to "
                + "8 March 2022. Size tells the magnitude, colour the depth; hover over one of "
                + "4.5 or more for its name. Equal Earth projection, the Pacific in the middle.",
            map.legend(), map.svg()))
        \(figure(
            "Temperature at JFK, 2013",
            "Every hour, and the mean of each day (UTC). Measured in Fahrenheit, shown in Celsius."
                + (data.isExcerpt
                    ? "" : " The drop to −10° in May stands so in the source."),
            year.legend(), year.svg()))
        \(figure(
            "Hours against days",
            "The same for \(monthName): what a daily mean leaves out.",
            month.legend(), month.svg()))
        \(questions())
        \(kills())
        \(sources())
        </main>
        </body>
        </html>

        """
    }

    private func facts() -> String {
        let records = imported.reduce(0) { $0 + $1.records }
        let elapsed = imported.reduce(Duration.zero) { $0 + $1.elapsed }
        let facts = [
            (Console.number(records), "features and points, durable in \(Console.time(elapsed))"),
            (
                "\(answers.count)",
                "questions, \(Console.time(answers.reduce(.zero) { $0 + $1.elapsed })) in all"
            ),
            (Console.number(transactions), "transactions in the journal, each with its author"),
            ("\(crashes.rounds.count)", "kills of the writer; nothing acknowledged was lost"),
        ]
        return "<dl class=\"facts\">"
            + facts.map { "<div><dt>\($0.0)</dt><dd>\($0.1)</dd></div>" }.joined() + "</dl>"
    }

    private func figure(_ title: String, _ text: String, _ legend: String, _ svg: String) -> String
    {
        """
        <section><h2>\(title)</h2><p>\(text)</p>
        \(legend)
        <div class="figure">\(svg)</div></section>
        """
    }

    private func questions() -> String {
        let rows = answers.map { answer in
            "<tr><td>\(SVG.escape(answer.question))<div class=\"answer\">\(SVG.escape(answer.summary))</div></td>"
                + "<td class=\"number\">\(Console.time(answer.elapsed))</td></tr>"
        }
        return """
            <section><h2>Questions</h2>
            <p>Asked once each, nothing warmed up; the time is of the whole call in Swift.</p>
            <table><thead><tr><th>question and answer</th><th class="number">time</th></tr></thead>
            <tbody>\(rows.joined(separator: "\n"))</tbody></table></section>
            """
    }

    private func kills() -> String {
        let rows = crashes.rounds.enumerated().map { index, round in
            "<tr><td class=\"number\">\(index + 1)</td><td>\(round.manner)</td>"
                + [
                    Console.number(round.acknowledged), Console.number(round.found),
                    "\(round.lost)", "\(round.halves)", Console.time(round.reopening),
                ].map { "<td class=\"number\">\($0)</td>" }.joined() + "</tr>"
        }
        let heads = ["acknowledged", "in the store", "lost", "halves", "reopened in"]
        return """
            <section><h2>Kills</h2>
            <p>A child process writes transactions of three parts and reports each after the write returned; \
            SIGKILL ends it. The store may hold one more than was reported: committed, but killed before \
            it could say so.</p>
            <div class="wide"><table><thead><tr><th class="number"></th><th>killed</th>\
            \(heads.map { "<th class=\"number\">\($0)</th>" }.joined())</tr></thead>
            <tbody>\(rows.joined(separator: "\n"))</tbody></table></div></section>
            """
    }

    private func sources() -> String {
        let rows = imported.map { file in
            "<tr><td>\(file.file.name)</td><td class=\"number\">\(Console.number(file.records))</td>"
                + "<td>\(SVG.escape(file.file.credit))</td><td>\(file.file.licence)</td></tr>"
        }
        return """
            <section><h2>Sources</h2>
            <div class="wide"><table><thead><tr><th>file</th><th class="number">records</th><th>origin</th>\
            <th>licence</th></tr></thead><tbody>\(rows.joined(separator: "\n"))</tbody></table></div></section>
            """
    }
}
