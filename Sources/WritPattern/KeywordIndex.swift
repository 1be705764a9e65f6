// SPDX-License-Identifier: Apache-2.0

/// Finds every occurrence of many short literals in one pass: an Aho-Corasick automaton with its failure links folded
/// into a dense table, one load a byte.
///
/// It is built in about a millisecond for a thousand keywords, so a process that looks at one small file pays next to
/// nothing; ``PatternSet`` is faster on large input but takes longer to make. ASCII letters match in either case;
/// a caller that needs the exact case compares the bytes at the hit.
public struct KeywordIndex: Sendable {
    // Invariant: `next.count == states << shift`, every entry is below `states`, and every class is below `1 << shift`.
    private let classes: [UInt8]
    private let next: [UInt16]
    private let shift: Int
    /// States from here on end at least one keyword.
    private let firstEnding: UInt16
    /// Where the keywords of the ending state `firstEnding + i` begin in `endings`; one entry more than states.
    private let endingStarts: [Int32]
    private let endings: [Int32]

    /// Why an index was refused.
    public struct Fault: Error, Sendable, Hashable, CustomStringConvertible {
        public let description: String
    }

    /// Builds the index. A keyword's id is its place in the array; empty keywords are never found.
    ///
    /// - Throws: ``Fault`` above 65,000 automaton states (about the total length of all keywords).
    public init(_ keywords: [[UInt8]]) throws(Fault) {
        var classes = [UInt8](repeating: 0, count: 256)
        var count = 1
        for keyword in keywords {
            for byte in keyword {
                let folded = Self.fold(byte)
                if classes[Int(folded)] == 0 {
                    classes[Int(folded)] = UInt8(truncatingIfNeeded: count)
                    count += 1
                }
            }
        }
        for upper in 0x41...0x5A { classes[upper] = classes[upper + 0x20] }
        guard count < 256 else { throw Fault(description: "keywords use more than 254 different bytes") }
        var shift = 1
        while 1 << shift < count { shift += 1 }

        // The trie, rows dense; 0 is both the root and "no edge", since no edge leads back to the root.
        var table = [UInt16](repeating: 0, count: 1 << shift)
        var states = 1
        var own: [[Int32]] = [[]]
        for (id, keyword) in keywords.enumerated() where !keyword.isEmpty {
            var state = 0
            for byte in keyword {
                let cell = state << shift | Int(classes[Int(Self.fold(byte))])
                if table[cell] == 0 {
                    guard states < 65_000 else { throw Fault(description: "keywords need more than 65000 states") }
                    table[cell] = UInt16(states)
                    table.append(contentsOf: repeatElement(0, count: 1 << shift))
                    own.append([])
                    states += 1
                }
                state = Int(table[cell])
            }
            own[state].append(Int32(truncatingIfNeeded: id))
        }

        // Breadth first: a state's fallback is complete before the state is reached.
        var fallback = [Int](repeating: 0, count: states)
        var queue: [Int] = [0]
        queue.reserveCapacity(states)
        var head = 0
        while head < queue.count {
            let state = queue[head]
            head += 1
            for symbol in 0..<(1 << shift) {
                let cell = state << shift | symbol
                let target = Int(table[cell])
                let inherited = state == 0 ? 0 : Int(table[fallback[state] << shift | symbol])
                if target == 0 {
                    table[cell] = UInt16(inherited)
                } else {
                    fallback[target] = inherited
                    if !own[inherited].isEmpty { own[target] += own[inherited] }
                    queue.append(target)
                }
            }
        }

        // States that end a keyword go last, so that one comparison tells them.
        var order = [UInt16](repeating: 0, count: states)
        let quiet = own.indices.filter { own[$0].isEmpty }
        let loud = own.indices.filter { !own[$0].isEmpty }
        for (new, old) in (quiet + loud).enumerated() { order[old] = UInt16(new) }
        var renumbered = [UInt16](repeating: 0, count: table.count)
        for old in 0..<states {
            let from = old << shift
            let to = Int(order[old]) << shift
            for symbol in 0..<(1 << shift) { renumbered[to + symbol] = order[Int(table[from + symbol])] }
        }
        var starts: [Int32] = []
        var flat: [Int32] = []
        for old in loud {
            starts.append(Int32(flat.count))
            flat += own[old]
        }
        starts.append(Int32(flat.count))
        self.classes = classes
        next = renumbered
        self.shift = shift
        firstEnding = UInt16(quiet.count)
        endingStarts = starts
        endings = flat
    }

    /// Calls `body` with the keyword's id and the offset just past it, in order of that offset.
    @inlinable
    public func forEachHit(in bytes: UnsafeRawBufferPointer, _ body: (Int, Int) -> Void) {
        withTables { classes, next, shift, firstEnding, starts, endings in
            var state: UInt16 = 0
            var at = 0
            let end = bytes.count
            while at < end {
                state = next[Int(state) << shift | Int(classes[Int(bytes[at])])]
                at += 1
                if state >= firstEnding {
                    let slot = Int(state - firstEnding)
                    for i in Int(starts[slot])..<Int(starts[slot + 1]) { body(Int(endings[i]), at) }
                }
            }
        }
    }

    // Unsafe pointers keep the loop free of bounds checks; the type's invariant bounds every index.
    @usableFromInline
    func withTables(
        _ body: (
            UnsafePointer<UInt8>, UnsafePointer<UInt16>, Int, UInt16, UnsafePointer<Int32>, UnsafePointer<Int32>
        ) -> Void
    ) {
        classes.withUnsafeBufferPointer { classes in
            next.withUnsafeBufferPointer { next in
                endingStarts.withUnsafeBufferPointer { starts in
                    endings.withUnsafeBufferPointer { endings in
                        guard let classes = classes.baseAddress, let next = next.baseAddress,
                            let starts = starts.baseAddress, let endings = endings.baseAddress
                        else { return }  // No keyword at all: nothing can be found.
                        body(classes, next, shift, firstEnding, starts, endings)
                    }
                }
            }
        }
    }

    private static func fold(_ byte: UInt8) -> UInt8 {
        byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
    }
}
