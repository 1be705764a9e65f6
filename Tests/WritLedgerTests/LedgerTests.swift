// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import Testing
import WritCore
import WritTestSupport

@testable import WritLedger

@Suite struct LedgerTests {
    @Test func `what is appended is read back, before and after closing`() throws {
        let folder = try Folder()
        let entries = (0..<600).map { entry($0, record: ["command": .string("ls \($0)")]) }
        let ledger = try folder.open()
        for (number, item) in entries.prefix(300).enumerated() { #expect(try ledger.append(item) == UInt64(number)) }
        #expect(try ledger.reader.entries(from: 0).map(\.entry) == Array(entries.prefix(300)))
        try ledger.fold()
        #expect(try ledger.append(contentsOf: Array(entries[300...])) == 300..<600)
        #expect(try ledger.reader.entries(from: 290, limit: 20).map(\.index) == Array(290..<310))
        try ledger.close()
        let reader = try LedgerReader(at: folder.ledger)
        #expect(try reader.entries(from: 0).map(\.entry) == entries)
        #expect(try reader.checkpoint()?.root.bytes == MerkleTreeTests.naive(entries.map(\.json.canonicalBytes)[...]))
        #expect(
            try folder.files() == [
                "checkpoint", "key", "lock", "tile/0/000", "tile/0/001", "tile/0/002.p/88", "tile/1/000.p/2",
                "tile/entries/000", "tile/entries/001", "tile/entries/002.p/88", "vkey",
            ])
        let mode = try FileManager.default.attributesOfItem(atPath: folder.ledger + "/key")[.posixPermissions] as? Int
        #expect(mode == 0o600)
    }

    @Test func `splitting into batches, folds and sessions changes nothing`() throws {
        for seed in UInt64(1)...6 {
            var generator = SeededGenerator(seed: seed)
            let folder = try Folder()
            var number = 0
            while number < 900 {
                let ledger = try folder.open { $0.segmentBytes = 4_000 }
                for _ in 0..<Int.random(in: 1...8, using: &generator) {
                    let count = min(Int.random(in: 0...90, using: &generator), 900 - number)
                    try ledger.append(contentsOf: (number..<number + count).map { entry($0) })
                    number += count
                    if Bool.random(using: &generator) { try ledger.fold() }
                }
                if Bool.random(using: &generator) { try ledger.close() }
            }
            let ledger = try folder.open()
            try ledger.close()
            let leaves = (0..<900).map { LedgerHash.leaf(entry($0).json.canonicalBytes) }
            #expect(try ledger.reader.checkpoint()?.root == MerkleTree.root(leaves), "seed \(seed)")
            #expect(LedgerVerifier.verify(folder.ledger).faults == [], "seed \(seed)")
        }
    }

    @Test func `every entry has an inclusion proof, and older trees are extended`() throws {
        let folder = try Folder()
        let ledger = try folder.open()
        try ledger.append(contentsOf: (0..<700).map { entry($0) })
        try ledger.close()
        let reader = try LedgerReader(at: folder.ledger)
        let root = try reader.root(size: 700)
        for index in stride(from: UInt64(0), to: 700, by: 7) {
            let proof = try reader.inclusionProof(index: index)
            let leaf = LedgerHash.leaf(entry(Int(index)).json.canonicalBytes)
            #expect(MerkleTree.isIncluded(leaf, index: index, size: 700, root: root, proof: proof))
            let other = LedgerHash.leaf(entry(Int(index), message: "changed").json.canonicalBytes)
            #expect(!MerkleTree.isIncluded(other, index: index, size: 700, root: root, proof: proof))
        }
        for older in [UInt64(1), 255, 256, 257, 512, 699] {
            let proof = try reader.consistencyProof(from: older, to: 700)
            let oldRoot = try reader.root(size: older)
            #expect(MerkleTree.isConsistent(from: older, root: oldRoot, to: 700, root: root, proof: proof))
        }
    }

