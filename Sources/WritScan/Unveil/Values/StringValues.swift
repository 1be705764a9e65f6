// SPDX-License-Identifier: Apache-2.0
internal import WritCore

/// String values of JSON, YAML, TOML and XML as texts of their own: one order among many short values of one line is
/// judged by itself.
///
/// A value that has a line to itself, without escapes, is left out: it is read there as it is. Whatever the form, a fault
/// in it hides nothing, because the readers take strings wherever they stand. Time is linear; nothing here recurses
/// except into values that are documents themselves, up to the limit of depth.
enum StringValues {
    /// What content is written in.
    enum Form { case json, yaml, toml, xml }

    /// Bytes of the shortest value that can be a sentence.
    static let shortest = 16
    /// From so many values on, neighbours share one text, each as a paragraph: what a value costs is bounded.
    private static let alone = 20_000
    private static let shared = 4096

    static func read(
        _ bytes: UnsafeRawBufferPointer, path: String?, at place: SourceSpan? = nil, hiding: Hiding? = nil,
        depth: Int = 0, key: String = "", into pass: inout UnveilPass
    ) {
        guard let form = form(of: bytes, path: path) else {
            guard place == nil else { return }
            readEmbedded(bytes, path: path, into: &pass)
            return
        }
        var sink = Sink(pass: pass, place: place, hiding: hiding, depth: depth, prefix: key)
        switch form {
        case .json: JSONValues.read(bytes, from: 0, style: .json, into: &sink)
        case .yaml: LineValues.read(bytes, from: 0, to: bytes.count, isTOML: false, into: &sink)
        case .toml: LineValues.read(bytes, from: 0, to: bytes.count, isTOML: true, into: &sink)
        case .xml: MarkupValues.read(bytes, into: &sink)
        }
        sink.flush()
        pass = sink.pass
    }

    /// Front matter of Markdown, and JSON that begins on a line of its own in other text, as in answers of tools.
    private static func readEmbedded(_ bytes: UnsafeRawBufferPointer, path: String?, into pass: inout UnveilPass) {
        if let path, !prose.contains(where: { path.hasSuffix($0) }), path.contains(".") { return }
        var sink = Sink(pass: pass, place: nil, hiding: nil, depth: 0, prefix: "")
        sink.isEmbedded = true
        var at = 0
        if bytes.holds("---\n", at: 0) || bytes.holds("---\r\n", at: 0) {
            var end = 4
            while end < bytes.count, !bytes.holds("\n---", at: end) { end += 1 }
            if end < bytes.count {
                LineValues.read(bytes, from: 4, to: end, isTOML: false, into: &sink)
                at = end
            }
        }
        while at < bytes.count {
            let byte = bytes[at]
            if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "["), opensJSON(bytes, at) {
                at = max(at + 1, JSONValues.read(bytes, from: at, style: .json, isPart: true, into: &sink))
            } else {
                at += 1
            }
        }
        sink.flush()
        pass = sink.pass
    }

    private static let prose = [".md", ".mdc", ".markdown", ".txt", ".log", ".out", ".rst"]

    /// A bracket, then after blanks a quote, or another bracket and a quote.
    private static func opensJSON(_ bytes: UnsafeRawBufferPointer, _ start: Int) -> Bool {
        var at = start
        var brackets = 0
        while at < bytes.count, at - start < 64 {
            switch bytes[at] {
            case UInt8(ascii: "{"), UInt8(ascii: "["): brackets += 1
            case 0x20, 0x09, 0x0A, 0x0D: break
            case 0x22: return true
            default: return false
            }
            if brackets > 8 { return false }
            at += 1
        }
        return false
    }

    static func form(of bytes: UnsafeRawBufferPointer, path: String?) -> Form? {
        if let path, let dot = path.utf8.lastIndex(of: UInt8(ascii: ".")) {
            switch path[path.utf8.index(after: dot)...].lowercased() {
            case "json", "jsonc", "json5", "jsonl", "ndjson", "geojson", "webmanifest", "har", "sarif", "ipynb", "hook":
                return .json
            case "yaml", "yml": return first(bytes) == UInt8(ascii: "{") ? .json : .yaml
            case "toml": return .toml
            case "xml", "svg", "plist", "rss", "atom", "xhtml", "html", "htm", "csproj", "pom", "xsd", "wsdl", "resx":
                return .xml
            case "md", "mdc", "markdown", "txt", "log", "out", "rst": break
            default: return nil
            }
        }
        switch first(bytes) {
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            var at = 0
            while at < bytes.count, bytes[at] <= 0x20 { at += 1 }
            return opensJSON(bytes, at) ? .json : nil
        case UInt8(ascii: "<"):
            var at = 0
            while at < bytes.count, bytes[at] <= 0x20 { at += 1 }
            return path == nil
                && (bytes.byte(at + 1).isLetter || bytes.byte(at + 1) == UInt8(ascii: "?")
                    || bytes.holds("<!DOCTYPE", at: at) || bytes.holds("<!doctype", at: at))
                ? .xml : nil
        default:
            return path == nil && isYAML(bytes) ? .yaml : nil
        }
    }

    private static func first(_ bytes: UnsafeRawBufferPointer) -> UInt8 {
        var at = bytes.holds("\u{FEFF}", at: 0) ? 3 : 0
        while at < bytes.count, bytes[at] <= 0x20 { at += 1 }
        return bytes.byte(at)
    }

    /// The first two lines with text are `key:` lines, list items or `---`.
    private static func isYAML(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var at = 0
        var seen = 0
        while at < min(bytes.count, 1024), seen < 2 {
            let start = at
            while at < bytes.count, bytes[at] != 0x0A { at += 1 }
            var text = start
            while text < at, bytes[text].isBlank { text += 1 }
            at += 1
            if text == at - 1 || bytes.byte(text) == UInt8(ascii: "#") || bytes.holds("---", at: text) { continue }
            if bytes.holds("- ", at: text) { text += 2 }
            var end = text
            while bytes.byte(end).isWord || bytes.byte(end) == UInt8(ascii: "-") || bytes.byte(end) == UInt8(ascii: ".")
            {
                end += 1
            }
            guard end > text, bytes.byte(end) == UInt8(ascii: ":"), bytes.byte(end + 1) <= 0x20 else { return false }
            seen += 1
        }
        return seen == 2
    }
}

