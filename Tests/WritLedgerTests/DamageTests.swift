// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing
import WritCore
import WritTestSupport

@testable import WritLedger

/// Whatever changes on disk is found, and said with the place.
@Suite struct DamageTests {
    /// A ledger of some thousand entries: folded ones, a blob, and a journal with a tail that no checkpoint covers.
    private func filled(_ folder: Folder, tail: Int) throws {
        let ledger = try folder.open { $0.anchorPath = folder.anchor }
        try ledger.append(contentsOf: (0..<2_000).map { entry($0) })
        try ledger.append(entry(2_000, record: .string(String(repeating: "x", count: 70_000))))
        try ledger.fold()
        if tail > 0 {
            try ledger.append(contentsOf: (2_001..<2_001 + tail).map { entry($0) })
        } else {
            try ledger.close()
        }
    }

    @Test(arguments: [0, 40]) func `any flipped bit is found`(_ tail: Int) throws {
        let folder = try Folder()
        try filled(folder, tail: tail)
        let sound = LedgerVerifier.verify(folder.ledger, anchorPath: folder.anchor)
        #expect(sound.faults == [])
        #expect(sound.anchor == .holds(size: 2_001))
        #expect(sound.entries == 2_001)
        #expect(sound.journalEntries == UInt64(tail))
        let seed = UInt64(20 + tail)
        var generator = SeededGenerator(seed: seed)
        let files = try folder.files().map { "ledger/\($0)" } + ["outside/anchor"]
        for round in 0..<3 {
            for file in files {
                var bytes = try folder.read(file)
                if bytes.isEmpty { continue }
                let places = [0, bytes.count - 1]
                let place = round < 2 ? places[round] : Int.random(in: 0..<bytes.count, using: &generator)
                let bit = UInt8.random(in: 0..<8, using: &generator)
                bytes[place] ^= 1 << bit
                try folder.write(file, bytes)
                let report = LedgerVerifier.verify(folder.ledger, anchorPath: folder.anchor)
                #expect(!report.isSound, "seed \(seed): bit \(bit) of byte \(place) in \(file)")
                bytes[place] ^= 1 << bit
                try folder.write(file, bytes)
            }
        }
        #expect(LedgerVerifier.verify(folder.ledger, anchorPath: folder.anchor) == sound)
    }

    @Test func `any missing file is found`() throws {
        let folder = try Folder()
        try filled(folder, tail: 0)
        for file in try folder.files() where file != "lock" && file != "key" {
            let bytes = try folder.read("ledger/\(file)")
            try FileManager.default.removeItem(atPath: "\(folder.ledger)/\(file)")
            #expect(!LedgerVerifier.verify(folder.ledger).isSound, "\(file)")
            try folder.write("ledger/\(file)", bytes)
        }
    }

    @Test func `each bit of a journal record counts`() throws {
        let folder = try Folder()
        let ledger = try folder.open()
        try ledger.append(entry(0))
        let journal = "ledger/journal/" + Journal.fileName(first: 0)
        let bytes = try folder.read(journal)
        for bit in 0..<bytes.count * 8 {
            var changed = bytes
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            try folder.write(journal, changed)
            let report = LedgerVerifier.verify(folder.ledger)
            #expect(!report.isSound, "bit \(bit)")
            #expect(report.faults.first?.file == String(journal.dropFirst(7)))
        }
    }

