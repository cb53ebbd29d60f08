import Testing

@testable import FormDB

struct PlaceTests {
    @Test func invalidCoordinatesAreRefusedWithAHint() {
        func message(_ longitude: Double, _ latitude: Double) -> String? {
            do {
                try Position(longitude: longitude, latitude: latitude).validate()
                return nil
            } catch { return "\(error)" }
        }
        #expect(message(540, 90) == nil && message(-540, -90) == nil)
        #expect(message(37.77, -122.42)?.contains("longitude comes first; swapped?") == true)
        #expect(message(540.0001, 0)?.contains("±540") == true)
        for bad in [Double.nan, .infinity, -.infinity] {
            #expect(message(bad, 0) != nil && message(0, bad) != nil)
        }
        #expect(throws: FormDBError.self) {
            try Position(longitude: 0, latitude: 0, altitude: .infinity).validate()
        }
        #expect(throws: FormDBError.self) {
            try Geometry.multiPolygon([[[Position(longitude: 0, latitude: 91)]]]).validate()
        }
    }

    @Test func collectionsNestAtMostThirtyTwoDeep() throws {
        var geometry = Geometry.point(longitude: 0, latitude: 0)
        for _ in 0..<32 { geometry = .geometryCollection([geometry]) }
        try geometry.validate()
        #expect(throws: FormDBError.self) { try Geometry.geometryCollection([geometry]).validate() }
    }

    @Test func altitudeIsPartOfEquality() {
        var position = Position(longitude: 1, latitude: 2)
        #expect(position == Position(longitude: 1, latitude: 2))
        position.altitude = 0
        #expect(position != Position(longitude: 1, latitude: 2))
        #expect(position.altitude == 0)
        #expect(MemoryLayout<Position>.size == 24)
    }

    @Test func aChangedGeometryDropsItsBox() {
        var feature = Feature(
            geometry: .point(longitude: 1, latitude: 2), bbox: [1, 2, 1, 2],
            geometryMembers: ["x": 1])
        feature.geometry = .point(longitude: 1, latitude: 2)
        #expect(feature.bbox != nil)
        feature.geometry = .point(longitude: 1, latitude: 3)
        #expect(feature.bbox == nil && feature.geometryMembers.isEmpty)
    }

    @Test func boxesMatchModulo360() {
        func box(_ west: Double, _ east: Double) -> BoundingBox {
            BoundingBox(west: west, south: -10, east: east, north: 10)
        }
        func at(_ longitude: Double) -> Position { Position(longitude: longitude, latitude: 0) }
        let fiji = box(170, -170)
        #expect(fiji.crossesAntimeridian)
        #expect(fiji.contains(at(180)) && fiji.contains(at(-180)) && fiji.contains(at(190)))
        #expect(fiji.contains(at(-190)) && fiji.contains(at(540)) && !fiji.contains(at(0)))
        #expect(!fiji.contains(Position(longitude: 180, latitude: 11)))
        let meridian = box(180, -180)
        #expect(meridian.contains(at(180)) && meridian.contains(at(-180)))
        #expect(!meridian.contains(at(179.999)) && !meridian.contains(at(0)))
        #expect(box(-180, 180).spansAllLongitudes && box(0, 360).contains(at(-77)))
        #expect(!box(-180, 179.999).spansAllLongitudes)
        #expect(box(10, 20).contains(at(375)) && box(370, 380).contains(at(15)))
        #expect(box(10, 20).intersects(box(380, 400)))
        #expect(!box(10, 20).intersects(box(20.001, 9.999)))
        #expect(fiji.intersects(box(-175, -160)) && fiji.contains(box(-175, -171)))
        #expect(!fiji.contains(box(-175, -160)))
        #expect(BoundingBox.world.contains(fiji) && !fiji.contains(.world))
        // Rounded, 0.1 + 360 is 360.1; in real arithmetic it lies west of that double.
        #expect(0.1 + 360.0 == 360.1 && !box(360.1, 361).contains(at(0.1)))
    }

    /// Every box and position against exact arithmetic in multiples of 2^-20.
    @Test func boxesAgreeWithExactIntegers() {
        var random = SeededGenerator.printed()
        let turn: Int64 = 360 << 20
        func longitude() -> Int64 {
            let special: [Int64] = [-540, -360, -180, 0, 180, 360, 540]
            if random.next() % 3 == 0 { return special.randomElement(using: &random)! << 20 }
            return Int64.random(in: (-540 << 20)...(540 << 20), using: &random)
        }
        func degrees(_ fixed: Int64) -> Double { Double(fixed) / Double(1 << 20) }
        for _ in 0..<20_000 {
            let (w, e, x) = (longitude(), longitude(), longitude())
            var end = e
            while end < w { end += turn }
            let expected = (-4...4).contains { k in
                let moved = x + Int64(k) * turn
                return w <= moved && moved <= end
            }
            let box = BoundingBox(west: degrees(w), south: 0, east: degrees(e), north: 1)
            let found = box.contains(Position(longitude: degrees(x), latitude: 0.5))
            if found != expected { Issue.record("\(box), \(degrees(x))") }
        }
    }
}
