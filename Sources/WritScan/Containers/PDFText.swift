// SPDX-License-Identifier: Apache-2.0

/// Runs the text operators of a page's content.
struct PDFText {
    /// A font's codes as characters: the `bfchar` and `bfrange` lines of a ToUnicode table.
    struct CodeMap {
        private var characters: [Int: String] = [:]
        private(set) var isWide = false

        init(_ content: [UInt8]) {
            var section = ""
            var strings: [[UInt8]] = []
            for token in PDFTokens(content) {
                switch token {
                case .word("beginbfchar"), .word("beginbfrange"), .word("begincodespacerange"):
                    if case .word(let word) = token { section = word }
                    strings = []
                case .word("endcodespacerange"):
                    isWide = isWide || strings.contains { $0.count == 2 }
                    section = ""
                case .word("endbfchar"):
                    for pair in stride(from: 0, to: strings.count - 1, by: 2) {
                        add(Self.code(strings[pair]), strings[pair + 1])
                    }
                    section = ""
                case .word("endbfrange"):
                    for triple in stride(from: 0, to: strings.count - 2, by: 3) {
                        let first = Self.code(strings[triple])
                        let last = min(Self.code(strings[triple + 1]), first + 65_535)
                        guard first <= last, var target = Optional(strings[triple + 2]), !target.isEmpty else {
                            continue
                        }
                        for code in first...last {
                            add(code, target)
                            target[target.count - 1] &+= 1
                        }
                    }
                    section = ""
                case .string(let bytes):
                    if !section.isEmpty, strings.count < 200_000 { strings.append(bytes) }
                default: break
                }
            }
        }

        private mutating func add(_ code: Int, _ target: [UInt8]) {
            guard characters.count < 65_536 else { return }
            var units: [UInt16] = []
            for at in stride(from: 0, to: target.count - 1, by: 2) {
                units.append(UInt16(target[at]) << 8 | UInt16(target[at + 1]))
            }
            characters[code] = String(decoding: units, as: UTF16.self)
        }

        private static func code(_ bytes: [UInt8]) -> Int {
            bytes.prefix(4).reduce(0) { $0 << 8 | Int($1) }
        }

        func text(_ bytes: [UInt8]) -> String {
            var out = ""
            let width = isWide ? 2 : 1
            for at in stride(from: 0, to: bytes.count - width + 1, by: width) {
                out += characters[Self.code(Array(bytes[at..<(at + width)]))] ?? "\u{FFFD}"
            }
            return out
        }
    }

    let bytes: [UInt8]
    let fonts: [String: [CodeMap]]
    private(set) var shown = ""
    private(set) var hidden = ""

    private var font = ""
    private var size = 12.0
    private var mode = 0
    private var isWhite = false

    init(bytes: [UInt8], fonts: [String: [CodeMap]]) {
        self.bytes = bytes
        self.fonts = fonts
    }

    mutating func run() {
        var operands: [PDFTokens.Token] = []
        var scale = 1.0
        for token in PDFTokens(bytes) {
            guard case .word(let word) = token else {
                if operands.count < 4_096 { operands.append(token) }
                continue
            }
            let numbers = operands.compactMap { if case .number(let value) = $0 { value } else { nil } }
            switch word {
            case "Tf":
                if case .name(let name)? = operands.first { font = name }
                size = numbers.last ?? size
            case "Tr": mode = numbers.last.map { Int($0.rounded(.towardZero)) } ?? mode
            case "g": isWhite = (numbers.last ?? 0) >= 0.99
            case "rg", "sc", "scn": isWhite = numbers.count == 3 && numbers.allSatisfy { $0 >= 0.99 }
            case "k": isWhite = numbers.count == 4 && numbers.allSatisfy { $0 <= 0.01 }
            case "Tm":
                scale = numbers.count == 6 ? max(abs(numbers[0]), abs(numbers[3])) : 1
                line()
            case "Td", "TD", "T*", "ET": line()
            case "Tj", "TJ", "'", "\"":
                if word == "'" || word == "\"" { line() }
                for operand in operands {
                    switch operand {
                    case .string(let text): put(decoded(text), scale)
                    // A large step back is a blank between words.
                    case .number(let step): if word == "TJ", step < -180 { put(" ", scale) }
                    default: break
                    }
                }
            default: break
            }
            operands.removeAll(keepingCapacity: true)
        }
    }

    private mutating func line() {
        if let last = shown.unicodeScalars.last, last != "\n" { shown += "\n" }
        if let last = hidden.unicodeScalars.last, last != "\n" { hidden += "\n" }
    }

    private mutating func put(_ text: String, _ scale: Double) {
        let isSmall = abs(size * scale) < 1.5
        if mode == 3 || isWhite || isSmall { hidden += text } else { shown += text }
    }

    /// By the font's table; of several the one that gives the most letters.
    private func decoded(_ bytes: [UInt8]) -> String {
        let candidates = (fonts[font] ?? []).map { $0.text(bytes) }
        let best = candidates.max { Self.letters($0) < Self.letters($1) }
        return best ?? Self.latin(bytes)
    }

