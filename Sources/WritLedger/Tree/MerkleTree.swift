// SPDX-License-Identifier: Apache-2.0

/// The Merkle tree of RFC 6962 section 2.1: roots, inclusion proofs and consistency proofs.
///
/// Proofs are built from the hashes of perfect subtrees, which a `node` closure looks up: `node(level, index)` is the
/// hash over leaves `index * 2^level ..< (index + 1) * 2^level`.
public enum MerkleTree {
    /// Looks up the hash of one perfect subtree.
    public typealias NodeSource = (_ level: Int, _ index: UInt64) throws(LedgerError) -> LedgerHash

    /// The root over leaf hashes held in memory.
    public static func root(_ leaves: some Sequence<LedgerHash>) -> LedgerHash {
        var frontier = MerkleFrontier()
        for leaf in leaves { frontier.append(leaf) }
        return frontier.root
    }

    /// The root of the first `size` leaves.
    public static func root(size: UInt64, node: NodeSource) throws(LedgerError) -> LedgerHash {
        size == 0 ? .empty : try subtree(0, size, node: node)
    }

    /// The audit path of one leaf, from the leaf's sibling up (RFC 6962 section 2.1.1).
    ///
    /// - Throws: ``LedgerError/Code/range`` when the leaf isn't in a tree of that size.
    public static func inclusionProof(
        index: UInt64, size: UInt64, node: NodeSource
    ) throws(LedgerError) -> [LedgerHash] {
        guard index < size else { throw LedgerError(.range, "no entry \(index) in a tree of \(size)") }
        var path: [LedgerHash] = []
        var (start, end) = (UInt64(0), size)
        while end - start > 1 {
            let middle = start + split(end - start)
            if index < middle {
                path.append(try subtree(middle, end, node: node))
                end = middle
            } else {
                path.append(try subtree(start, middle, node: node))
                start = middle
            }
        }
        return path.reversed()
    }

    /// What proves that a tree of `size` leaves extends the one of `older` leaves (RFC 6962 section 2.1.2).
    ///
    /// - Throws: ``LedgerError/Code/range`` when `older` is greater than `size`.
    public static func consistencyProof(
        from older: UInt64, to size: UInt64, node: NodeSource
    ) throws(LedgerError) -> [LedgerHash] {
        guard older <= size else { throw LedgerError(.range, "no tree of \(older) within one of \(size)") }
        guard older > 0, older < size else { return [] }
        var proof: [LedgerHash] = []
        var (start, end) = (UInt64(0), size)
        var isWholeOldTree = true
        while older < end {
            let middle = start + split(end - start)
            if older <= middle {
                proof.append(try subtree(middle, end, node: node))
                end = middle
            } else {
                proof.append(try subtree(start, middle, node: node))
                start = middle
                isWholeOldTree = false
            }
        }
        if !isWholeOldTree { proof.append(try subtree(start, end, node: node)) }
        return proof.reversed()
    }

    /// Says whether a proof shows that a leaf is at an index of the tree with this root (RFC 9162 section 2.1.3.2).
    public static func isIncluded(
        _ leaf: LedgerHash, index: UInt64, size: UInt64, root: LedgerHash, proof: [LedgerHash]
    ) -> Bool {
        guard index < size else { return false }
        var (first, last) = (index, size - 1)
        var hash = leaf
        for step in proof {
            guard last > 0 else { return false }
            if first & 1 == 1 || first == last {
                hash = .node(step, hash)
                while first & 1 == 0, first > 0 { (first, last) = (first >> 1, last >> 1) }
            } else {
                hash = .node(hash, step)
            }
            (first, last) = (first >> 1, last >> 1)
        }
        return last == 0 && hash == root
    }

    /// Says whether a proof shows that one tree extends another (RFC 9162 section 2.1.4.2).
    public static func isConsistent(
        from older: UInt64, root olderRoot: LedgerHash, to size: UInt64, root: LedgerHash, proof: [LedgerHash]
    ) -> Bool {
        guard older <= size else { return false }
        if older == size { return proof.isEmpty && olderRoot == root }
        if older == 0 { return proof.isEmpty && olderRoot == .empty }
        var steps = proof[...]
        var (first, last) = (older - 1, size - 1)
        while first & 1 == 1 { (first, last) = (first >> 1, last >> 1) }
        var oldHash = olderRoot
        if older & (older - 1) != 0 {
            guard let seed = steps.popFirst() else { return false }
            oldHash = seed
        }
        var newHash = oldHash
        for step in steps {
            guard last > 0 else { return false }
            if first & 1 == 1 || first == last {
                oldHash = .node(step, oldHash)
                newHash = .node(step, newHash)
                while first & 1 == 0, first > 0 { (first, last) = (first >> 1, last >> 1) }
            } else {
                newHash = .node(newHash, step)
            }
            (first, last) = (first >> 1, last >> 1)
        }
        return last == 0 && oldHash == olderRoot && newHash == root
    }

    /// The hash over leaves `start ..< end`, where `start` is a multiple of every power of two that the range spans.
    private static func subtree(_ start: UInt64, _ end: UInt64, node: NodeSource) throws(LedgerError) -> LedgerHash {
        let count = end - start
        if count & (count - 1) == 0 {
            let level = count.trailingZeroBitCount
            return try node(level, start >> UInt64(level))
        }
        let middle = start + split(count)
        return .node(try subtree(start, middle, node: node), try subtree(middle, end, node: node))
    }

    /// The greatest power of two below `count`, which is at least 2.
    private static func split(_ count: UInt64) -> UInt64 {
        1 << UInt64(63 - (count - 1).leadingZeroBitCount)
    }
}

/// The right edge of a growing tree: enough to append and to know the root.
public struct MerkleFrontier: Sendable, Hashable {
    /// Leaves so far.
    public private(set) var size: UInt64 = 0
    /// Perfect subtrees from left (greatest) to right (smallest), one for each bit of `size`.
    private var peaks: [LedgerHash] = []

    /// A tree without leaves.
    public init() {}

    /// Adds a leaf hash.
    public mutating func append(_ leaf: LedgerHash) {
        var hash = leaf
        var bits = size
        while bits & 1 == 1, let left = peaks.popLast() {
            hash = .node(left, hash)
            bits >>= 1
        }
        peaks.append(hash)
        size += 1
    }

    /// The root over all leaves so far.
    public var root: LedgerHash {
        guard var hash = peaks.last else { return .empty }
        for peak in peaks.dropLast().reversed() { hash = .node(peak, hash) }
        return hash
    }

    /// A frontier from its peaks, left to right; their number must be that of the bits in `size`.
    init?(size: UInt64, peaks: [LedgerHash]) {
        guard size.nonzeroBitCount == peaks.count else { return nil }
        self.size = size
        self.peaks = peaks
    }
}
