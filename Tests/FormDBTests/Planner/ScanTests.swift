import CFormCore
import Testing

@testable import FormDB

@Suite("Scans")
struct ScanTests {
    /// Found by the oracle, as a heap that was written past: a list that had been made as long as another answer (193 to
    /// 255 rows) was grown to 256 when it was nearly full, and then took 64 more.
    @Test("fill lists of any capacity without writing past them")
    func anyCapacity() throws {
        let database = try Database.inMemory()
        try database.write { tx in
            for id in 0..<1_000 {
                try tx.insert(Feature(id: .integer(Int64(id)), geometry: nil), into: "f")
                // Holes, so that blocks of 64 rows give other numbers.
                if id % 7 == 0 { _ = try tx.delete(.integer(Int64(id)), in: "f") }
            }
        }
        try database.features(in: "f").withAnswer { view, answer in
            let expected = answer.array.sorted()
            for capacity in 1...300 {
                let positions = CorePositions()
                let memory = unsafe CoreMemory.allocator.pointee
                let bytes = capacity * MemoryLayout<UInt32>.stride
                let data = unsafe try #require(memory.allocate(memory.context, bytes))
                unsafe positions.list.pointee.data = data.bindMemory(
                    to: UInt32.self, capacity: capacity)
                unsafe positions.list.pointee.capacity = capacity
                var next: UInt32 = 0
                // Block by block, so that a list that has become too short is seen at once.
                while next < view.size.positions {
                    let end = min(next + 64, view.size.positions)
                    next = try view.scan(CoreQuestion(), next..<end, into: positions)
                    unsafe #expect(positions.count <= positions.list.pointee.capacity)
                }
                #expect(positions.array == expected)
            }
        }
    }
}