extension StringValues {
    /// Where values go.
    struct Sink {
        var pass: UnveilPass
        let place: SourceSpan?
        let hiding: Hiding?
        let depth: Int
        let prefix: String
        /// The document is an example in a text, whose lines are read with what is said about it.
        var isEmbedded = false
        private var count = 0
        private var batch: [UInt8] = []
        private var batchStart = 0
        private var batchEnd = 0

        init(pass: UnveilPass, place: SourceSpan?, hiding: Hiding?, depth: Int, prefix: String) {
            self.pass = pass
            self.place = place
            self.hiding = hiding
            self.depth = depth
            self.prefix = prefix
        }

        /// Takes one value.
        ///
        /// - Parameters:
        ///   - decoded: without escapes and quotes.
        ///   - isChanged: decoding took something off, so that nothing else read this text before.
        mutating func take(
            _ decoded: [UInt8], _ start: Int, _ end: Int, key: @autoclosure () -> String, isChanged: Bool
        ) {
            guard StringValues.isSentence(decoded) else { return }
            let key = key()
            let span = place ?? SourceSpan(start: start, end: end)
            let path = prefix.isEmpty || key.isEmpty ? prefix + key : prefix + "." + key
            let how = hiding ?? .stringValue
            if count >= StringValues.alone, depth == 0, !isChanged {
                if batch.isEmpty { batchStart = span.start }
                batch += decoded
                batch += [0x0A, 0x0A]
                batchEnd = span.end
                if batch.count >= StringValues.shared { flush() }
                return
            }
            count += 1
            guard pass.keep(decoded, span.start, span.end, how, depth: depth, key: path) else { return }
            if isChanged || depth > 0 { pass.unveil(inside: decoded, span, hiding: hiding, depth: depth, key: path) }
        }

        mutating func flush() {
            guard !batch.isEmpty else { return }
            pass.keep(batch, batchStart, batchEnd, hiding ?? .stringValue, depth: depth)
            batch.removeAll(keepingCapacity: true)
        }
    }

    /// More stands on a text's line than a reader takes in; looks at most 400 bytes to each side.
    static func isInLongLine(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> Bool {
        var low = start
        while low > 0, start - low < 400, bytes[low - 1] != 0x0A { low -= 1 }
        var high = end
        while high < bytes.count, high - end < 400, bytes[high] != 0x0A { high += 1 }
        return high - low - (end - start) >= 400
    }

    /// At least three words, or as much in a script without blanks.
    static func isSentence(_ text: [UInt8]) -> Bool {
        guard text.count >= shortest else { return false }
        var words = 0
        var inWord = false
        var high = 0
        for byte in text.prefix(512) {
            if byte.isLetter || byte >= 0x80 {
                if byte >= 0x80 { high += 1 }
                if !inWord { words += 1 }
                inWord = true
            } else if byte <= 0x20 {
                inWord = false
            }
            if words >= 3 || high >= 15 { return true }
        }
        return false
    }
}

/// A path of keys for people, made only where a value is kept. Hostile keys stay short and harmless.
struct KeyPath {
    struct Step {
        var start = 0
        var end = 0
        var index = 0
        var isList = false
    }

    static let depth = 32
    var steps: [Step] = []
    /// Levels below ``depth``, which have no name.
    var beyond = 0

    mutating func push(isList: Bool) {
        if steps.count < Self.depth { steps.append(Step(isList: isList)) } else { beyond += 1 }
    }

    mutating func pop() {
        if beyond > 0 { beyond -= 1 } else { _ = steps.popLast() }
    }

    func text(_ bytes: UnsafeRawBufferPointer) -> String {
        var out: [UInt8] = []
        for step in steps.suffix(6) {
            if step.isList {
                out += Array("[\(step.index)]".utf8)
            } else if step.end > step.start {
                if !out.isEmpty { out.append(UInt8(ascii: ".")) }
                out += Self.name(bytes.part(step.start..<step.end))
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    static func name(_ text: String) -> String {
        Array(text.utf8).withUnsafeBytes { String(decoding: name($0), as: UTF8.self) }
    }

    /// What a message may show of a name: no blanks, no signs, at most 24 bytes.
    static func name(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var out = bytes.prefix(24).map { byte -> UInt8 in
            byte.isWord || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "$") || byte == UInt8(ascii: "@")
                ? byte : UInt8(ascii: "_")
        }
        if bytes.count > 24 { out += Array("…".utf8) }
        return out
    }
}
