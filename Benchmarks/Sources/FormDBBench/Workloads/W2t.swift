extension TimedWorkload {
    /// W2's rows with an instant each in one year; boxes of one degree with a week of it.
    static func w2t() -> TimedWorkload {
        var random = Random(seed: 22)
        let place = PlaceWorkload.w2()
        let second: Int64 = 1_000_000
        let start: Int64 = 1_704_067_200 * second  // 2024-01-01
        let year: Int64 = 366 * 86_400
        let week: Int64 = 7 * 86_400
        // Whole seconds: exact as float64 in the unit that a tree without integers is given.
        func instants(_ count: Int, below bound: Int64) -> [Int64] {
            (0..<count).map { _ in start + Int64(random.index(below: Int(bound))) * second }
        }
        let questions = 5000
        let windows = Boxes(count: questions) { _ in
            let west = random.uniform(-180, 179)
            let south = random.uniform(-90, 89)
            return (west, south, west + 1, south + 1)
        }
        return TimedWorkload(
            name: "W2t",
            title:
                "\(place.data.boxes.count) boxes with an instant in one year, 1° boxes and a week",
            boxes: place.data.boxes, times: instants(place.data.boxes.count, below: year),
            windows: windows, starts: instants(questions, below: year - week),
            length: week * second, epoch: start)
    }
}
