/// A part of a collection's rows that is planned and asked by itself.
///
/// There is one, the memtable. Tests cut it into many, by position (``CoreStore/sourceCount``), so that planning and
/// merging over many sources is held to the same answers.
struct RowSource {
    /// Positions of its rows in the view.
    let range: Range<UInt32>
    /// Whether these are all rows of the view.
    let isWhole: Bool

    static func sources(of view: CoreView) -> [RowSource] {
        let count = view.owner.store.sourceCount
        let positions = view.size.positions
        if count <= 1 { return [RowSource(range: 0..<positions, isWhole: true)] }
        return (0..<count).map { number in
            let start = UInt64(positions) * UInt64(number) / UInt64(count)
            let end = UInt64(positions) * UInt64(number + 1) / UInt64(count)
            return RowSource(range: UInt32(start)..<UInt32(end), isWhole: false)
        }
    }
}
