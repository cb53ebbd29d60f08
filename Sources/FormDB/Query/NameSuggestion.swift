/// The nearest of the names that exist, for the message of what was not found.
enum NameSuggestion {
    static func notFound(_ noun: String, _ name: String, among names: [String]) -> FormDBError {
        let advice: String
        if let nearest = nearest(to: name, among: names) {
            advice = "did you mean \"\(nearest)\"?"
        } else if names.isEmpty {
            advice = "there is no \(noun) yet; writing to one creates it"
        } else {
            let shown = names.prefix(8).map { "\"\($0)\"" }.joined(separator: ", ")
            advice = "there are \(shown)\(names.count > 8 ? ", …" : "")"
        }
        return FormDBError(.notFound, "there is no \(noun) \"\(name)\"", advice: advice)
    }

    /// The name with the fewest edits from `name`, where they are few.
    static func nearest(to name: String, among names: [String]) -> String? {
        let wanted = Array(name.lowercased().unicodeScalars)
        var best: (name: String, edits: Int)?
        for candidate in names {
            let letters = Array(candidate.lowercased().unicodeScalars)
            let edits = edits(from: wanted, to: letters)
            guard edits <= max(2, max(wanted.count, letters.count) / 3) else { continue }
            if edits < best?.edits ?? .max { best = (candidate, edits) }
        }
        return best?.name
    }

    /// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
    private static func edits(from a: [Unicode.Scalar], to b: [Unicode.Scalar]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...b.count)
        for i in a.indices {
            var row = [i + 1]
            for j in b.indices {
                var cost = min(row[j] + 1, last[j + 1] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
                    cost = min(cost, beforeLast[j - 1] + 1)
                }
                row.append(cost)
            }
            beforeLast = last
            last = row
        }
        return last[b.count]
    }
}
