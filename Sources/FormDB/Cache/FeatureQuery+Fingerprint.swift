#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Glibc
#endif

extension FeatureQuery {
    /// Combines all that tells queries apart. A part is preceded by what says that it is there.
    func combine(into fingerprint: inout Fingerprint) {
        fingerprint.combine(collection)
        condition.combine(into: &fingerprint)
        var parts = UInt64(further.count) << 32
        if idList != nil { parts |= 1 }
        if limitCount != nil { parts |= 2 }
        if nearest != nil { parts |= 4 }
        if order != nil { parts |= 8 }
        if isDescending { parts |= 16 }
        if filter != nil { parts |= 32 }
        if pageToken != nil { parts |= 64 }
        if projection != nil { parts |= 128 }
        parts |= UInt64(radii.count) << 8
        fingerprint.combine(parts)
        for condition in further { condition.combine(into: &fingerprint) }
        if let idList {
            fingerprint.combine(idList.count)
            for id in idList { fingerprint.combine(id) }
        }
        if let filter { fingerprint.combine(filter.fingerprint) }
        if let order { order.combine(into: &fingerprint) }
        if let pageToken { fingerprint.combine(pageToken.description) }
        if let projection { fingerprint.combine(projection.description) }
        if let limitCount { fingerprint.combine(limitCount) }
        for radius in radii {
            fingerprint.combine(radius.place)
            fingerprint.combine(radius.distance.meters)
        }
        if let nearest {
            fingerprint.combine(nearest.place)
            fingerprint.combine(nearest.limit)
            fingerprint.combine(nearest.maxDistance?.meters ?? -1)
        }
    }

    /// The fingerprint alone, for measuring.
    @_spi(Benchmark) public func fingerprint() -> LRUKey {
        var fingerprint = Fingerprint(.init(low: 1, high: 2))
        combine(into: &fingerprint)
        return fingerprint.key
    }

    /// What it keeps alive, roughly.
    var bytes: Int {
        Self.storedBytes + (idList.map { MemorySize.of($0) } ?? 0)
            + (filter.map { 64 + 3 * $0.node.encoded.count } ?? 0)
            + (further.count + radii.count) * MemoryLayout<Condition>.stride
    }

    /// What an answer depends on: rows that meet none of it can't change it.
    ///
    /// - Parameter reach: how far the farthest of a full answer to `nearest` is.
    func regions(in target: UInt32, reach: Distance?) -> [CoreRegion] {
        var region = CoreRegion(kind: .collection, target: target)
        region.box = condition.box
        region.time = condition.time
        region.ids = idList.map { $0.map { CoreTransaction.footprint(of: $0) }.sorted() }
        guard hasDistance else { return [region] }
        // A shape that comes, wherever, makes measuring throw.
        var shapes = region
        shapes.shapesOnly = true
        let bounds =
            radii.map { ($0.place, $0.distance) }
            + [
                nearest.flatMap { nearest in nearest.maxDistance.map { (nearest.place, $0) } },
                nearest.flatMap { nearest in reach.map { (nearest.place, $0) } },
            ].compactMap { $0 }
        let boxes =
            (condition.box.map { [$0] } ?? [])
            + bounds.compactMap { BoundingBox(around: $0.0, within: $0.1) }
        if let smallest = boxes.min(by: { $0.north - $0.south < $1.north - $1.south }) {
            region.box = smallest
        } else {
            // Who has no place has no distance.
            region.box = .world
        }
        return [region, shapes]
    }
}

extension FeatureOrder {
    fileprivate func combine(into fingerprint: inout Fingerprint) {
        switch kind {
        case .id: fingerprint.combine(0 as UInt64)
        case .time: fingerprint.combine(1 as UInt64)
        case .property(let path): fingerprint.combine(path.description)
        }
    }
}

extension FeatureQuery.Condition {
    @inline(__always)
    func combine(into fingerprint: inout Fingerprint) {
        fingerprint.combine(
            (box == nil ? 0 : 1) | (isWithin ? 2 : 0) | (time == nil ? 0 : 4) as UInt64)
        if let box { fingerprint.combine(box) }
        if let time { fingerprint.combine(time) }
    }
}

