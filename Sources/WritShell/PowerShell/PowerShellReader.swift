// SPDX-License-Identifier: Apache-2.0

/// One element of a PowerShell command: a word in parts. What stands in parentheses and braces is kept as source and is
/// read when it is walked.
struct PowerShellWord: Sendable, Hashable {
    enum Part: Sendable, Hashable {
        /// Bare text, where operators may stand.
        case bare(String)
        case quoted(String)
        /// `$name`, `$env:NAME`; lower case but for what follows `env:`.
        case variable(String)
        /// `(…)`, `$(…)` or `@(…)`.
        case group(String)
        /// `{…}` or `@{…}`.
        case block(String)
    }

    var parts: [Part] = []

    /// The text when nothing in it is computed.
    var text: String? {
        var whole = ""
        for part in parts {
            switch part {
            case .bare(let text), .quoted(let text): whole += text
            case .variable, .group, .block: return nil
            }
        }
        return whole
    }

    /// It is written without quotes, as parameters and operators are.
    var bareText: String? {
        var whole = ""
        for part in parts {
            guard case .bare(let text) = part else { return nil }
            whole += text
        }
        return whole.isEmpty ? nil : whole
    }
}

/// Words up to `;`, a line end or the end, in stages that `|` parts.
struct PowerShellStatement: Sendable, Hashable {
    var stages: [[PowerShellWord]] = []
}

/// Tells the statements of PowerShell text apart. Total and linear: what is not closed ends with the text. Nested code is
/// handed out as text, so nothing here recurses.
struct PowerShellReader {
    /// More words are not read, and that is said.
    static let wordLimit = 20_000

    private let bytes: [UInt8]
    private var at = 0
    private(set) var isCut = false
    /// `&` parts commands as in `cmd`.
    private let isBatch: Bool

    init(_ text: String, isBatch: Bool = false) {
        bytes = Array(text.utf8)
        self.isBatch = isBatch
    }

    mutating func read() -> [PowerShellStatement] {
        var statements: [PowerShellStatement] = []
        var stages: [[PowerShellWord]] = [[]]
        var count = 0
        func close() {
            let filled = stages.filter { !$0.isEmpty }
            if !filled.isEmpty { statements.append(PowerShellStatement(stages: filled)) }
            stages = [[]]
        }
        while at < bytes.count {
            if count >= Self.wordLimit {
                isCut = true
                break
            }
            switch bytes[at] {
            case 0x20, 0x09, 0x0D: at += 1
            case 0x60 where at + 1 < bytes.count && (bytes[at + 1] == 0x0A || bytes[at + 1] == 0x0D): at += 2
            case 0x0A:
                at += 1
                // A line that ends in `|` goes on.
                if stages.last?.isEmpty != true || stages.count == 1 { close() }
            case 0x3B:
                at += 1
                close()
            case 0x7C:
                at += 1
                if at < bytes.count, bytes[at] == 0x7C {
                    at += 1
                    close()
                } else {
                    stages.append([])
                }
            case 0x26 where at + 1 < bytes.count && bytes[at + 1] == 0x26:
                at += 2
                close()
            case 0x26 where isBatch || stages.last?.isEmpty == false:
                at += 1
                close()
            case 0x26:
                at += 1
                stages[stages.count - 1].append(PowerShellWord(parts: [.bare("&")]))
            case 0x23: while at < bytes.count, bytes[at] != 0x0A { at += 1 }
            case 0x3C where at + 1 < bytes.count && bytes[at + 1] == 0x23: skipComment()
            case 0x29, 0x7D: at += 1
            case 0x2C:
                at += 1
                stages[stages.count - 1].append(PowerShellWord(parts: [.bare(",")]))
            default:
                let word = readWord()
                if !word.parts.isEmpty { stages[stages.count - 1].append(word) }
                count += 1
            }
        }
        close()
        return statements
    }

    private mutating func skipComment() {
        at += 2
        while at + 1 < bytes.count, !(bytes[at] == 0x23 && bytes[at + 1] == 0x3E) { at += 1 }
        at = min(bytes.count, at + 2)
    }

    private mutating func readWord() -> PowerShellWord {
        var word = PowerShellWord()
        var bare: [UInt8] = []
        func flush() {
            if !bare.isEmpty { word.parts.append(.bare(String(decoding: bare, as: UTF8.self))) }
            bare = []
        }
        let start = at
        loop: while at < bytes.count {
            let byte = bytes[at]
            switch byte {
            case 0x20, 0x09, 0x0A, 0x0D, 0x3B, 0x7C, 0x29, 0x7D, 0x2C: break loop
            case 0x26 where at > start: break loop
            case 0x27:
                flush()
                word.parts.append(.quoted(readSingle()))
            case 0x22:
                flush()
                readDouble(into: &word.parts)
            case 0x60:
                if at + 1 < bytes.count { bare.append(bytes[at + 1]) }
                at = min(bytes.count, at + 2)
            case 0x24:
                flush()
                if let part = readDollar() {
                    word.parts.append(part)
                } else {
                    bare.append(byte)
                    at += 1
                }
            case 0x40 where at + 1 < bytes.count:
                switch bytes[at + 1] {
                case 0x28, 0x7B:
                    at += 1
                    continue loop
                case 0x27, 0x22:
                    flush()
                    readHere(into: &word.parts)
                default:
                    bare.append(byte)
                    at += 1
                }
            case 0x28:
                flush()
                word.parts.append(.group(readNested(0x28, 0x29)))
            case 0x7B:
                flush()
                word.parts.append(.block(readNested(0x7B, 0x7D)))
            default:
                bare.append(byte)
                at += 1
            }
        }
        flush()
        if at == start { at += 1 }
        return word
    }

