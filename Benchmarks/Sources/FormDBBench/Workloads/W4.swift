import Foundation

extension PlaceWorkload {
    /// The real cities, windows of 1 and 10 degrees around cities; nil when the file is not there.
    static func w4(_ surroundings: Surroundings) throws -> PlaceWorkload? {
        let file = surroundings.data.appending(path: "cities_1000.csv")
        guard let text = try? String(contentsOf: file, encoding: .utf8) else { return nil }
        let positions = try text.utf8.split(separator: UInt8(ascii: "\n")).dropFirst().map {
            line -> (longitude: Double, latitude: Double) in
            let fields = line.split(separator: UInt8(ascii: ","), maxSplits: 2)
            guard fields.count > 1, let latitude = Double(Substring(fields[0])),
                let longitude = Double(Substring(fields[1]))
            else { throw BenchError("\(file.path): no position in a line") }
            return (longitude, latitude)
        }
        var random = Random(seed: 4)
        // Clipped to the globe: windows across the antimeridian are no question for every peer.
        func windows(_ count: Int, side: Double) -> Boxes {
            Boxes(count: count) { _ in
                let center = positions[random.index(below: positions.count)]
                return (
                    max(-180, center.longitude - side / 2), max(-90, center.latitude - side / 2),
                    min(180, center.longitude + side / 2), min(90, center.latitude + side / 2)
                )
            }
        }
        let places = Boxes(count: 1000) { _ in
            let city = positions[random.index(below: positions.count)]
            let x = min(179, max(-179, city.longitude + random.uniform(-0.5, 0.5)))
            let y = min(89, max(-89, city.latitude + random.uniform(-0.5, 0.5)))
            return (x, y, x, y)
        }
        let data = PlaceData(
            boxes: Boxes(count: positions.count) { i in
                let p = positions[i]
                return (p.longitude, p.latitude, p.longitude, p.latitude)
            },
            small: windows(1000, side: 1), large: windows(1000, side: 10), places: places)
        return PlaceWorkload(
            name: "W4", title: "\(positions.count) cities, windows of 1 and 10 degrees",
            arePoints: true, data: data, globe: data,
            deletedIDs: random.distinct(positions.count / 10, of: positions.count),
            windowUnit: .microseconds)
    }
}
