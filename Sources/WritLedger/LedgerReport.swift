// SPDX-License-Identifier: Apache-2.0

public import WritCore

/// What a verification found: counts, every fault's place (up to a limit), and what no verification can find.
public struct LedgerReport: Sendable, Hashable {
    /// One thing that isn't as it was written.
    public struct Fault: Sendable, Hashable {
        /// Relative to the ledger's folder; the anchor's path for the anchor.
        public let file: String
        /// The first entry concerned, where known.
        public let entry: UInt64?
        /// One line, lower case, no full stop.
        public let message: String
        /// What the reader can do next.
        public let remedy: String
    }

    /// What the copy of the checkpoint outside the folder says.
    public enum Anchor: Sendable, Hashable {
        /// None was given.
        case absent
        /// It is of this ledger, at this size.
        case holds(size: UInt64)
        /// It contradicts the ledger; a fault says how.
        case fails
    }

    /// At most so many faults are described; ``faultCount`` counts all.
    public static let maximumFaults = 64

    /// The ledger's folder.
    public internal(set) var directory: String
    /// The key that checkpoints were verified with.
    public internal(set) var key: String
    /// Whether that key came from the caller rather than from the folder.
    public internal(set) var isKeyTrusted: Bool
    /// Entries under the checkpoint.
    public internal(set) var entries: UInt64 = 0
    /// The root over them; in hexadecimal.
    public internal(set) var root = LedgerHash.empty.description
    /// Entries in the journal that no checkpoint covers yet.
    public internal(set) var journalEntries: UInt64 = 0
    /// Hash tiles compared.
    public internal(set) var tiles = 0
    /// Entry bundles read.
    public internal(set) var bundles = 0
    /// Blobs hashed.
    public internal(set) var blobs = 0
    /// Bytes read.
    public internal(set) var bytes: UInt64 = 0
    /// What the copy of the checkpoint says.
    public internal(set) var anchor = Anchor.absent
    /// The first faults, in the order found.
    public internal(set) var faults: [Fault] = []
    /// All faults, described or not.
    public internal(set) var faultCount = 0
    /// Things worth knowing that are no fault, such as the rest of a torn record.
    public internal(set) var notes: [String] = []

    /// Nothing contradicts the signed checkpoint.
    public var isSound: Bool { faultCount == 0 }

    /// What this verification can't tell, and what could.
    public var limits: [String] {
        var limits = [
            "whoever holds the signing key can write another history and sign it; only a witness that keeps earlier "
                + "checkpoints (a cosigner, or an anchor on another machine) can tell",
            "the entries after the checkpoint are held together by a hash chain without a signature: "
                + "cutting them off at the end looks like a crash, and whoever can write the folder can replace them",
        ]
        switch anchor {
        case .absent:
            limits.append(
                "no anchor was given: cutting the ledger back to an older checkpoint of its own can't be told")
        case .holds(let size):
            limits.append("cutting the ledger back to no less than the \(size) entries of the anchor can't be told")
        case .fails: break
        }
        if !isKeyTrusted {
            limits.append(
                "the public key was taken from the ledger's own folder: give the key printed at the first start to "
                    + "tell a ledger that was replaced as a whole")
        }
        return limits
    }

    /// The report for people.
    public var text: String {
        var lines = [
            isSound
                ? "The ledger is sound." : "The ledger is damaged: \(faultCount) fault\(faultCount == 1 ? "" : "s").",
            "  folder      \(directory)",
            "  key         \(key)",
            "  entries     \(entries) under the checkpoint, \(journalEntries) in the journal",
            "  root        \(root)",
            "  files       \(bundles) entry bundles, \(tiles) tiles, \(blobs) blobs, \(bytes) bytes",
        ]
        switch anchor {
        case .absent: lines.append("  anchor      none given")
        case .holds(let size): lines.append("  anchor      holds at \(size) entries")
        case .fails: lines.append("  anchor      FAILS")
        }
        for fault in faults {
            lines.append("fault: \(fault.file): " + (fault.entry.map { "entry \($0): " } ?? "") + fault.message)
            lines.append("       \(fault.remedy)")
        }
        if faultCount > faults.count { lines.append("       and \(faultCount - faults.count) more") }
        for note in notes { lines.append("note: \(note)") }
        for limit in limits { lines.append("not shown by this: \(limit)") }
        // File names are bytes of whoever can write there.
        return lines.map(Self.printable).joined(separator: "\n") + "\n"
    }

    /// The report for programs.
    public var json: JSON {
        let anchorValue: JSON =
            switch anchor {
            case .absent: ["state": "absent"]
            case .holds(let size): ["state": "holds", "size": .integer(Int64(clamping: size))]
            case .fails: ["state": "fails"]
            }
        return [
            "sound": .bool(isSound), "directory": .string(directory), "key": .string(key),
            "key_trusted": .bool(isKeyTrusted), "entries": .integer(Int64(clamping: entries)), "root": .string(root),
            "journal_entries": .integer(Int64(clamping: journalEntries)), "tiles": .integer(Int64(tiles)),
            "bundles": .integer(Int64(bundles)), "blobs": .integer(Int64(blobs)),
            "bytes": .integer(Int64(clamping: bytes)), "anchor": anchorValue,
            "fault_count": .integer(Int64(faultCount)),
            "faults": .array(
                faults.map { fault in
                    [
                        "file": .string(fault.file),
                        "entry": fault.entry.map { .integer(Int64(clamping: $0)) } ?? .null,
                        "message": .string(fault.message), "remedy": .string(fault.remedy),
                    ]
                }),
            "notes": .array(notes.map { .string($0) }), "limits": .array(limits.map { .string($0) }),
        ]
    }

    private static func printable(_ line: String) -> String {
        String(JSON.string(line).text.dropFirst().dropLast()).unescapedQuotes
    }

    mutating func add(_ fault: Fault) {
        faultCount += 1
        if faults.count < Self.maximumFaults { faults.append(fault) }
    }
}

extension String {
    /// JSON text without the escapes that a terminal has no trouble with.
    fileprivate var unescapedQuotes: String {
        var out = String.UnicodeScalarView()
        var isEscaped = false
        for scalar in unicodeScalars {
            if isEscaped {
                if scalar != "\"", scalar != "\\" { out.append("\\") }
                out.append(scalar)
                isEscaped = false
            } else if scalar == "\\" {
                isEscaped = true
            } else {
                out.append(scalar)
            }
        }
        return String(out)
    }
}
