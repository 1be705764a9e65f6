// SPDX-License-Identifier: Apache-2.0
import WritCore

/// `{a,b}` and `{1..9}`: one word becomes several before anything else in it is expanded.
struct BraceExpansion {
    /// Most words from one.
    static let limit = 512
    private static let atomLimit = 4_096

    private enum Atom {
        case byte(UInt8)
        case part(Word.Part)

        func isByte(_ byte: Character) -> Bool {
            if case .byte(let own) = self { own == byte.asciiValue } else { false }
        }
    }

    private var results = 0

    /// The words that `word` stands for; nil when there are too many.
    static func words(of word: Word) -> [Word]? {
        var atoms: [Atom] = []
        for part in word.parts {
            if case .literal(let text) = part {
                for byte in text.utf8 { atoms.append(.byte(byte)) }
            } else {
                atoms.append(.part(part))
            }
        }
        if atoms.count > atomLimit { return nil }
        var expansion = BraceExpansion()
        guard let lists = expansion.expand(atoms[...], depth: 0) else { return nil }
        return lists.map { Word(parts: parts(of: $0), span: word.span) }
    }

    private static func parts(of atoms: [Atom]) -> [Word.Part] {
        var parts: [Word.Part] = []
        var bytes: [UInt8] = []
        func flush() {
            if !bytes.isEmpty { parts.append(.literal(String(decoding: bytes, as: UTF8.self))) }
            bytes = []
        }
        for atom in atoms {
            switch atom {
            case .byte(let byte): bytes.append(byte)
            case .part(let part):
                flush()
                parts.append(part)
            }
        }
        flush()
        return parts
    }

    private mutating func expand(_ atoms: ArraySlice<Atom>, depth: Int) -> [[Atom]]? {
        if depth > 16 { return nil }
        var at = atoms.startIndex
        while at < atoms.endIndex {
            defer { at += 1 }
            guard atoms[at].isByte("{"), let (close, commas) = Self.close(atoms, from: at) else { continue }
            let heads = [Array(atoms[atoms.startIndex..<at])]
            var middles: [[Atom]] = []
            if commas.isEmpty {
                guard let sequence = Self.sequence(atoms[(at + 1)..<close]) else { continue }
                middles = sequence
            } else {
                var start = at + 1
                for end in commas + [close] {
                    guard let some = expand(atoms[start..<end], depth: depth + 1) else { return nil }
                    middles += some
                    start = end + 1
                }
            }
            guard let tails = expand(atoms[(close + 1)...], depth: depth + 1) else { return nil }
            results += middles.count * tails.count
            if results > Self.limit { return nil }
            return heads.flatMap { head in middles.flatMap { middle in tails.map { head + middle + $0 } } }
        }
        return [Array(atoms)]
    }

    /// The brace that closes the one at `from`, and the commas between them at the same level.
    private static func close(_ atoms: ArraySlice<Atom>, from: Int) -> (close: Int, commas: [Int])? {
        var level = 0
        var commas: [Int] = []
        for at in from..<atoms.endIndex {
            if atoms[at].isByte("{") {
                level += 1
            } else if atoms[at].isByte("}") {
                level -= 1
                if level == 0 { return at == from + 1 ? nil : (at, commas) }
            } else if level == 1, atoms[at].isByte(",") {
                commas.append(at)
            }
        }
        return nil
    }

    private static func sequence(_ atoms: ArraySlice<Atom>) -> [[Atom]]? {
        var bytes: [UInt8] = []
        for atom in atoms {
            guard case .byte(let byte) = atom else { return nil }
            bytes.append(byte)
        }
        let text = String(decoding: bytes, as: UTF8.self)
        let fields = text.split(separator: ".", omittingEmptySubsequences: false)
        guard fields.count == 3 || fields.count == 5, fields[1].isEmpty, fields.count == 3 || fields[3].isEmpty else {
            return nil
        }
        var stride = 1
        if fields.count == 5 {
            guard let given = Int(fields[4]) else { return nil }
            stride = max(1, given == .min ? 1 : abs(given))
        }
        if let first = Int(fields[0]), let last = Int(fields[2]) {
            let isPadded = [fields[0], fields[2]].contains {
                $0.drop { $0 == "-" }.count > 1 && $0.drop { $0 == "-" }.hasPrefix("0")
            }
            let width = isPadded ? max(fields[0].count, fields[2].count) : 0
            let (distance, overflow) = last.subtractingReportingOverflow(first)
            guard !overflow, distance != .min, abs(distance) / stride < limit else { return nil }
            return Swift.stride(from: first, through: last, by: first <= last ? stride : -stride).map { number in
                var digits = String(number.magnitude)
                let sign = number < 0 ? "-" : ""
                while digits.utf8.count + sign.utf8.count < width { digits = "0" + digits }
                return (sign + digits).utf8.map { Atom.byte($0) }
            }
        }
        guard let first = fields[0].utf8.first, let last = fields[2].utf8.first, fields[0].utf8.count == 1,
            fields[2].utf8.count == 1
        else { return nil }
        let from = Int(first)
        let to = Int(last)
        return Swift.stride(from: from, through: to, by: from <= to ? stride : -stride).map { [.byte(UInt8($0))] }
    }
}