    @Test func `a ledger cut back to its own older checkpoint is found by the anchor`() throws {
        let folder = try Folder()
        var ledger = try folder.open { $0.anchorPath = folder.anchor }
        try ledger.append(contentsOf: (0..<300).map { entry($0) })
        try ledger.close()
        try folder.copy(to: "older")
        ledger = try folder.open { $0.anchorPath = folder.anchor }
        try ledger.append(contentsOf: (300..<400).map { entry($0) })
        try ledger.close()
        let older = folder.path + "/older"
        #expect(LedgerVerifier.verify(older).isSound)
        let report = LedgerVerifier.verify(older, anchorPath: folder.anchor)
        #expect(report.faults.map(\.message) == ["the ledger has 300 entries, its anchor 400: entries were removed"])
        #expect(report.anchor == .fails)
        let error = #expect(throws: LedgerError.self) {
            try folder.open("older") { $0.anchorPath = folder.anchor }
        }
        #expect(error?.code == .rolledBack)
        let opened = try folder.open("older") {
            $0.anchorPath = folder.anchor
            $0.setsDamageAside = true
        }
        #expect(opened.recovery.alarms.count == 1)
        try opened.append(entry(300))
        try opened.close()
        #expect(LedgerVerifier.verify(older, anchorPath: folder.anchor).isSound)
    }

    @Test func `another history under the same key contradicts the anchor`() throws {
        let folder = try Folder()
        var ledger = try folder.open { $0.anchorPath = folder.anchor }
        try ledger.append(entry(0))
        try ledger.close()
        let key = try folder.read("ledger/key")
        try FileManager.default.createDirectory(atPath: folder.path + "/other", withIntermediateDirectories: true)
        try folder.write("other/key", key)
        ledger = try folder.open("other")
        try ledger.append(entry(1))
        try ledger.close()
        let report = LedgerVerifier.verify(folder.path + "/other", anchorPath: folder.anchor)
        #expect(report.faults.map(\.message) == ["the ledger's first 1 entries aren't those of its anchor"])
    }

    @Test func `a ledger replaced as a whole is found by the trusted key`() throws {
        let folder = try Folder()
        let ledger = try folder.open()
        try ledger.close()
        let other = try folder.open("other")
        try other.close()
        #expect(LedgerVerifier.verify(other.directory).isSound)
        #expect(!LedgerVerifier.verify(other.directory, trustedKey: ledger.verifierKey).isSound)
        #expect(LedgerVerifier.verify(ledger.directory, trustedKey: ledger.verifierKey).isSound)
    }

    @Test func `damage is set aside when asked for, and what was sound is kept`() throws {
        let folder = try Folder()
        do {
            let ledger = try folder.open()
            try ledger.append(contentsOf: (0..<5).map { entry($0) })
        }
        let journal = "ledger/journal/" + Journal.fileName(first: 0)
        var bytes = try folder.read(journal)
        bytes[bytes.count - 40] ^= 4
        try folder.write(journal, bytes)
        let error = #expect(throws: LedgerError.self) { try folder.open() }
        #expect(error?.code == .damaged)
        let ledger = try folder.open { $0.setsDamageAside = true }
        #expect(ledger.recovery.replayed == 4)
        #expect(ledger.recovery.alarms.count == 1)
        #expect(try ledger.append(entry(9)) == 4)
        try ledger.close()
        #expect(try ledger.reader.entries(from: 0).map(\.entry.id) == ["id-0", "id-1", "id-2", "id-3", "id-9"])
        let report = LedgerVerifier.verify(folder.ledger)
        #expect(report.faults == [])
        #expect(report.notes.count == 1)
    }

    @Test func `the report says what it found and what it can't find`() throws {
        let folder = try Folder()
        let ledger = try folder.open()
        try ledger.append(contentsOf: (0..<2).map { entry($0) })
        try ledger.close()
        try folder.write("ledger/tile/0/000.p/2", Array(repeating: 0, count: 64))
        var report = LedgerVerifier.verify(folder.ledger)
        report.directory = "LEDGER"
        report.key = "KEY"
        report.root = "ROOT"
        #expect(
            report.text == """
                The ledger is damaged: 3 faults.
                  folder      LEDGER
                  key         KEY
                  entries     2 under the checkpoint, 0 in the journal
                  root        ROOT
                  files       1 entry bundles, 1 tiles, 0 blobs, \(report.bytes) bytes
                  anchor      none given
                fault: tile/entries/000.p/2: entry 0: an entry isn't the one that was appended, or `tile/0/000.p/2` changed
                       restore the file from a copy of the ledger's folder
                fault: tile/entries/000.p/2: entry 1: an entry isn't the one that was appended, or `tile/0/000.p/2` changed
                       restore the file from a copy of the ledger's folder
                fault: tile/0/000.p/2: entry 0: the hashes aren't those of the entries
                       restore the file from a copy of the ledger's folder
                not shown by this: \(report.limits.joined(separator: "\nnot shown by this: "))

                """)
        #expect(report.limits.count == 4)
        #expect(report.json["fault_count"] == 3)
        #expect(report.json["faults"]?.array?.count == 3)
    }
}