    private mutating func readSingle() -> String {
        at += 1
        var text: [UInt8] = []
        while at < bytes.count {
            if bytes[at] == 0x27 {
                guard at + 1 < bytes.count, bytes[at + 1] == 0x27 else { break }
                at += 1
            }
            text.append(bytes[at])
            at += 1
        }
        at = min(bytes.count, at + 1)
        return String(decoding: text, as: UTF8.self)
    }

    private mutating func readDouble(into parts: inout [PowerShellWord.Part]) {
        at += 1
        var text: [UInt8] = []
        let first = parts.count
        while at < bytes.count {
            let byte = bytes[at]
            if byte == 0x22 {
                guard at + 1 < bytes.count, bytes[at + 1] == 0x22 else { break }
                at += 1
            } else if byte == 0x60, at + 1 < bytes.count {
                at += 1
                switch bytes[at] {
                case 0x6E: text.append(0x0A)
                case 0x74: text.append(0x09)
                case 0x72: text.append(0x0D)
                case 0x30: text.append(0)
                default: text.append(bytes[at])
                }
                at += 1
                continue
            } else if byte == 0x24 {
                let before = text
                if let part = readDollar() {
                    if !before.isEmpty { parts.append(.quoted(String(decoding: before, as: UTF8.self))) }
                    parts.append(part)
                    text = []
                    continue
                }
            }
            text.append(bytes[at])
            at += 1
        }
        at = min(bytes.count, at + 1)
        if !text.isEmpty || parts.count == first { parts.append(.quoted(String(decoding: text, as: UTF8.self))) }
    }

    /// `@'` … `'@` and `@"` … `"@`. Variables in the second form are kept as text: what they hold is not known here.
    private mutating func readHere(into parts: inout [PowerShellWord.Part]) {
        let quote = bytes[at + 1]
        at += 2
        while at < bytes.count, bytes[at] != 0x0A { at += 1 }
        let start = min(bytes.count, at + 1)
        while at + 2 < bytes.count, !(bytes[at] == 0x0A && bytes[at + 1] == quote && bytes[at + 2] == 0x40) { at += 1 }
        let isClosed = at + 2 < bytes.count
        let end = isClosed ? at : bytes.count
        parts.append(.quoted(String(decoding: bytes[min(start, end)..<end], as: UTF8.self)))
        at = isClosed ? at + 3 : bytes.count
    }

    /// `$name`, `${name}`, `$env:NAME`, `$(…)`; nil for a dollar sign that stands for itself.
    private mutating func readDollar() -> PowerShellWord.Part? {
        guard at + 1 < bytes.count else { return nil }
        let next = bytes[at + 1]
        if next == 0x28 {
            at += 1
            return .group(readNested(0x28, 0x29))
        }
        if next == 0x7B {
            at += 1
            return .variable(Self.folded(readNested(0x7B, 0x7D)))
        }
        var end = at + 1
        while end < bytes.count,
            Self.isName(bytes[end]) || bytes[end] == 0x3A && end + 1 < bytes.count && Self.isName(bytes[end + 1])
        {
            end += 1
        }
        if end == at + 1 {
            // `$_`, `$?`, `$$`, `$^`.
            guard [0x3F, 0x24, 0x5E].contains(next) else { return nil }
            end += 1
        }
        let name = String(decoding: bytes[(at + 1)..<end], as: UTF8.self)
        at = end
        return .variable(Self.folded(name))
    }

    private static func folded(_ name: String) -> String {
        let lowered = name.lowercased()
        return lowered.hasPrefix("env:") ? "env:" + name.dropFirst(4) : lowered
    }

    private static func isName(_ byte: UInt8) -> Bool {
        (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A || byte >= 0x30 && byte <= 0x39 || byte == 0x5F || byte >= 0x80
    }

    /// The text between a pair of brackets, quotes in it left alone; the cursor goes behind it.
    private mutating func readNested(_ open: UInt8, _ close: UInt8) -> String {
        let start = at + 1
        var depth = 0
        var quote: UInt8 = 0
        while at < bytes.count {
            let byte = bytes[at]
            if quote != 0 {
                if byte == 0x60, quote == 0x22 { at += 1 } else if byte == quote { quote = 0 }
            } else if byte == 0x27 || byte == 0x22 {
                quote = byte
            } else if byte == 0x60 {
                at += 1
            } else if byte == open {
                depth += 1
            } else if byte == close {
                depth -= 1
                if depth == 0 { break }
            }
            at += 1
        }
        let end = min(at, bytes.count)
        at = min(bytes.count, end + 1)
        return String(decoding: bytes[min(start, end)..<end], as: UTF8.self)
    }
}
