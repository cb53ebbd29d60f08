/// How much of an input's demands a reader accepts before it refuses with `tooLarge`.
///
/// They bound a reader's memory: input is read one feature or row at a time.
public struct InputLimits: Hashable, Sendable {
    /// Bytes of text of one feature, one member of a collection, or one row.
    public var recordBytes: Int
    /// How deep arrays and objects may be nested.
    public var depth: Int
    /// Values and positions in one feature.
    public var elements: Int

    public init(recordBytes: Int = 128 << 20, depth: Int = 100, elements: Int = 1 << 24) {
        self.recordBytes = recordBytes
        self.depth = depth
        self.elements = elements
    }
}
