// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing
import WritCore
import WritTestSupport

@testable import WritLedger

/// A death at any moment loses nothing that was acknowledged.
@Suite struct RecoveryTests {
    @Test func `the journal cut at every byte gives back every whole record`() throws {
        let folder = try Folder()
        let path = "ledger/journal/" + Journal.fileName(first: 10)
        var ends: [Int] = []
        do {
            let ledger = try folder.open { $0.segmentBytes = 10 }
            try ledger.append(contentsOf: (0..<10).map { entry($0) })
            try ledger.fold()
            for number in 10..<12 {
                try ledger.append(entry(number))
                ends.append(try folder.read(path).count)
            }
        }
        let bytes = try folder.read(path)
        for length in 0...bytes.count {
            try folder.copy(to: "cut")
            try folder.write("cut/" + path.dropFirst(7), Array(bytes.prefix(length)))
            let whole = ends.filter { $0 <= length }.count
            #expect(LedgerVerifier.verify(folder.path + "/cut").isSound, "cut at \(length)")
            let ledger = try folder.open("cut")
            #expect(ledger.count == UInt64(10 + whole), "cut at \(length)")
            try ledger.append(entry(99))
            try ledger.close()
            let ids = try ledger.reader.entries(from: 0).map(\.entry.id)
            #expect(ids == (0..<10 + whole).map { "id-\($0)" } + ["id-99"], "cut at \(length)")
            #expect(LedgerVerifier.verify(folder.path + "/cut").faults == [], "cut at \(length)")
        }
    }

    /// Work that appends, folds, seals segments and fills tiles; each index that was acknowledged is handed over.
    private func work(_ folder: Folder, disk: Disk, acknowledged: (UInt64, Int) -> Void) throws {
        let ledger = try folder.open {
            $0.disk = disk
            $0.segmentBytes = 3_000
            $0.anchorPath = folder.anchor
        }
        var number = 0
        for step in 0..<8 {
            for count in [1, 3, 40] {
                let entries = (number..<number + count).map { entry($0) }
                let range = try ledger.append(contentsOf: entries, durability: step % 3 == 0 ? .synced : .written)
                for (index, offset) in zip(range, 0..<count) { acknowledged(index, number + offset) }
                number += count
            }
            if step % 2 == 1 { try ledger.fold() }
        }
        try ledger.close()
    }

    @Test func `the plug pulled at any change to the disk loses nothing acknowledged`() throws {
        let count: Int
        do {
            let folder = try Folder()
            let plug = Plug()
            try work(folder, disk: plug.disk) { _, _ in }
            count = plug.operations
        }
        #expect(count > 80)
        for moment in 0..<count {
            let folder = try Folder()
            var acknowledged: [UInt64: Int] = [:]
            do {
                try work(folder, disk: Plug(after: moment).disk) { acknowledged[$0] = $1 }
                Issue.record("no failure at \(moment)")
            } catch {
                let code = (error as? LedgerError)?.code
                #expect(code == .storage, "at \(moment): \(error)")
            }
            // What stands on the disk now is what a killed process would leave.
            let ledger = try folder.open { $0.anchorPath = folder.anchor }
            let items = try ledger.reader.entries(from: 0, limit: 10_000)
            let found = Dictionary(uniqueKeysWithValues: items.map { ($0.index, $0.entry) })
            for (index, number) in acknowledged {
                #expect(found[index] == entry(number), "pulled at \(moment): entry \(index)")
            }
            try ledger.append(entry(5_000))
            try ledger.close()
            let report = LedgerVerifier.verify(folder.ledger, anchorPath: folder.anchor)
            #expect(report.faults == [], "pulled at \(moment)")
        }
    }

    @Test func `a full disk refuses, and the ledger goes on when there is room`() throws {
        let folder = try Folder()
        let plug = Plug()
        let ledger = try folder.open { $0.disk = plug.disk }
        try ledger.append(entry(0))
        try ledger.fold()
        var number = 1
        for room in 0..<30 {
            plug.pull(after: room)
            var refused = 0
            var error: LedgerError?
            for _ in 0..<6 {
                do throws(LedgerError) {
                    try ledger.append(entry(number), durability: number % 2 == 0 ? .synced : .written)
                    number += 1
                    if number % 3 == 0 { try ledger.fold() }
                } catch {
                    refused += 1
                }
            }
            do throws(LedgerError) { try ledger.append(entry(-1), durability: .synced) } catch let caught {
                error = caught
            }
            if room == 0 {
                #expect(refused == 6)
                #expect(error?.code == .storage)
                #expect(error?.hint != nil)
            }
            plug.pull(after: .max)
            try ledger.append(entry(number))
            number += 1
        }
        try ledger.close()
        let ids = try ledger.reader.entries(from: 0, limit: 10_000).map(\.entry.id)
        // An entry whose synchronisation failed was written though not acknowledged; it may stand there as well.
        let acknowledged = (0..<number).map { "id-\($0)" }
        #expect(Set(acknowledged).isSubset(of: ids))
        #expect(LedgerVerifier.verify(folder.ledger).faults == [])
    }

    @Test func `the error of a full disk names the file and the remedy`() throws {
        let folder = try Folder()
        let disk = Disk { operation, path in
            if case .write = operation, path.contains("/journal/") { return .short(3) }
            return .proceed
        }
        let ledger = try folder.open { $0.disk = disk }
        let error = #expect(throws: LedgerError.self) { try ledger.append(entry(0)) }
        #expect(
            error
                == LedgerError(
                    .storage, "can't be written: No space left on device",
                    path: folder.ledger + "/journal/" + Journal.fileName(first: 0),
                    hint: "free some space; the ledger goes on by itself"))
    }

    @Test func `a folder that can't be made says so`() throws {
        let error = #expect(throws: LedgerError.self) {
            try Ledger(at: "/proc/no/such", options: Ledger.Options(origin: "writ.local/test"))
        }
        #expect(error?.code == .storage)
        #expect(error?.path == "/proc/no")
    }
}
