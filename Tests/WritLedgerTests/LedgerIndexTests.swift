// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing
import WritCore

@testable import WritLedger

/// The index finds what the ledger holds, and never anything else.
@Suite struct LedgerIndexTests {
    private func filled(_ folder: Folder, _ count: Int = 600) throws -> Ledger {
        let ledger = try folder.open { $0.keepsIndex = true }
        try ledger.append(contentsOf: (0..<count - 10).map { entry($0, message: "entry \($0)") })
        try ledger.fold()
        // The last ten are in no checkpoint, and so in no index.
        try ledger.append(contentsOf: (count - 10..<count).map { entry($0, message: "entry \($0)") })
        return ledger
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let query: LedgerQuery
        let wanted: [UInt64]

        init(_ name: String, _ wanted: [Int], _ change: (inout LedgerQuery) -> Void) {
            testDescription = name
            self.wanted = wanted.map { UInt64($0) }
            var query = LedgerQuery()
            change(&query)
            self.query = query
        }
    }

    static let cases = [
        Case("everything, oldest first", Array(0..<100)) { _ in },
        Case("the newest", [599, 598, 597]) { ($0.newestFirst, $0.limit) = (true, 3) },
        Case("across the end of the index", Array((580..<600).reversed())) { ($0.newestFirst, $0.limit) = (true, 20) },
        Case("one agent", [0, 3, 6]) { ($0.agent, $0.limit) = ("cursor", 3) },
        Case("one session", [4, 9, 14]) { ($0.session, $0.limit) = ("s4", 3) },
        Case("denied, newest", [596, 592, 588, 584]) { ($0.verdict, $0.newestFirst, $0.limit) = (.deny, true, 4) },
        Case("one rule", [0, 4]) { ($0.rule, $0.limit) = ("default/writ/secrets", 2) },
        Case("part of a rule's name", []) { $0.rule = "default/writ" },
        Case("a stretch of time", [100, 101]) { ($0.since, $0.until) = (1_100, 1_102) },
        Case("behind an index", [589, 590, 591]) { ($0.after, $0.limit) = (588, 3) },
        Case("one id", [595]) { $0.id = "id-595" },
        Case("one kind", []) { $0.kind = .alarm },
        Case("all at once", [588]) {
            ($0.agent, $0.verdict, $0.tool, $0.kind, $0.since) = ("cursor", .deny, "Bash", .decision, 1_580)
        },
        Case("an injection", []) { $0.agent = "' OR 1=1 --" },
        Case("none", []) { $0.limit = 0 },
    ]

    @Test func `an index that is being made is no damage`() throws {
        let folder = try Folder()
        let ledger = try folder.open { $0.keepsIndex = false }
        try ledger.append(contentsOf: (0..<20).map { entry($0, message: "entry \($0)") })
        try ledger.fold()
        let reader = LedgerReader(directory: folder.ledger, key: ledger.verifierKey, disk: Disk(), index: nil)
        // SQLite makes the file first, empty, and the tables with the version later, in one transaction.
        let path = folder.ledger + "/index.sqlite"
        try Data().write(to: URL(fileURLWithPath: path))
        #expect(try LedgerIndex(directory: folder.ledger).isFaithful(reader) == nil)
        let made = LedgerIndex(directory: folder.ledger)
        try made.update(from: reader)
        #expect(try LedgerIndex(directory: folder.ledger).isFaithful(reader) == true)
        // Tables that are gone although the version says that they were there are damage.
        try made.execute("DROP TABLE state")
        #expect(throws: (any Error).self) { try LedgerIndex(directory: folder.ledger).isFaithful(reader) }
    }

