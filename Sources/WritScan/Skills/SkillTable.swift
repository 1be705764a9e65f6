// SPDX-License-Identifier: Apache-2.0
internal import WritCore
internal import WritResources

/// The facts of `models/skill.table`.
struct SkillTable: Sendable {
    /// Facts as bits, in the order of the table.
    struct Facts: OptionSet, Hashable, Sendable {
        let rawValue: UInt64
    }

    private struct Entry: Sendable {
        var bit: UInt64
        var any: [[UInt8]]
        var also: [[UInt8]]
    }

    private var entries: [Entry] = []
    private var bits: [String: UInt64] = [:]

    init(table: some StringProtocol) throws {
        for node in try Outline(parsing: table).nodes where node.keyword == "fact" {
            guard entries.count < 63 else { break }
            let bit: UInt64 = 1 << UInt64(entries.count)
            bits[node.value] = bit
            entries.append(
                Entry(bit: bit, any: Self.texts(node.values("any")), also: Self.texts(node.values("also"))))
        }
    }

    /// ` | ` separates; a text that starts with a pipe is written after an empty one.
    private static func texts(_ lines: [String]) -> [[UInt8]] {
        var out: [[UInt8]] = []
        for line in lines {
            var piece: [UInt8] = []
            let bytes = Array(line.utf8)
            var at = 0
            func flush() {
                while piece.last == 0x20 { piece.removeLast() }
                if piece.first == 0x20 { piece.removeFirst() }
                if piece.count > 1 { out.append(piece) }
                piece = []
            }
            while at < bytes.count {
                if bytes[at] == UInt8(ascii: "|"), at > 0, bytes[at - 1] == 0x20, at + 1 < bytes.count,
                    bytes[at + 1] == 0x20,
                    !piece.allSatisfy({ $0 == 0x20 })
                {
                    flush()
                    at += 2
                    continue
                }
                piece.append(bytes[at])
                at += 1
            }
            flush()
        }
        return out
    }

    func fact(_ name: String) -> UInt64 { bits[name] ?? 0 }

    /// The facts of one line, in lower case.
    func facts(in line: UnsafeRawBufferPointer) -> UInt64 {
        var out: UInt64 = 0
        for entry in entries where entry.any.contains(where: { contains(line, $0) }) {
            if entry.also.isEmpty || entry.also.contains(where: { contains(line, $0) }) { out |= entry.bit }
        }
        return out
    }

    private func contains(_ line: UnsafeRawBufferPointer, _ text: [UInt8]) -> Bool {
        guard let first = text.first, text.count <= line.count else { return false }
        let last = line.count - text.count
        var at = 0
        while at <= last {
            if line[at] == first {
                var i = 1
                while i < text.count, line[at + i] == text[i] { i += 1 }
                if i == text.count {
                    // A word is not found inside another word.
                    let before = at > 0 ? line[at - 1] : 0x20
                    if !(first.isAlphanumeric && before.isAlphanumeric) { return true }
                }
            }
            at += 1
        }
        return false
    }

    static func embedded() throws -> SkillTable {
        guard let resource = Resource.named("models/skill.table") else {
            throw InjectionModel.Fault(message: "the table of skill facts is missing")
        }
        return try SkillTable(table: resource.text)
    }
}
