// SPDX-License-Identifier: Apache-2.0
internal import WritCore
internal import Yams

/// Reads the part of YAML that policies use.
///
/// One document; no anchors, aliases, merge keys or tags; no duplicate keys; keys are strings; no invisible
/// characters; at most 1 MiB and 32 levels. What a reviewer sees is what loads.
enum YAMLReader {
    static let maximumBytes = 1 << 20
    static let maximumDepth = 32

    static func text(of bytes: [UInt8], file: String) throws(PolicyErrors) -> String {
        func fail(_ code: PolicyError.Code, _ message: String, _ mark: SourceMark?, _ hint: String?) -> PolicyErrors {
            PolicyErrors([PolicyError(code, message, file: file, at: mark, hint: hint)])
        }
        guard bytes.count <= maximumBytes else {
            throw fail(.tooLarge, "the file has \(bytes.count) bytes", nil, "at most \(maximumBytes)")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw fail(.notUTF8, "the file is not UTF-8", nil, "save it as UTF-8 without a byte-order mark")
        }
        if let (scalar, mark) = InvisibleText.first(in: text) {
            let code = String(scalar.value, radix: 16, uppercase: true)
            let padded = String(repeating: "0", count: max(0, 4 - code.count)) + code
            throw fail(
                .invisibleCharacter, "the invisible character U+\(padded) is not accepted in a policy", mark,
                "delete it, also from comments")
        }
        return text
    }

    static func read(_ text: String, file: String, columns: EscapePass? = nil) throws(PolicyErrors) -> YAMLNode {
        func mark(_ mark: Mark?) -> SourceMark? {
            mark.map { columns.original(SourceMark(line: $0.line, column: $0.column)) }
        }
        func fail(_ code: PolicyError.Code, _ message: String, _ at: SourceMark?, _ hint: String? = nil) -> PolicyErrors
        {
            PolicyErrors([PolicyError(code, message, file: file, at: at, hint: hint)])
        }
        if let name = aliasedAnchor(in: text) {
            throw fail(
                .anchor, "the anchor \(quoted("&" + name)) is not accepted in a policy",
                place(of: "&" + name, in: text),
                "write the value out, or use `lists`")
        }
        do {
            let parser = try Parser(yaml: text, resolver: .basic, encoding: .utf8)
            guard let root = try parser.singleRoot() else {
                throw fail(.missingKey, "the file is empty", nil, "start with `version: \"2\"`")
            }
            var conversion = Conversion(file: file, columns: columns)
            let node = conversion.node(root, depth: 1)
            if let error = conversion.error { throw PolicyErrors([error]) }
            return node
        } catch let errors as PolicyErrors {
            throw errors
        } catch let error as YamlError {
            switch error {
            case .scanner(_, let problem, let at, _), .parser(_, let problem, let at, _):
                let isEscape = problem.contains("escape")
                throw fail(
                    .syntax, "not valid YAML: \(problem)", mark(at),
                    isEscape ? "patterns belong between single quotes" : nil)
            case .composer(_, let problem, let at, _):
                if problem.contains("another document") {
                    throw fail(.manyDocuments, "a policy file holds one document", mark(at))
                }
                throw fail(.syntax, "not valid YAML: \(problem)", mark(at))
            case .duplicatedKeysInMapping(let keys, let context):
                // The parser names a key's first place; a reader needs the key and may search.
                throw fail(
                    .duplicateKey, "the key \(quoted(keys.first ?? "")) stands twice in one mapping",
                    mark(context.mark), "keep one of them")
            case .reader(let problem, _, _, _):
                throw fail(.syntax, "not valid YAML: \(problem)", nil)
            case .no, .memory, .writer, .emitter, .representer, .dataCouldNotBeDecoded:
                throw fail(.syntax, "not valid YAML", nil)
            @unknown default:
                throw fail(.syntax, "not valid YAML", nil)
            }
        } catch {
            throw fail(.syntax, "not valid YAML", nil)
        }
    }

    /// A name that is both anchored (`&name`) and aliased (`*name`).
    ///
    /// Such a document is refused before the parser sees it, because expanding aliases can take exponential time.
    /// Looks at words only, quoted or not; an anchor that nothing refers to is found later, with its place.
    private static func aliasedAnchor(in text: String) -> String? {
        var anchors: Set<Substring> = []
        var aliases: Set<Substring> = []
        let bytes = text.utf8
        var at = bytes.startIndex
        var previous = UInt8(ascii: "\n")
        while at < bytes.endIndex {
            let byte = bytes[at]
            let isStart =
                switch previous {
                case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"): true
                case UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: ","), UInt8(ascii: ":"): true
                default: false
                }
            previous = byte
            at = bytes.index(after: at)
            guard isStart, byte == UInt8(ascii: "&") || byte == UInt8(ascii: "*") else { continue }
            var end = at
            while end < bytes.endIndex, !Self.endsName(bytes[end]) { end = bytes.index(after: end) }
            guard end > at else { continue }
            if byte == UInt8(ascii: "&") { anchors.insert(text[at..<end]) } else { aliases.insert(text[at..<end]) }
        }
        return anchors.intersection(aliases).min().map(String.init)
    }

    private static func endsName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"): true
        case UInt8(ascii: ","), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "{"), UInt8(ascii: "}"): true
        default: false
        }
    }

    private static func place(of word: String, in text: String) -> SourceMark? {
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            guard let range = line.range(ofText: word) else { continue }
            return SourceMark(line: index + 1, column: line[..<range].unicodeScalars.count + 1)
        }
        return nil
    }
}

extension Substring {
    /// Where `word` starts; Foundation's search is not needed for one word.
    fileprivate func range(ofText word: String) -> Index? {
        var at = startIndex
        while at < endIndex {
            if self[at...].hasPrefix(word) { return at }
            at = index(after: at)
        }
        return nil
    }
}

