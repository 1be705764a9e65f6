// SPDX-License-Identifier: Apache-2.0

/// A configuration file as keys with paths: HCL blocks, YAML mappings, Dockerfile instructions. List elements are `[]`.
struct ConfigUnit {
    struct Entry {
        /// Dotted, from the outermost block in.
        var path: String
        var value: Range<Int>
        var start: Int
        /// Into ``blocks``, -1 outside of all.
        var block: Int
    }

    struct Block {
        var path: String
        var span: Range<Int>
    }

    private(set) var entries: [Entry] = []
    private(set) var blocks: [Block] = []
    private let bytes: UnsafeRawBufferPointer

    /// Reads a source whose comments were blanked out.
    init(bytes: UnsafeRawBufferPointer, language: CodeLanguage) {
        self.bytes = bytes
        switch language {
        case .terraform: readHCL()
        case .yaml: readYAML()
        case .dockerfile: readDockerfile()
        default: break
        }
    }

    private func lineEnd(_ at: Int) -> Int {
        var i = at
        while i < bytes.count, bytes[i] != 0x0A { i += 1 }
        return i
    }

    private func trimmed(_ range: Range<Int>) -> Range<Int> {
        var low = range.lowerBound
        var high = range.upperBound
        while low < high, bytes[low].isBlank || bytes[low] == 0x0D { low += 1 }
        while high > low, bytes[high - 1].isBlank || bytes[high - 1] == 0x0D || bytes[high - 1] == 0x0A { high -= 1 }
        return low..<high
    }

    private func text(_ range: Range<Int>) -> String {
        String(decoding: bytes.part(range.lowerBound..<min(range.upperBound, range.lowerBound + 200)), as: UTF8.self)
    }

    private func unquoted(_ range: Range<Int>) -> Range<Int> {
        guard range.count >= 2, bytes[range.lowerBound].isQuote, bytes[range.upperBound - 1] == bytes[range.lowerBound]
        else { return range }
        return (range.lowerBound + 1)..<(range.upperBound - 1)
    }

    // MARK: Dockerfile

    private mutating func readDockerfile() {
        blocks.append(Block(path: "dockerfile", span: 0..<bytes.count))
        var at = 0
        while at < bytes.count {
            let start = at
            var end = lineEnd(at)
            // A backslash at the end of a line continues the instruction; so do comment and blank lines in between.
            while end < bytes.count {
                var last = end
                while last > start, bytes[last - 1].isBlank || bytes[last - 1] == 0x0D { last -= 1 }
                guard last > start, bytes[last - 1] == UInt8(ascii: "\\") else { break }
                end = lineEnd(end + 1)
                while end < bytes.count, trimmed((lastLineStart(end))..<end).isEmpty { end = lineEnd(end + 1) }
            }
            let line = trimmed(start..<end)
            var word = line.lowerBound
            while word < line.upperBound, bytes[word].isLetter { word += 1 }
            if word > line.lowerBound {
                let name = String(
                    decoding: bytes.part(line.lowerBound..<word).map { $0.isLower ? $0 & ~0x20 : $0 }, as: UTF8.self)
                entries.append(
                    Entry(path: name, value: trimmed(word..<line.upperBound), start: line.lowerBound, block: 0))
            }
            at = end + 1
        }
    }

    private func lastLineStart(_ end: Int) -> Int {
        var at = end
        while at > 0, bytes[at - 1] != 0x0A { at -= 1 }
        return at
    }

    // MARK: HCL

    private mutating func readHCL() {
        var open: [(block: Int, path: String)] = []
        var at = 0
        while at < bytes.count {
            let end = lineEnd(at)
            let line = trimmed(at..<end)
            defer { at = end + 1 }
            if line.isEmpty { continue }
            var first = line.lowerBound
            // Closing marks before anything else on the line.
            while first < line.upperBound,
                [UInt8(ascii: "}"), UInt8(ascii: "]"), UInt8(ascii: ")"), UInt8(ascii: ","), 0x20].contains(
                    bytes[first])
            {
                if bytes[first] == UInt8(ascii: "}"), let last = open.popLast() {
                    blocks[last.block].span = blocks[last.block].span.lowerBound..<(first + 1)
                }
                first += 1
            }
            guard first < line.upperBound else { continue }
            var key = first
            while key < line.upperBound,
                bytes[key].isWord || bytes[key] == UInt8(ascii: "-") || bytes[key] == UInt8(ascii: "\"")
                    || bytes[key] == UInt8(ascii: ".") || bytes[key] == UInt8(ascii: ":")
                    || bytes[key] == UInt8(ascii: "/")
            { key += 1 }
            let rest = trimmed(key..<line.upperBound)
            let opensBlock = line.upperBound > line.lowerBound && bytes[line.upperBound - 1] == UInt8(ascii: "{")
            let isAssigned =
                !rest.isEmpty
                && (bytes[rest.lowerBound] == UInt8(ascii: "=") || bytes[rest.lowerBound] == UInt8(ascii: ":"))
            let prefix = open.last.map { $0.path + "." } ?? ""
            if isAssigned {
                let name = text(unquoted(first..<key))
                var value = trimmed((rest.lowerBound + 1)..<rest.upperBound)
                // A list goes on to its closing bracket, within 2,000 bytes.
                if !value.isEmpty, bytes[value.lowerBound] == UInt8(ascii: "["),
                    bytes[value.upperBound - 1] != UInt8(ascii: "]"), !opensBlock
                {
                    var i = value.upperBound
                    let limit = min(bytes.count, i + 2_000)
                    while i < limit, bytes[i] != UInt8(ascii: "]") { i += 1 }
                    value = value.lowerBound..<min(i + 1, bytes.count)
                }
                entries.append(
                    Entry(path: prefix + name, value: unquoted(value), start: first, block: open.last?.block ?? -1))
                if opensBlock { push(prefix + name, line: line, &open) }
            } else if opensBlock {
                // `resource "type" "name" {`: the labels are part of the path, a resource's own name is not.
                var labels: [String] = []
                var i = first
                while i < line.upperBound - 1 {
                    if bytes[i] == UInt8(ascii: "\"") {
                        let from = i + 1
                        i += 1
                        while i < line.upperBound, bytes[i] != UInt8(ascii: "\"") { i += 1 }
                        labels.append(text(from..<i))
                        i += 1
                    } else if bytes[i].isWord {
                        let from = i
                        while i < line.upperBound, bytes[i].isWord || bytes[i] == UInt8(ascii: "-") { i += 1 }
                        labels.append(text(from..<i))
                    } else {
                        i += 1
                    }
                }
                push(prefix + labels.prefix(2).joined(separator: "."), line: line, &open)
            } else if bytes[line.upperBound - 1] == UInt8(ascii: "}"),
                line.contains(where: { bytes[$0] == UInt8(ascii: "{") })
            {
                entries.append(
                    Entry(path: prefix + text(first..<key), value: rest, start: first, block: open.last?.block ?? -1))
            }
        }
        for last in open { blocks[last.block].span = blocks[last.block].span.lowerBound..<bytes.count }
    }

