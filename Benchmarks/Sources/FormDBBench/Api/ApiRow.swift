/// A place with four properties: what the `api` workload writes and reads.
struct ApiRow: Sendable {
    var id: Int64
    var longitude, latitude: Double
    var name, kind: String
    var score: Double
    var visits: Int64
}

/// A window over the rows.
struct ApiBox: Sendable {
    var west, south, east, north: Double

    func contains(_ row: ApiRow) -> Bool {
        west <= row.longitude && row.longitude <= east && south <= row.latitude
            && row.latitude <= north
    }
}

/// What questions found: the rows, and the sums of what was read of them.
struct ApiAnswer: Equatable, Sendable {
    var rows = 0
    var idSum: Int64 = 0
    var textBytes = 0
    var scoreSum = 0.0
    var visitSum: Int64 = 0
    /// Reading a place, too, is part of reading a row: multiples of 2^-10, so exact in any order.
    var positionSum = 0.0

    mutating func add(_ row: ApiRow) {
        rows += 1
        idSum += row.id
        textBytes += row.name.utf8.count + row.kind.utf8.count
        scoreSum += row.score
        visitSum += row.visits
        positionSum += row.longitude + row.latitude
    }

    mutating func add(id: Int64) {
        rows += 1
        idSum += id
    }
}

/// 100,000 places over the globe, and boxes of about a hundred of them.
struct ApiWorkload {
    /// The last so many rows are inserted one a transaction.
    let oneByOne: Int
    let rows: [ApiRow]
    let boxes: [ApiBox]
    /// Of `boxes`, from plain arrays.
    let whole: ApiAnswer
    let idsAlone: ApiAnswer

    init(oneByOne: Int) {
        var random = Random(seed: 21)
        let kinds = ["cafe", "library", "playground", "railway station", "museum"]
        // Multiples of 2^-10 are exact in float32 too: so an R*Tree needs no second test, and answers
        // as fast as it can.
        func coordinate(_ low: Double, _ high: Double) -> Double {
            (random.uniform(low, high) * 1024).rounded() / 1024
        }
        let rows = (1...100_000).map { id in
            ApiRow(
                id: Int64(id), longitude: coordinate(-180, 180), latitude: coordinate(-90, 90),
                name: "Place number \(id) of the north", kind: kinds[random.index(below: 5)],
                score: Double(random.index(below: 400)) / 4,
                visits: Int64(random.index(below: 1_000_000)))
        }
        // 1.54 places a square degree: a side of 8 degrees holds about a hundred.
        let side = 8.0
        let boxes = (0..<500).map { _ in
            let west = coordinate(-180, 180 - side)
            let south = coordinate(-90, 90 - side)
            return ApiBox(west: west, south: south, east: west + side, north: south + side)
        }
        var whole = ApiAnswer()
        for box in boxes {
            for row in rows where box.contains(row) { whole.add(row) }
        }
        self.oneByOne = oneByOne
        self.rows = rows
        self.boxes = boxes
        self.whole = whole
        idsAlone = ApiAnswer(rows: whole.rows, idSum: whole.idSum)
    }
}
