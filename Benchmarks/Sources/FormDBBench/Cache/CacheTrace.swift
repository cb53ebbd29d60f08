/// Questions as a map, a wall of dashboards and a crowd ask them: numbers of questions, in order.
struct CacheTrace {
    let name: String
    /// How many answers the cache holds.
    let entries: Int
    let keys: [UInt64]

    static func all(_ length: Int) -> [CacheTrace] {
        [panning(length), dashboard(length), skewed(length)]
    }

    /// Viewports of 5 × 4 tiles that are dragged a tile or two at a time, zoomed now and then, and
    /// sometimes go back to a place of before.
    private static func panning(_ length: Int) -> CacheTrace {
        var random = Random(seed: 71)
        var keys: [UInt64] = []
        var places = (0..<8).map { _ in (random.index(below: 4000), random.index(below: 2000), 12) }
        while keys.count < length {
            let user = random.index(below: places.count)
            var (x, y, zoom) = places[user]
            switch random.index(below: 20) {
            case 0: (x, y, zoom) = (x / 2, y / 2, max(4, zoom - 1))
            case 1: (x, y, zoom) = (x * 2, y * 2, min(16, zoom + 1))
            case 2: (x, y, zoom) = places[random.index(below: places.count)]
            default:
                x += random.index(below: 3) - 1
                y += random.index(below: 3) - 1
            }
            places[user] = (x, y, zoom)
            for column in 0..<5 {
                for row in 0..<4 {
                    keys.append(
                        UInt64(zoom) << 40 | UInt64(truncatingIfNeeded: x + column) << 20
                            & 0xfffff_00000
                            | UInt64(truncatingIfNeeded: y + row) & 0xfffff)
                }
            }
        }
        return CacheTrace(name: "pan-misses", entries: 1000, keys: Array(keys[..<length]))
    }

    /// Sixty charts, each of the last 48 windows; every so often a window is added and one leaves.
    private static func dashboard(_ length: Int) -> CacheTrace {
        var random = Random(seed: 72)
        var keys: [UInt64] = []
        var now = 0
        while keys.count < length {
            let chart = random.index(below: 60)
            for window in 0..<48 {
                keys.append(UInt64(chart) << 32 | UInt64(now + window))
            }
            if random.index(below: 40) == 0 { now += 1 }
        }
        return CacheTrace(name: "dashboard-misses", entries: 2000, keys: Array(keys[..<length]))
    }

    /// A few questions often, many once (a power law of exponent 0.9), with scans in between.
    private static func skewed(_ length: Int) -> CacheTrace {
        var random = Random(seed: 73)
        let total = 20_000
        var sums: [Double] = []
        var sum = 0.0
        for rank in 1...total {
            sum +=
                1 / Double(rank).squareRoot().squareRoot().squareRoot() * 1
                / Double(rank).squareRoot().squareRoot() / Double(rank).squareRoot()
            sums.append(sum)
        }
        var keys: [UInt64] = []
        var fresh: UInt64 = 1 << 32
        while keys.count < length {
            if random.index(below: 2000) == 0 {
                for _ in 0..<300 {
                    keys.append(fresh)
                    fresh += 1
                }
            }
            let at = random.uniform(0, sum)
            var below = 0
            var above = total
            while below < above {
                let middle = (below + above) / 2
                if sums[middle] < at { below = middle + 1 } else { above = middle }
            }
            keys.append(UInt64(below))
        }
        return CacheTrace(name: "skewed-misses", entries: 1000, keys: Array(keys[..<length]))
    }
}
