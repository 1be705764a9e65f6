// SPDX-License-Identifier: Apache-2.0
internal import WritCore
internal import WritResources

/// The facts of `models/skill.table`.
struct SkillTable: Sendable {
    /// Facts as bits, in the order of the table.
    struct Facts: OptionSet, Hashable, Sendable {
        let rawValue: UInt64
    }

    /// A text that a fact asks for.
    private struct Needle: Sendable {
        var text: [UInt8]
        var bit: UInt64
        /// It stands beside another text of the same fact.
        var isAlso: Bool
    }

    /// In the order of their first two bytes.
    private var needles: [Needle] = []
    /// By those two bytes, where their needles begin; the next entry is where they end.
    private var starts: [Int32] = []
    /// Facts that ask for no second text.
    private var single: UInt64 = 0
    private var bits: [String: UInt64] = [:]

    init(table: some StringProtocol) throws {
        for node in try Outline(parsing: table).nodes where node.keyword == "fact" {
            guard bits.count < 63 else { throw Outline.Fault(message: "more than 63 facts", line: node.line) }
            let bit: UInt64 = 1 << UInt64(bits.count)
            bits[node.value] = bit
            needles += Self.texts(node.values("any")).map { Needle(text: $0, bit: bit, isAlso: false) }
            let also = Self.texts(node.values("also"))
            needles += also.map { Needle(text: $0, bit: bit, isAlso: true) }
            if also.isEmpty { single |= bit }
        }
        needles.sort { Self.head($0.text[0], $0.text[1]) < Self.head($1.text[0], $1.text[1]) }
        starts = [Int32](repeating: 0, count: 65_537)
        for needle in needles { starts[Self.head(needle.text[0], needle.text[1]) + 1] += 1 }
        for head in 0..<65_536 { starts[head + 1] += starts[head] }
    }

    @inline(__always)
    private static func head(_ first: UInt8, _ second: UInt8) -> Int { Int(first) << 8 | Int(second) }

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

    /// The facts of one line, in lower case. A word is not found inside another word.
    func facts(in line: UnsafeRawBufferPointer) -> UInt64 {
        guard line.count >= 2 else { return 0 }
        var any: UInt64 = 0
        var also: UInt64 = single
        for at in 0..<(line.count - 1) {
            let head = Self.head(line[at], line[at + 1])
            let first = Int(starts[head])
            let end = Int(starts[head + 1])
            if first == end { continue }
            if line[at].isAlphanumeric, at > 0, line[at - 1].isAlphanumeric { continue }
            for index in first..<end {
                let needle = needles[index]
                if (needle.isAlso ? also : any) & needle.bit != 0 { continue }
                let length = needle.text.count
                guard length <= line.count - at else { continue }
                var i = 2
                while i < length, line[at + i] == needle.text[i] { i += 1 }
                guard i == length else { continue }
                if needle.isAlso { also |= needle.bit } else { any |= needle.bit }
            }
        }
        return any & also
    }

    static func embedded() throws -> SkillTable {
        guard let resource = Resource.named("models/skill.table") else {
            throw InjectionModel.Fault(message: "the table of skill facts is missing")
        }
        return try SkillTable(table: resource.text)
    }
}
