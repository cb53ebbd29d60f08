/// The recency cache that one writes first: a Dictionary of nodes that are a list too. No lock, no
/// sizes, no age.
final class DictionaryList<Key: Hashable, Value> {
    final class Node {
        let key: Key
        var value: Value
        unowned(unsafe) var previous: Node?
        unowned(unsafe) var next: Node?

        init(_ key: Key, _ value: Value) {
            self.key = key
            self.value = value
        }
    }

    private var nodes: [Key: Node] = [:]
    private var newest: Node?
    private var oldest: Node?
    private let entries: Int

    init(entries: Int) { self.entries = entries }

    var count: Int { nodes.count }

    func value(for key: Key) -> Value? {
        guard let node = nodes[key] else { return nil }
        moveToFront(node)
        return node.value
    }

    func setValue(_ value: Value, for key: Key) {
        if let node = nodes[key] {
            node.value = value
            moveToFront(node)
            return
        }
        if nodes.count == entries, let oldest {
            unlink(oldest)
            nodes[oldest.key] = nil
        }
        let node = Node(key, value)
        nodes[key] = node
        pushFront(node)
    }

    func removeAll() {
        newest = nil
        oldest = nil
        nodes.removeAll(keepingCapacity: true)
    }

    private func moveToFront(_ node: Node) {
        if newest === node { return }
        unlink(node)
        pushFront(node)
    }

    private func unlink(_ node: Node) {
        if let previous = node.previous { previous.next = node.next } else { newest = node.next }
        if let next = node.next { next.previous = node.previous } else { oldest = node.previous }
    }

    private func pushFront(_ node: Node) {
        node.previous = nil
        node.next = newest
        newest?.previous = node
        newest = node
        if oldest == nil { oldest = node }
    }
}