extension EscapePass? {
    fileprivate func original(_ mark: SourceMark) -> SourceMark {
        self?.original(mark) ?? mark
    }
}

/// Turns the parser's nodes into ours, refusing what the profile excludes.
private struct Conversion {
    let file: String
    let columns: EscapePass?
    var error: PolicyError?

    init(file: String, columns: EscapePass?) {
        self.file = file
        self.columns = columns
    }

    mutating func fail(_ code: PolicyError.Code, _ message: String, _ mark: SourceMark, _ hint: String? = nil) {
        if error == nil { error = PolicyError(code, message, file: file, at: mark, hint: hint) }
    }

    mutating func node(_ node: Node, depth: Int, isKey: Bool = false) -> YAMLNode {
        let mark = columns.original(
            node.mark.map { SourceMark(line: $0.line, column: $0.column) } ?? SourceMark(line: 1, column: 1))
        let nothing = YAMLNode(.null, mark: mark)
        guard error == nil else { return nothing }
        guard depth <= YAMLReader.maximumDepth else {
            fail(.tooDeep, "nested more than \(YAMLReader.maximumDepth) deep", mark)
            return nothing
        }
        if node.anchor != nil {
            fail(.anchor, "anchors are not accepted in a policy", mark, "write the value out, or use `lists`")
            return nothing
        }
        switch node {
        case .scalar(let scalar):
            // The parser gives quoted scalars their tag, and resolves those of keys when it looks for duplicates.
            let isText = scalar.tag.rawValue == "tag:yaml.org,2002:str" && scalar.style != .plain
            let isResolved = isText || (isKey && scalar.tag.rawValue.hasPrefix("tag:yaml.org,2002:"))
            guard scalar.tag.rawValue.isEmpty || isResolved else { return tagged(scalar.tag.rawValue, mark) }
            return self.scalar(scalar, mark)
        case .sequence(let sequence):
            guard sequence.tag.rawValue.isEmpty else { return tagged(sequence.tag.rawValue, mark) }
            var elements: [YAMLNode] = []
            for element in sequence { elements.append(self.node(element, depth: depth + 1)) }
            return YAMLNode(.sequence(elements), mark: mark)
        case .mapping(let mapping):
            guard mapping.tag.rawValue.isEmpty else { return tagged(mapping.tag.rawValue, mark) }
            var members: [YAMLNode.Member] = []
            var seen: Set<String> = []
            for (key, value) in mapping {
                let keyNode = self.node(key, depth: depth + 1, isKey: true)
                guard error == nil else { return nothing }
                guard key.scalar != nil else {
                    fail(.wrongType, "a key must be a word", keyNode.mark)
                    return nothing
                }
                guard keyNode.text != "<<" else {
                    fail(.anchor, "merge keys are not accepted in a policy", keyNode.mark, "write the keys out")
                    return nothing
                }
                guard seen.insert(keyNode.text).inserted else {
                    fail(
                        .duplicateKey, "the key \(quoted(keyNode.text)) stands twice in one mapping", keyNode.mark,
                        "keep one of them")
                    return nothing
                }
                members.append(
                    YAMLNode.Member(
                        key: keyNode.text, keyMark: keyNode.mark, value: self.node(value, depth: depth + 1)))
            }
            return YAMLNode(.mapping(members), mark: mark)
        case .alias:
            fail(.anchor, "aliases are not accepted in a policy", mark, "write the value out, or use `lists`")
            return nothing
        }
    }

    private mutating func tagged(_ tag: String, _ mark: SourceMark) -> YAMLNode {
        fail(.tag, "the tag \(quoted(tag)) is not accepted in a policy", mark, "delete it")
        return YAMLNode(.null, mark: mark)
    }

    private func scalar(_ scalar: Node.Scalar, _ mark: SourceMark) -> YAMLNode {
        let text = scalar.string
        guard scalar.style == .plain else {
            return YAMLNode(
                .string(text), mark: mark, text: text, isQuoted: true, isDoubleQuoted: scalar.style == .doubleQuoted)
        }
        return YAMLNode(CoreSchema.content(of: text), mark: mark, text: text)
    }
}

/// Which plain scalars are not strings: YAML 1.2.2, section 10.3.2.
enum CoreSchema {
    static func content(of text: String) -> YAMLNode.Content {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .bool(true)
        case "false", "False", "FALSE": return .bool(false)
        case ".inf", ".Inf", ".INF", "+.inf", "-.inf", ".nan", ".NaN", ".NAN":
            // No policy needs them, and a limit of infinity would be none; a string is refused where a number is due.
            return .string(text)
        default: break
        }
        if let integer = integer(text) { return .integer(integer) }
        if isNumber(text), let number = Double(text), number.isFinite { return .number(number) }
        return .string(text)
    }

    private static func integer(_ text: String) -> Int64? {
        if text.hasPrefix("0o") { return Int64(text.dropFirst(2), radix: 8) }
        if text.hasPrefix("0x") { return Int64(text.dropFirst(2), radix: 16) }
        let digits = text.first == "-" || text.first == "+" ? text.dropFirst() : text[...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return Int64(text)
    }

    private static func isNumber(_ text: String) -> Bool {
        // [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
        let digits = text.utf8.reduce(into: 0) { $0 += (48...57).contains($1) ? 1 : 0 }
        guard digits > 0, let first = text.utf8.first else { return false }
        let isStart = (48...57).contains(first) || first == 0x2D || first == 0x2B || first == 0x2E
        return isStart
            && text.utf8.allSatisfy {
                (48...57).contains($0) || $0 == 0x2E || $0 == 0x65 || $0 == 0x45 || $0 == 0x2B || $0 == 0x2D
            }
    }
}