    private static func letters(_ text: String) -> Int {
        text.unicodeScalars.reduce(0) { $0 + ($1.properties.isAlphabetic || $1 == " " ? 1 : 0) }
    }

    private static func latin(_ bytes: [UInt8]) -> String {
        if bytes.starts(with: [0xFE, 0xFF]) {
            let units = stride(from: 2, to: bytes.count - 1, by: 2).map {
                UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1])
            }
            return String(decoding: units, as: UTF16.self)
        }
        return String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
    }

    /// The strings behind the keys by which notes, links, scripts, titles and form values are kept.
    static func strings(of objects: [UInt8]) -> String {
        let keys: Set<String> = [
            "Contents", "RC", "URI", "JS", "T", "TU", "V", "DV", "Title", "Subject", "Keywords", "Author", "Alt",
            "ActualText", "F", "UF", "Desc",
        ]
        var out = ""
        var key = ""
        for token in PDFTokens(objects) {
            switch token {
            case .name(let name): key = name
            case .string(let bytes) where keys.contains(key):
                let text = latin(bytes)
                if !text.isEmpty { out += text + "\n" }
                key = ""
            default: key = ""
            }
        }
        return out
    }

    static func hexadecimal(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        var half: UInt8?
        for byte in bytes {
            let digit: UInt8
            switch byte {
            case 48...57: digit = byte - 48
            case 65...70: digit = byte - 55
            case 97...102: digit = byte - 87
            default: continue
            }
            if let high = half {
                out.append(high << 4 | digit)
                half = nil
            } else {
                half = digit
            }
        }
        if let high = half { out.append(high << 4) }
        return out
    }

    /// Valid text with hardly a control character.
    static func looksLikeText(_ bytes: [UInt8]) -> Bool {
        guard !bytes.isEmpty else { return false }
        let sample = bytes.prefix(4_096)
        let strange = sample.reduce(0) { $0 + ($1 < 9 || ($1 > 13 && $1 < 32) ? 1 : 0) }
        return strange * 50 < sample.count && String(validating: bytes, as: UTF8.self) != nil
    }
}

/// The tokens of PDF syntax.
struct PDFTokens: Sequence, IteratorProtocol {
    enum Token: Equatable {
        case number(Double)
        case name(String)
        case string([UInt8])
        case word(String)
    }

    private let bytes: [UInt8]
    private var at = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func next() -> Token? {
        while at < bytes.count {
            let byte = bytes[at]
            switch byte {
            case 0, 9, 10, 12, 13, 32, UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "{"), UInt8(ascii: "}"),
                UInt8(ascii: ">"), UInt8(ascii: ")"):
                at += 1
            case UInt8(ascii: "%"):
                while at < bytes.count, bytes[at] != 10, bytes[at] != 13 { at += 1 }
            case UInt8(ascii: "("): return .string(literal())
            case UInt8(ascii: "<"):
                at += 1
                if at < bytes.count, bytes[at] == UInt8(ascii: "<") {
                    at += 1
                    continue
                }
                let end = bytes[at...].firstIndex(of: UInt8(ascii: ">")) ?? bytes.count
                defer { at = end }
                return .string(PDFText.hexadecimal(bytes[at..<end]))
            case UInt8(ascii: "/"):
                at += 1
                return .name(regular())
            default:
                let word = regular()
                if let number = Double(word), word.utf8.count < 32 { return .number(number) }
                if !word.isEmpty { return .word(word) }
                at += 1
            }
        }
        return nil
    }

    private mutating func regular() -> String {
        let start = at
        while at < bytes.count, !Self.isDelimiter(bytes[at]) { at += 1 }
        return String(decoding: bytes[start..<at], as: UTF8.self)
    }

    private static func isDelimiter(_ byte: UInt8) -> Bool {
        byte <= 32
            || [
                UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "["),
                UInt8(ascii: "]"), UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "/"), UInt8(ascii: "%"),
            ].contains(byte)
    }

    private mutating func literal() -> [UInt8] {
        at += 1
        var depth = 1
        var out: [UInt8] = []
        while at < bytes.count {
            let byte = bytes[at]
            at += 1
            switch byte {
            case UInt8(ascii: "("):
                depth += 1
                out.append(byte)
            case UInt8(ascii: ")"):
                depth -= 1
                if depth == 0 { return out }
                out.append(byte)
            case UInt8(ascii: "\\"):
                guard at < bytes.count else { return out }
                let escaped = bytes[at]
                at += 1
                switch escaped {
                case UInt8(ascii: "n"): out.append(10)
                case UInt8(ascii: "r"): out.append(13)
                case UInt8(ascii: "t"): out.append(9)
                case 13:
                    if at < bytes.count, bytes[at] == 10 { at += 1 }
                case 10: break
                case 48...55:
                    var value = Int(escaped - 48)
                    for _ in 0..<2 where at < bytes.count && (48...55).contains(bytes[at]) {
                        value = value * 8 + Int(bytes[at] - 48)
                        at += 1
                    }
                    out.append(UInt8(truncatingIfNeeded: value))
                default: out.append(escaped)
                }
            default: out.append(byte)
            }
        }
        return out
    }
}