    @Test func `a second writer is refused`() throws {
        let folder = try Folder()
        let ledger = try folder.open()
        let error = #expect(throws: LedgerError.self) { try folder.open() }
        #expect(
            error
                == LedgerError(
                    .locked, "another process writes this ledger", path: folder.ledger + "/lock",
                    hint: "stop it with `writ daemon stop`, or choose another state folder"))
        try ledger.close()
    }

    @Test func `newlines, escapes and bidi controls can't leave their field`() throws {
        let folder = try Folder()
        let nasty = "a\n{\"v\":1}\r\n\u{1B}[2J\u{1B}]0;x\u{07}\u{202E}\u{2066}\u{200F}\u{85}\u{2028}\u{0}\u{9B}31m"
        let item = LedgerEntry(
            id: nasty, time: 1, kind: LedgerEntry.Kind(rawValue: nasty), agent: nasty, session: nasty, tool: nasty,
            message: nasty, rules: [nasty], record: ["k\n\u{1B}": .string(nasty)])
        let ledger = try folder.open()
        try ledger.append(item)
        try ledger.close()
        let bundle = try folder.read("ledger/tile/entries/000.p/1")
        #expect(try LedgerReader(at: folder.ledger).entries(from: 0).map(\.entry) == [item])
        let text = String(decoding: bundle.dropFirst(2), as: UTF8.self)
        let unsafe = Array(text.unicodeScalars).filter {
            $0.value < 0x20 || (0x7F...0x9F).contains($0.value) || (0x2028...0x202E).contains($0.value)
                || (0x2066...0x2069).contains($0.value) || [0x200E, 0x200F, 0x61C].contains($0.value)
        }
        #expect(unsafe == [])
    }

    @Test func `a record beyond the limit of an entry lies in a blob`() throws {
        let folder = try Folder()
        let long = entry(
            0, message: String(repeating: "\u{1B}", count: 9_000),
            record: .string(String(repeating: "x", count: 200_000)))
        let ledger = try folder.open()
        try ledger.append(long)
        try ledger.append(entry(1))
        try ledger.close()
        let reader = try LedgerReader(at: folder.ledger)
        let items = try reader.entries(from: 0)
        #expect(items[0].entry.record == .null)
        #expect(items[0].entry.tool == "Bash")
        #expect(try reader.resolved(items[0].entry) == long)
        #expect(try reader.resolved(items[1].entry) == entry(1))
        #expect(LedgerVerifier.verify(folder.ledger).blobs == 1)
        let name = try #require(items[0].entry.blob).hash.description
        try FileManager.default.removeItem(atPath: "\(folder.ledger)/blob/\(name)")
        #expect(LedgerVerifier.verify(folder.ledger).faults.map(\.message) == ["is missing"])
        #expect(throws: LedgerError.self) { try reader.resolved(items[0].entry) }
    }

    @Test func `many threads append at once, and nothing is lost`() throws {
        let folder = try Folder()
        let ledger = try folder.open {
            $0.disk = Disk()
            $0.anchorPath = folder.anchor
            $0.foldsInBackground = true
            $0.foldCount = 50
            $0.segmentBytes = 5_000
            $0.keepsIndex = true
        }
        let failures = Counter()
        DispatchQueue.concurrentPerform(iterations: 16) { thread in
            if thread % 8 == 0 {
                // Whoever verifies while others write sees a sound ledger at any moment.
                for _ in 0..<5 {
                    for fault in LedgerVerifier.verify(folder.ledger, anchorPath: folder.anchor).faults {
                        print(fault)
                        failures.add()
                    }
                }
            }
            for number in 0..<50 {
                do {
                    let index = try ledger.append(
                        entry(thread * 1000 + number), durability: thread % 4 == 0 ? .synced : .written)
                    let found = try ledger.reader.entries(from: index, limit: 1)
                    if found.first?.entry.id != "id-\(thread * 1000 + number)" { failures.add() }
                } catch {
                    failures.add()
                }
            }
        }
        try ledger.close()
        #expect(failures.count == 0)
        let items = try LedgerReader(at: folder.ledger).entries(from: 0)
        let wanted = (0..<16).flatMap { thread in (0..<50).map { "id-\(thread * 1000 + $0)" } }
        #expect(items.map(\.entry.id).sorted() == wanted.sorted())
        #expect(LedgerVerifier.verify(folder.ledger).faults == [])
        #expect(throws: LedgerError.self) { try ledger.append(entry(0)) }
    }

    @Test func `ids sort in the order in which they were made`() {
        var ids = EntryIDs()
        var generator = SeededGenerator(seed: 4)
        let times =
            [Int64(5), 5, 5, 9, 7, 1_700_000_000_000] + Array(repeating: Int64(1_700_000_000_000), count: 5_000)
        let made = times.map { ids.next(time: $0, using: &generator) }
        #expect(made == made.sorted())
        #expect(Set(made).count == made.count)
        #expect(made[5].hasPrefix("018bcfe5-6800-7000-"))
    }
}

/// Counts from several threads.
final class Counter: Sendable {
    private let value = Mutex(0)
    var count: Int { value.withLock { $0 } }
    func add() { value.withLock { $0 += 1 } }
}