    private mutating func push(_ path: String, line: Range<Int>, _ open: inout [(block: Int, path: String)]) {
        blocks.append(Block(path: path, span: line))
        // Paths grow with depth: deeper than this, the tail is enough.
        open.append((blocks.count - 1, open.count < 12 ? path : String(path.suffix(200))))
    }

    // MARK: YAML

    private mutating func readYAML() {
        var open: [(indent: Int, path: String, block: Int)] = []
        var at = 0
        var lastContent = 0
        func close(to indent: Int) {
            while let last = open.last, last.indent >= indent {
                open.removeLast()
                if last.block >= 0 {
                    blocks[last.block].span =
                        blocks[last.block].span.lowerBound..<max(lastContent, blocks[last.block].span.lowerBound)
                }
            }
        }
        while at < bytes.count {
            let end = lineEnd(at)
            let line = trimmed(at..<end)
            let start = at
            at = end + 1
            if line.isEmpty { continue }
            if bytes.holds("---", at: line.lowerBound), line.lowerBound == start {
                close(to: 0)
                continue
            }
            var indent = line.lowerBound - start
            // A list may stand as deep as its key: then only the elements before are closed.
            let isElement =
                bytes[line.lowerBound] == UInt8(ascii: "-") && (line.count == 1 || bytes[line.lowerBound + 1].isBlank)
            close(to: isElement ? indent + 1 : indent)
            if isElement, let last = open.last, last.indent == indent, last.path.hasSuffix("[]") { close(to: indent) }
            lastContent = line.upperBound
            var first = line.lowerBound
            // `- key: value`: each dash opens an element.
            while first < line.upperBound, bytes[first] == UInt8(ascii: "-"),
                first + 1 == line.upperBound || bytes[first + 1].isBlank
            {
                let path = (open.last.map { $0.path + "." } ?? "") + "[]"
                blocks.append(Block(path: path, span: first..<line.upperBound))
                if open.count < 40 { open.append((indent, path, blocks.count - 1)) }
                first += 1
                while first < line.upperBound, bytes[first].isBlank { first += 1 }
                indent = first - start
            }
            guard first < line.upperBound else { continue }
            var colon = first
            var quote: UInt8 = 0
            while colon < line.upperBound {
                let byte = bytes[colon]
                if quote != 0 {
                    if byte == quote { quote = 0 }
                } else if byte.isQuote, colon == first {
                    quote = byte
                } else if byte == UInt8(ascii: ":"), colon + 1 == line.upperBound || bytes[colon + 1].isBlank {
                    break
                }
                colon += 1
            }
            let prefix = open.last.map { $0.path + "." } ?? ""
            guard colon < line.upperBound else {
                // A plain element of a list.
                entries.append(
                    Entry(
                        path: open.last?.path ?? "", value: unquoted(first..<line.upperBound), start: first,
                        block: open.last?.block ?? -1))
                continue
            }
            let path = prefix + text(unquoted(trimmed(first..<colon)))
            var value = trimmed((colon + 1)..<line.upperBound)
            let enclosing = open.last?.block ?? -1
            if value.isEmpty {
                blocks.append(Block(path: path, span: first..<line.upperBound))
                if open.count < 40 { open.append((indent, path, blocks.count - 1)) }
                entries.append(Entry(path: path, value: value, start: first, block: enclosing))
                continue
            }
            if bytes[value.lowerBound] == UInt8(ascii: "|") || bytes[value.lowerBound] == UInt8(ascii: ">") {
                // A block scalar: every deeper line.
                let from = at
                while at < bytes.count {
                    let stop = lineEnd(at)
                    let more = trimmed(at..<stop)
                    if !more.isEmpty, more.lowerBound - at <= indent - (first > line.lowerBound ? 1 : 0),
                        more.lowerBound - at <= indent
                    {
                        break
                    }
                    if !more.isEmpty { lastContent = more.upperBound }
                    at = min(stop + 1, bytes.count + 1)
                }
                value = min(from, bytes.count)..<min(max(from, at), bytes.count)
            }
            entries.append(Entry(path: path, value: unquoted(value), start: first, block: enclosing))
        }
        close(to: 0)
        for last in open where last.block >= 0 {
            blocks[last.block].span = blocks[last.block].span.lowerBound..<bytes.count
        }
    }
}