extension SeriesQuery {
    func combine(into fingerprint: inout Fingerprint) {
        fingerprint.combine(series)
        fingerprint.combine(range)
        fingerprint.combine(
            (isReversed ? 1 : 0) | (limitCount == nil ? 0 : 2) | (fieldName == nil ? 0 : 4)
                as UInt64)
        if let limitCount { fingerprint.combine(limitCount) }
        if let fieldName { fingerprint.combine(fieldName) }
    }
}

extension BoundingBox {
    /// A box that holds all within a distance of a place, and a little more; nil if that is no less
    /// than the world.
    ///
    /// A metre on the ellipsoid is at most 1/6,335,439 of a radian of the sphere that has the same
    /// latitudes.
    init?(around place: Position, within distance: Distance) {
        let angle = distance.meters / 6_335_439 * (1 + 1e-9) + 1e-12
        guard angle < .pi / 2 else { return nil }
        let degrees = angle * 180 / .pi
        let south = place.latitude - degrees
        let north = place.latitude + degrees
        if south <= -90 || north >= 90 {
            self.init(
                west: -180, south: Swift.max(south, -90), east: 180, north: Swift.min(north, 90))
            return
        }
        let widest = sin(angle) / cos(place.latitude * .pi / 180)
        guard widest < 1 else {
            self.init(west: -180, south: south, east: 180, north: north)
            return
        }
        let half = asin(widest) * 180 / .pi * (1 + 1e-9) + 1e-9
        let middle = place.longitude.remainder(dividingBy: 360)
        let west = middle - half
        let east = middle + half
        // Two edges that cross the antimeridian are one box from west to a smaller east.
        self.init(
            west: west < -180 ? west + 360 : west, south: south,
            east: east > 180 ? east - 360 : east, north: north)
    }
}

/// What a value keeps alive beyond itself, roughly.
enum MemorySize {
    static func of(_ ids: [FeatureID]) -> Int {
        var bytes = 32 + ids.count * MemoryLayout<FeatureID>.stride
        for case .text(let text) in ids { bytes += of(text) }
        return bytes
    }

    static func of(_ groups: [CoreGroup]) -> Int {
        groups.reduce(32) { bytes, group in
            [group.key, group.minimum, group.maximum].reduce(
                bytes + MemoryLayout<CoreGroup>.stride
            ) { $0 + ($1.map { of($0) } ?? 0) }
        }
    }

    static func of(_ features: [Feature]) -> Int {
        features.reduce(32) { $0 + MemoryLayout<Feature>.stride + of($1) }
    }

    static func of(_ feature: Feature) -> Int {
        // A record as it was fetched: nothing of it is decoded.
        if let record = feature.record { return unsafe record.bytes.count }
        // Else its parts lie in an object of their own.
        var bytes = 32 + MemoryLayout<FeatureParts>.stride
        bytes += of(feature.properties ?? [:]) + of(feature.foreignMembers)
        bytes += of(feature.geometryMembers) + (feature.time?.source.map { of($0) } ?? 0)
        if case .text(let text)? = feature.id { bytes += of(text) }
        if let bbox = feature.bbox { bytes += 32 + bbox.count * 8 }
        return bytes + (feature.geometry.map { of($0) } ?? 0)
    }

    /// Up to 15 bytes lie in the value itself.
    static func of(_ text: String) -> Int { text.utf8.count > 15 ? 32 + text.utf8.count : 0 }

    static func of(_ object: JSONObject) -> Int {
        if object.isEmpty { return 0 }
        let each = MemoryLayout<JSONObject.Member>.stride
        return object.members.reduce(32) { $0 + each + of($1.key) + of($1.value) }
    }

    static func of(_ value: JSONValue) -> Int {
        switch value {
        case .string(let text): of(text)
        case .array(let values):
            values.reduce(32) { $0 + MemoryLayout<JSONValue>.stride + of($1) }
        case .object(let object): 32 + of(object)
        default: 0
        }
    }

    static func of(_ geometry: Geometry) -> Int {
        let each = MemoryLayout<Position>.stride
        return switch geometry {
        case .point: 32
        case .lineString(let line), .multiPoint(let line): 32 + line.count * each
        case .polygon(let lines), .multiLineString(let lines):
            lines.reduce(32) { $0 + 40 + $1.count * each }
        case .multiPolygon(let polygons):
            polygons.joined().reduce(32) { $0 + 48 + $1.count * each }
        case .geometryCollection(let geometries):
            geometries.reduce(32) { $0 + MemoryLayout<Geometry>.stride + of($1) }
        }
    }
}