    @Test func `each filter finds its entries, with the index and without`() throws {
        let folder = try Folder()
        let ledger = try filled(folder)
        let plain = LedgerReader(directory: folder.ledger, key: ledger.verifierKey, disk: Disk(), index: nil)
        for item in Self.cases {
            #expect(
                try ledger.reader.entries(matching: item.query).map(\.index) == item.wanted, "\(item.testDescription)")
            #expect(try plain.entries(matching: item.query).map(\.index) == item.wanted, "\(item.testDescription)")
        }
        #expect(ledger.indexError == nil)
        try ledger.close()
    }

    @Test func `a missing, damaged, foreign or behind index is built anew`() throws {
        let folder = try Folder()
        let ledger = try filled(folder)
        try ledger.close()
        var query = LedgerQuery()
        (query.verdict, query.newestFirst, query.limit) = (.deny, true, 2)
        let path = folder.ledger + "/index.sqlite"
        let whole = try folder.read("ledger/index.sqlite")
        func found() throws -> [UInt64] {
            try LedgerReader(at: folder.ledger).entries(matching: query).map(\.index)
        }
        #expect(try found() == [596, 592])
        for suffix in ["", "-wal", "-shm"] where FileManager.default.fileExists(atPath: path + suffix) {
            try FileManager.default.removeItem(atPath: path + suffix)
        }
        #expect(try found() == [596, 592])
        #expect(FileManager.default.fileExists(atPath: path))
        try folder.write("ledger/index.sqlite", Array(repeating: 0x41, count: 10_000))
        #expect(try found() == [596, 592])
        try folder.write("ledger/index.sqlite", Array(whole.prefix(5_000)))
        #expect(try found() == [596, 592])
        // Another ledger's index, longer than this one's.
        let other = try Folder()
        let foreign = try filled(other, 900)
        try foreign.close()
        #expect(try LedgerReader(at: other.ledger).entries(matching: query).map(\.index) == [896, 892])
        try folder.write("ledger/index.sqlite", try other.read("ledger/index.sqlite"))
        #expect(try found() == [596, 592])
        // Behind: the ledger grew without it.
        let more = try folder.open()
        try more.append(contentsOf: (600..<700).map { entry($0) })
        try more.close()
        #expect(try found() == [696, 692])
    }

    @Test func `an index that lies is not believed`() throws {
        let folder = try Folder()
        let ledger = try filled(folder)
        try ledger.close()
        let reader = try LedgerReader(at: folder.ledger)
        var query = LedgerQuery()
        (query.verdict, query.limit) = (.deny, 3)
        #expect(try reader.entries(matching: query).map(\.index) == [0, 4, 8])
        try reader.index?.execute("UPDATE entry SET verdict = 'deny' WHERE \"index\" = 1")
        #expect(LedgerVerifier.verify(folder.ledger).faults.map(\.file) == ["index.sqlite"])
        #expect(try reader.entries(matching: query).map(\.index) == [0, 4, 8])
        #expect(LedgerVerifier.verify(folder.ledger).faults == [])
        try reader.index?.update(from: reader)
        try reader.index?.execute("DELETE FROM entry WHERE \"index\" = 4")
        #expect(LedgerVerifier.verify(folder.ledger).faults.map(\.message) == ["the index differs from the ledger"])
        reader.index?.discard()
        #expect(try reader.entries(matching: query).map(\.index) == [0, 4, 8])
    }

    @Test func `a read-only folder is read without an index`() throws {
        let folder = try Folder()
        let ledger = try folder.open()
        try ledger.append(contentsOf: (0..<20).map { entry($0) })
        try ledger.close()
        // A folder in the index's place stands for a place where none can be made, for root too.
        try FileManager.default.createDirectory(
            atPath: folder.ledger + "/index.sqlite", withIntermediateDirectories: true)
        var query = LedgerQuery()
        query.verdict = .deny
        #expect(try LedgerReader(at: folder.ledger).entries(matching: query).map(\.index) == [0, 4, 8, 12, 16])
    }

    @Test func `following gives each new entry once`() throws {
        let folder = try Folder()
        let ledger = try folder.open { $0.segmentBytes = 500 }
        let reader = ledger.reader
        var seen: [UInt64] = []
        for round in 0..<30 {
            try ledger.append(contentsOf: (0..<7).map { entry(round * 7 + $0) })
            if round % 4 == 3 { try ledger.fold() }
            seen += try reader.entries(from: seen.last.map { $0 + 1 } ?? 0).map(\.index)
        }
        #expect(seen == Array(0..<210))
        #expect(try reader.count() == 210)
        try ledger.close()
    }
}
