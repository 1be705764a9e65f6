// SPDX-License-Identifier: Apache-2.0

/// Finds double-quoted scalars in the source text of a policy, and rewrites their escapes for dialect 1.0.
///
/// Policies of dialect 1.0 carry regular expressions between double quotes, which YAML reads differently from what
/// their author meant: `"\."` is refused, and `"env\b"` would become a backspace that never matches. There every
/// backslash that does not stand before `"` or `\` is doubled. Comments, single quotes and block scalars stay as they
/// are. Dialect 2 only uses the finding part, to refuse such escapes under pattern keys.
struct EscapePass: Sendable, Hashable {
    /// The text to parse.
    private(set) var text: String
    /// Where a backslash was doubled, in the original text.
    private(set) var rewrites: [SourceMark] = []
    /// Where the double-quoted scalars start that hold such escapes.
    private(set) var scalars: Set<SourceMark> = []
    private var insertedColumns: [Int: [Int]] = [:]

    /// Scans a text; changes it only if `rewriting`.
    init(_ source: String, rewriting: Bool) {
        text = source
        var scan = QuoteScan(Array(source.utf8))
        scan.run()
        scalars = Set(scan.escapes.map(\.scalar))
        guard rewriting, !scan.escapes.isEmpty else { return }
        var out: [UInt8] = []
        out.reserveCapacity(source.utf8.count + scan.escapes.count)
        var next = 0
        for (offset, byte) in source.utf8.enumerated() {
            if next < scan.escapes.count, scan.escapes[next].offset == offset {
                let mark = scan.escapes[next].mark
                rewrites.append(mark)
                insertedColumns[mark.line, default: []].append(mark.column)
                out.append(UInt8(ascii: "\\"))
                next += 1
            }
            out.append(byte)
        }
        text = String(decoding: out, as: UTF8.self)
    }

    /// The place in the author's text for a place in ``text``.
    func original(_ mark: SourceMark) -> SourceMark {
        guard let columns = insertedColumns[mark.line] else { return mark }
        var column = mark.column
        // Ascending: each insertion left of the place moved it by one.
        for (index, inserted) in columns.enumerated() where inserted + index < mark.column { column -= 1 }
        return SourceMark(line: mark.line, column: column)
    }
}

/// A line-oriented reading of YAML's quoting, just deep enough to know what stands between double quotes.
private struct QuoteScan {
    struct Escape {
        var offset: Int
        var mark: SourceMark
        var scalar: SourceMark
    }

    let bytes: [UInt8]
    var escapes: [Escape] = []
    private var at = 0
    private var line = 1
    private var lineStart = 0
    private var flowDepth = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    // Columns are counted onwards from the last place asked for: a line may hold a million escapes.
    private var counted = 0
    private var column = 1

    private mutating func mark() -> SourceMark {
        if counted < lineStart {
            counted = lineStart
            column = 1
        }
        while counted < min(at, bytes.count) {
            if bytes[counted] & 0xC0 != 0x80 { column += 1 }
            counted += 1
        }
        return SourceMark(line: line, column: column)
    }

    private func byte(_ offset: Int) -> UInt8? { offset < bytes.count && offset >= 0 ? bytes[offset] : nil }

    private static func isBlank(_ byte: UInt8?) -> Bool {
        byte == nil || byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }

    private mutating func skipLine() {
        while at < bytes.count, bytes[at] != 0x0A { at += 1 }
    }

    private mutating func newline() {
        at += 1
        line += 1
        lineStart = at
    }

    mutating func run() {
        while at < bytes.count { readLine() }
    }

    /// One line from its start; a quoted scalar may take it over several.
    private mutating func readLine() {
        var indent = 0
        while byte(at) == 0x20 {
            at += 1
            indent += 1
        }
        var parent = indent
        var atNodeStart = true
        while let current = byte(at), current != 0x0A {
            switch current {
            case 0x20, 0x09, 0x0D:
                at += 1
            case UInt8(ascii: "#") where Self.isBlank(byte(at - 1)) || at == lineStart:
                skipLine()
            case UInt8(ascii: "-") where atNodeStart && flowDepth == 0 && Self.isBlank(byte(at + 1)):
                parent = at - lineStart
                at += 1
            case UInt8(ascii: "?") where atNodeStart && Self.isBlank(byte(at + 1)):
                at += 1
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                if atNodeStart { flowDepth += 1 }
                at += 1
                atNodeStart = true
            case UInt8(ascii: "]"), UInt8(ascii: "}"):
                if flowDepth > 0 { flowDepth -= 1 }
                at += 1
                atNodeStart = false
            case UInt8(ascii: ",") where flowDepth > 0:
                at += 1
                atNodeStart = true
            case UInt8(ascii: ":") where Self.isBlank(byte(at + 1)) || flowDepth > 0:
                at += 1
                atNodeStart = true
            case UInt8(ascii: "\"") where atNodeStart:
                doubleQuoted()
                atNodeStart = false
            case UInt8(ascii: "'") where atNodeStart:
                singleQuoted()
                atNodeStart = false
            case UInt8(ascii: "|"), UInt8(ascii: ">"):
                if atNodeStart, flowDepth == 0 {
                    blockScalar(parent: parent)
                    return
                }
                at += 1
                atNodeStart = false
            default:
                if atNodeStart, flowDepth == 0 { parent = max(parent, firstKeyColumn(parent)) }
                plain()
                atNodeStart = false
            }
        }
        if at < bytes.count { newline() }
    }

    /// The column of a key that starts here: for `- key: |` the block belongs to `key`, not to the dash.
    private func firstKeyColumn(_ parent: Int) -> Int {
        var offset = at
        while let next = byte(offset), next != 0x0A {
            if next == UInt8(ascii: ":"), Self.isBlank(byte(offset + 1)) {
                // Only the first key of a line can be followed by a block scalar.
                return at - lineStart
            }
            offset += 1
        }
        return parent
    }

    private mutating func plain() {
        while let current = byte(at), current != 0x0A {
            if current == UInt8(ascii: ":"), Self.isBlank(byte(at + 1)) { return }
            if current == UInt8(ascii: "#"), Self.isBlank(byte(at - 1)) { return }
            if flowDepth > 0 {
                switch current {
                case UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"), UInt8(ascii: "["), UInt8(ascii: "{"):
                    return
                default: break
                }
            }
            at += 1
        }
    }

    private mutating func doubleQuoted() {
        let start = mark()
        at += 1
        while let current = byte(at) {
            switch current {
            case UInt8(ascii: "\""):
                at += 1
                return
            case UInt8(ascii: "\\"):
                let next = byte(at + 1)
                if next != UInt8(ascii: "\""), next != UInt8(ascii: "\\") {
                    escapes.append(Escape(offset: at, mark: mark(), scalar: start))
                    at += 1
                } else {
                    at += 2
                }
            case 0x0A: newline()
            default: at += 1
            }
        }
    }

    private mutating func singleQuoted() {
        at += 1
        while let current = byte(at) {
            switch current {
            case UInt8(ascii: "'"):
                at += 1
                if byte(at) != UInt8(ascii: "'") { return }
                at += 1
            case 0x0A: newline()
            default: at += 1
            }
        }
    }

    /// Skips the lines that are indented more than the node they belong to.
    private mutating func blockScalar(parent: Int) {
        skipLine()
        if at < bytes.count { newline() }
        while at < bytes.count {
            var indent = 0
            while byte(at + indent) == 0x20 { indent += 1 }
            let first = byte(at + indent)
            guard first == 0x0A || first == 0x0D || first == nil || indent > parent else { return }
            skipLine()
            if at < bytes.count { newline() }
        }
    }
}
