extension Array {
    /// Fills an empty array with up to `count` elements that `fill` puts into uninitialised memory; it says how many.
    mutating func append(
        addingCapacity count: Int, _ fill: (UnsafeMutableBufferPointer<Element>) -> Int
    ) {
        if count == 0 {
            // An array without room is one that all share, whose count would be written.
            _ = unsafe fill(UnsafeMutableBufferPointer(start: nil, count: 0))
        } else if isEmpty {
            unsafe self = Array(unsafeUninitializedCapacity: count) { place, filled in
                filled = unsafe fill(place)
            }
        }
    }
}
