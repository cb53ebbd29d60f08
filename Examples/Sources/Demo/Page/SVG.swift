import Foundation

/// Text of an SVG path, with numbers as short as one tenth of a pixel needs.
struct SVGPath {
    private(set) var text = ""
    private var last: String?

    mutating func move(_ x: Double, _ y: Double) {
        last = "\(SVG.number(x)) \(SVG.number(y))"
        text += "M\(last ?? "")"
    }

    /// A line; none to where the pen is already.
    mutating func line(_ x: Double, _ y: Double) {
        let point = "\(SVG.number(x)) \(SVG.number(y))"
        if point == last { return }
        last = point
        text += "L\(point)"
    }

    mutating func close() { text += "Z" }
}

enum SVG {
    /// At most one decimal, and none where it is zero.
    static func number(_ value: Double) -> String {
        let tenths = (value * 10).rounded()
        let whole = Int(tenths)
        return whole % 10 == 0 ? String(whole / 10) : String(tenths / 10)
    }

    /// Text that is safe in HTML and in attributes.
    static func escape(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
            .replacing(">", with: "&gt;").replacing("\"", with: "&quot;")
    }
}
