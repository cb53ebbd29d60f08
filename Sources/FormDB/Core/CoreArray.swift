extension Array {
    /// Adds up to `count` elements that `fill` puts into uninitialised memory; it says how many.
    mutating func append(
        addingCapacity count: Int, _ fill: (UnsafeMutableBufferPointer<Element>) -> Int
    ) {
        if isEmpty {
            unsafe self = Array(unsafeUninitializedCapacity: count) { place, filled in
                filled = unsafe fill(place)
            }
        }
    }
}
