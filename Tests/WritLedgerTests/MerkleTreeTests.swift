// SPDX-License-Identifier: Apache-2.0

import Testing
import WritCore
import WritTestSupport

@testable import WritLedger

@Suite struct MerkleTreeTests {
    /// RFC 6962 section 2.1, word for word, without any of the shortcuts of the code under test.
    static func naive(_ leaves: ArraySlice<[UInt8]>) -> [UInt8] {
        if leaves.isEmpty { return LedgerHash(hashing: []).bytes }
        if leaves.count == 1 { return LedgerHash(hashing: [0] + leaves[leaves.startIndex]).bytes }
        var k = 1
        while k * 2 < leaves.count { k *= 2 }
        let middle = leaves.startIndex + k
        return LedgerHash(hashing: [1] + naive(leaves[..<middle]) + naive(leaves[middle...])).bytes
    }

    static let leaves: [[UInt8]] = [
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
    ].map { Hex.bytes($0) ?? [] }

    @Test func `roots of the well-known eight leaves`() {
        let roots = (0...8).map { MerkleTree.root(Self.leaves[..<$0].map { .leaf($0) }).description }
        #expect(
            roots == [
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
            ])
    }

    @Test func `roots, frontiers and tiles agree with the definition`() throws {
        var generator = SeededGenerator(seed: 1)
        var leaves: [[UInt8]] = []
        var frontier = MerkleFrontier()
        var stack = TileStack()
        for size in 0..<700 {
            if size < 70 || size % 64 < 3 {
                #expect(frontier.root.bytes == Self.naive(leaves[...]))
                #expect(stack.frontier == frontier)
            }
            leaves.append(
                (0..<Int.random(in: 0..<20, using: &generator)).map { _ in .random(in: 0...255, using: &generator) })
            frontier.append(.leaf(leaves[size]))
            try stack.append(.leaf(leaves[size])) { _ throws(LedgerError) in }
        }
    }

    private func source(_ leaves: [LedgerHash]) -> MerkleTree.NodeSource {
        { (level, index) throws(LedgerError) in
            let start = Int(index) << level
            return MerkleTree.root(leaves[start..<start + (1 << level)])
        }
    }

    @Test func `inclusion proofs hold for every leaf and for no other`() throws {
        let leaves = (0..<70).map { LedgerHash.leaf([UInt8($0)]) }
        let node = source(leaves)
        for size in [1, 2, 3, 5, 8, 13, 31, 32, 33, 64, 70] {
            let root = MerkleTree.root(leaves[..<size])
            for index in 0..<size {
                let proof = try MerkleTree.inclusionProof(index: UInt64(index), size: UInt64(size), node: node)
                func holds(_ leaf: LedgerHash, _ index: Int, _ size: Int, _ proof: [LedgerHash]) -> Bool {
                    MerkleTree.isIncluded(leaf, index: UInt64(index), size: UInt64(size), root: root, proof: proof)
                }
                #expect(holds(leaves[index], index, size, proof))
                #expect(!holds(.leaf([0xFF]), index, size, proof))
                #expect(!holds(leaves[index], index + 1, size, proof))
                #expect(!holds(leaves[index], index, size, proof + [root]))
                if !proof.isEmpty { #expect(!holds(leaves[index], index, size, Array(proof.dropLast()))) }
            }
        }
    }

    @Test func `consistency proofs hold for every pair of sizes and for no other root`() throws {
        let leaves = (0..<40).map { LedgerHash.leaf([UInt8($0)]) }
        let node = source(leaves)
        for size in 0...40 {
            let root = MerkleTree.root(leaves[..<size])
            for older in 0...size {
                let oldRoot = MerkleTree.root(leaves[..<older])
                let proof = try MerkleTree.consistencyProof(from: UInt64(older), to: UInt64(size), node: node)
                func holds(_ oldRoot: LedgerHash, _ root: LedgerHash, _ proof: [LedgerHash]) -> Bool {
                    MerkleTree.isConsistent(
                        from: UInt64(older), root: oldRoot, to: UInt64(size), root: root, proof: proof)
                }
                #expect(holds(oldRoot, root, proof))
                #expect(!holds(.leaf([9, 9]), root, proof))
                if older < size, older > 0 { #expect(!holds(oldRoot, .leaf([9, 9]), proof)) }
                #expect(!holds(oldRoot, root, proof + [root]))
            }
        }
    }

    @Test func `an index outside the tree has no proof`() {
        let error = #expect(throws: LedgerError.self) {
            try MerkleTree.inclusionProof(index: 3, size: 3) { (_, _) throws(LedgerError) in .empty }
        }
        #expect(error?.description == "no entry 3 in a tree of 3")
    }

    @Test func `tiles lie where the specification says`() {
        let paths = [
            TilePath.hashes(level: 0, index: 0), TilePath.hashes(level: 2, index: 1_234_067),
            TilePath.hashes(level: 1, index: 999, width: 17), TilePath.entries(index: 273, width: 112),
        ]
        #expect(
            paths == ["tile/0/000", "tile/2/x001/x234/067", "tile/1/999.p/17", "tile/entries/273.p/112"])
        #expect(TileStack.widths(size: 70_000) == [112, 17, 1])
        #expect(TileStack.widths(size: 256) == [0, 1])
    }
}
