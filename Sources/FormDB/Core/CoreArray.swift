extension Array {
    /// Appends up to `count` elements that `fill` puts into uninitialised memory; it says how many.
    mutating func append(
        addingCapacity count: Int, _ fill: (UnsafeMutableBufferPointer<Element>) -> Int
    ) {
        if count == 0 {
            // An array without room is one that all share, whose count would be written.
            _ = unsafe fill(UnsafeMutableBufferPointer(start: nil, count: 0))
            return
        }
        append(addingCapacity: count) { (span: inout OutputSpan<Element>) in
            unsafe span.withUnsafeMutableBufferPointer { place, filled in
                filled = unsafe fill(place)
            }
        }
    }
}
