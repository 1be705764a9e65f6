// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import WritCore
import WritTestSupport

@testable import WritLedger

/// A folder of its own for each test, removed with the value.
final class Folder: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "/writ-ledger-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        do { try FileManager.default.removeItem(atPath: path) } catch { print("left behind: \(path)") }
    }

    var ledger: String { path + "/ledger" }
    var anchor: String { path + "/outside/anchor" }

    func copy(_ name: String = "ledger", to target: String) throws {
        if FileManager.default.fileExists(atPath: "\(path)/\(target)") {
            try FileManager.default.removeItem(atPath: "\(path)/\(target)")
        }
        try FileManager.default.copyItem(atPath: "\(path)/\(name)", toPath: "\(path)/\(target)")
    }

    func read(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name)")))
    }

    func write(_ name: String, _ bytes: [UInt8]) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
    }

    /// All files below a folder, sorted, those of the index left out.
    func files(_ name: String = "ledger") throws -> [String] {
        let all = FileManager.default.enumerator(atPath: "\(path)/\(name)")?.allObjects as? [String] ?? []
        return all.filter { file in
            var isFolder: ObjCBool = false
            let exists = FileManager.default.fileExists(atPath: "\(path)/\(name)/\(file)", isDirectory: &isFolder)
            return exists && !isFolder.boolValue && !file.hasPrefix("index.sqlite")
        }.sorted()
    }

    /// Options without thread, index and synchronisation, so that tests are quick and go step by step.
    func options(_ change: (inout Ledger.Options) -> Void = { _ in }) -> Ledger.Options {
        var options = Ledger.Options(origin: "writ.local/test")
        options.foldsInBackground = false
        options.keepsIndex = false
        options.disk = Disk { operation, _ in operation == .synchronize ? .pretend : .proceed }
        change(&options)
        return options
    }

    func open(_ name: String = "ledger", _ change: (inout Ledger.Options) -> Void = { _ in }) throws -> Ledger {
        try Ledger(at: "\(path)/\(name)", options: options(change))
    }
}

func entry(_ number: Int, message: String = "", record: JSON = .null) -> LedgerEntry {
    LedgerEntry(
        id: "id-\(number)", time: 1_000 + Int64(number), kind: .decision,
        agent: number % 3 == 0 ? "cursor" : "claude-code",
        session: "s\(number % 5)", tool: "Bash", verdict: number % 4 == 0 ? .deny : .allow,
        message: message, rules: number % 4 == 0 ? ["default/writ/secrets"] : [], record: record)
}

/// Counts the changes to the disk and makes them fail from one on, as if the plug were pulled there.
final class Plug: Sendable {
    private let left: Mutex<Int>
    private let seen = Mutex(0)

    init(after count: Int = .max) { left = Mutex(count) }

    var operations: Int { seen.withLock { $0 } }

    func pull(after count: Int) { left.withLock { $0 = count } }

    var disk: Disk {
        Disk { [self] operation, _ in
            seen.withLock { $0 += 1 }
            let isOn = left.withLock { count in
                if count == .max { return true }
                count -= 1
                return count >= 0
            }
            if isOn { return operation == .synchronize ? .pretend : .proceed }
            if case .write(let bytes) = operation, left.withLock({ $0 == -1 }) { return .short(bytes / 2) }
            return .fail(5)
        }
    }
}
