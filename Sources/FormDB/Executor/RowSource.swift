/// A part of a collection's rows that is planned and asked by itself.
///
/// There is one, the memtable. Tests cut it into many, by position (``CoreStore/sourceCount``), so that planning and
/// merging over many sources is held to the same answers.
struct RowSource {
    /// Positions of its rows in the view.
    let range: Range<UInt32>
    /// Whether these are all rows of the view.
    let isWhole: Bool
}

/// The sources of a view; made when they are asked for, so that a question that plans nothing allocates none.
struct RowSources: RandomAccessCollection {
    private let positions: UInt32
    let count: Int

    init(of view: CoreView) {
        positions = view.size.positions
        count = Swift.max(view.owner.store.sourceCount, 1)
    }

    var startIndex: Int { 0 }
    var endIndex: Int { count }

    subscript(number: Int) -> RowSource {
        RowSource(range: start(of: number)..<start(of: number + 1), isWhole: count == 1)
    }

    private func start(of number: Int) -> UInt32 {
        UInt32(UInt64(positions) * UInt64(number) / UInt64(count))
    }
}
